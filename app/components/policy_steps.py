"""The steps of Policy studio, each drawn from the draft on the desk."""

import streamlit as st

from app import jobs, release_commands
from app.components import (
    chart,
    empty_state,
    linked,
    policy_checks,
    policy_form,
    policy_proofs,
    policy_release,
    policy_simulation,
    policy_test,
)
from app.components.policy_draft import Draft
from app.feedback import refused
from app.queries import leads, policies, simulation
from core.kernel.errors import LeadbenchError
from core.policy.document import Policy
from core.policy.editing import Outline
from core.policy.store import StoredVersion

SIMULATE = "Simulation"
PATIENCE = 2.0
STEPS = {
    "draft": ("Draft", "edit_note"),
    "check": ("Check", "fact_check"),
    "simulate": ("Simulate", "science"),
    "approve": ("Approve", "verified_user"),
    "roll-out": ("Roll out", "rocket_launch"),
}


def choose(key: str) -> str:
    """Draw the steps; the one that is open."""
    named = {name: f":material/{icon}: {title}" for name, (title, icon) in STEPS.items()}
    return linked.segments("Step", named, "step", f"{key}_step")


def show(step: str, draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw one step."""
    if step == "check":
        check(draft, live, f"{key}_check")
    elif step == "simulate":
        simulate(draft, live, key)
    elif step == "approve":
        policy_release.approve_step(draft, live, f"{key}_approve")
        would(draft, live, key)
    elif step == "roll-out":
        policy_release.roll_out_step(draft, live, f"{key}_out")
        would(draft, live, key)
    else:
        edit(draft, live, key)


def check(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what was found in the text, what is proved of it, and what is proved to change."""
    policy_checks.findings(draft.text, live, key)
    left, right = st.columns([1.9, 1], gap="small")
    with left:
        policy_proofs.statements(draft.text, key)
    with right:
        policy_proofs.against_live(draft.text, live)


def edit(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw the form and the YAML side by side, and the routing table under both."""
    left, right = st.columns([1, 1.25], gap="small")
    outline = policies.outline(draft.text)
    with left:
        with chart.card("Form", "The form and the YAML edit the same text."):
            if outline is None:
                st.warning("The YAML cannot be read, so the form waits. See Check.", icon=":material/warning:")
            else:
                rules(draft, outline, live, key)
        policy_checks.card(draft.text, live)
    with right:
        with chart.card("YAML"):
            policy_form.text(draft, key)
        policy_checks.differences(live.source, draft.text, f"Changes from {policies.title(live)}")
    with chart.card("Routing, first match wins", "A blank cell lets any lead through; add a row at the end."):
        if outline is not None:
            policy_form.routing(draft, outline, key)


def rules(draft: Draft, outline: Outline, live: StoredVersion, key: str) -> None:
    """Draw thresholds, guards and reasons."""
    policy_form.thresholds(draft, outline, live, key)
    policy_form.guards(draft, outline, live, key)
    policy_form.reasons(draft, outline, key)


def simulate(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what the draft would do to the leads as they stand."""
    found = simulated(draft.text, live)
    if found is not None:
        policy_simulation.figures(found, f"{key}_figures")
    left, right = st.columns([1, 2.5], gap="small")
    with left, chart.card("Draft rules"):
        desk(draft, live, found, key)
    with right:
        if found is None:
            policy_checks.card(draft.text, live)
            return
        policy_simulation.moves(found, live, f"{key}_moves")
        first, second = st.columns([1.45, 1], gap="small")
        with first:
            policy_simulation.counts(found, key)
        with second:
            policy_checks.card(draft.text, live, *simulation.checks(found))
            policy_simulation.evidence(found)
    if found is not None:
        first, second = st.columns([1.9, 1], gap="small")
        with first:
            policy_simulation.lists(found, live, f"{key}_list")
        with second:
            policy_test.show(draft.text, live, f"{key}_test")


def would(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what letting the draft decide would do; for the live version, how leads stand."""
    found = simulated(draft.text, live)
    if found is not None:
        policy_simulation.figures(found, f"{key}_would")
        policy_simulation.moves(found, live, f"{key}_would_moves")
        policy_simulation.evidence(found)


def simulated(text: str, live: StoredVersion) -> simulation.Simulated | None:
    """The simulation, None with the reason on the page where there is none."""
    try:
        release_commands.may_simulate()
        after = policies.checked(text).policy
    except LeadbenchError as refusal:
        refused(refusal)
        return None
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
    if not job.running and st.button("Simulate again", key=f"{key}_again", icon=":material/science:"):
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
