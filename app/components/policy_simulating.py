"""The Simulate step of Policy studio: what the draft on the desk would do, at once and in full."""

import streamlit as st

from app import jobs, release_commands
from app.components import (
    chart,
    empty_state,
    permitted,
    policy_checks,
    policy_form,
    policy_simulation,
    policy_study,
    policy_test,
)
from app.components.policy_draft import Draft
from app.queries import leads, policies, simulation
from app.queries.access import withheld
from core.governance.permissions import Permission
from core.policy.document import Policy
from core.policy.store import StoredVersion

SIMULATE = "Simulation"
PATIENCE = 2.0


def simulate(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what the draft would do to the leads: figures and moves at once, harm, capacity and value when asked for."""
    found = simulated(draft.text, live)
    after = found.run.after if found is not None else None
    answer, working = policy_study.choose(live, after, f"{key}_study") if after is not None else (None, False)
    if answer is not None and answer.rolled is not None:
        found = answer.rolled
    if found is not None:
        policy_simulation.figures(found, f"{key}_figures")
    left, right = st.columns([1, 2.5], gap="small")
    with left, chart.card("Draft rules"):
        desk(draft, live, found, key)
    with right:
        if found is None or after is None:
            policy_checks.card(draft.text, live)
            return
        policy_simulation.moves(found, live, f"{key}_moves")
        first, second = st.columns([1.45, 1], gap="small")
        with first:
            policy_simulation.conversions(found, after, key)
        with second:
            policy_checks.card(draft.text, live, *simulation.checks(found))
            policy_simulation.evidence(found)
    first, second = st.columns([1.9, 1], gap="small")
    with first:
        policy_simulation.lists(found, live, f"{key}_list")
    with second:
        policy_test.show(draft.text, live, f"{key}_test")
    policy_study.show(answer, live, after, f"{key}_study", working=working)


def simulated(text: str, live: StoredVersion) -> simulation.Simulated | None:
    """The simulation, None with the reason on the page where there is none."""
    why = withheld(Permission.SIMULATE)
    if why is not None:
        st.info(why, icon=":material/lock:")
        return None
    after = policies.checked(text).policy
    if after is None:
        return None
    if leads.board().is_empty():
        empty_state.link("No lead has been decided yet, so there is nobody to simulate on.", page="train",
                         action="Go to Train")  # fmt: skip
        return None
    return _run(after, live, simulation.subject(live, after))


def _run(after: Policy, live: StoredVersion, subject: str) -> simulation.Simulated | None:
    """The result of the job on this subject, begun where there is none; its progress and Cancel while it works."""
    job = jobs.about(SIMULATE, subject) or _begin(after, live, subject)
    if job.result is not None:
        return simulation.simulated(subject, job.result, job.seconds)
    key = f"simulate_{after.content_hash[7:15]}"
    jobs.show(job, key)
    if not job.running and st.button(
        "Simulate again", key=f"{key}_again", icon=":material/science:", **permitted.by(Permission.SIMULATE)
    ):
        _begin(after, live, subject)
        st.rerun()
    return None


def _begin(after: Policy, live: StoredVersion, subject: str) -> jobs.Job:
    return jobs.begin(SIMULATE, subject, release_commands.simulate(live.policy, after), PATIENCE)


def desk(draft: Draft, live: StoredVersion, found: simulation.Simulated | None, key: str) -> None:
    """Draw the rules that are changed most, what differs from live, and the rules with their leads."""
    outline = policies.outline(draft.text)
    if outline is None:
        st.warning("The YAML cannot be read. See Check.", icon=":material/warning:")
        return
    policy_form.thresholds(draft, outline, live, f"{key}_desk")
    policy_form.guards(draft, outline, live, f"{key}_desk")
    st.markdown(f"**Changes from {policies.title(live)}**")
    lines = policies.unified(live.source, draft.text)
    st.code(lines or "Nothing differs.", language="diff", height=190 if lines.count("\n") > 6 else "content")
    if found is not None:
        policy_simulation.hits(found, key)
