"""The steps of Policy studio, each drawn from the draft on the desk."""

import streamlit as st

from app.components import (
    chart,
    linked,
    policy_checks,
    policy_form,
    policy_proofs,
    policy_release,
    policy_simulating,
    policy_simulation,
)
from app.components.policy_draft import Draft
from app.queries import policies
from core.policy.editing import Outline
from core.policy.store import StoredVersion

STEPS = {
    "draft": ("Draft", "edit_note"),
    "check": ("Check", "fact_check"),
    "simulate": ("Simulate", "science"),
    "approve": ("Approve", "verified_user"),
    "roll-out": ("Roll out", "rocket_launch"),
}


def choose(draft: Draft, key: str) -> str:
    """Draw the steps, and how far a request for approval is that is under way; the step that is open."""
    named = {name: f":material/{icon}: {title}" for name, (title, icon) in STEPS.items()}
    job = policy_release.requested(draft)
    if job is not None and job.running:
        named["approve"] = ":material/hourglass_top: Approve · being handed in"
    step = linked.segments("Step", named, "step", f"{key}_step")
    policy_release.request(draft)
    return step


def show(step: str, draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw one step."""
    if step == "check":
        check(draft, live, f"{key}_check")
    elif step == "simulate":
        policy_simulating.simulate(draft, live, key)
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


def would(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what letting the draft decide would do; for the live version, how leads stand."""
    found = policy_simulating.simulated(draft.text, live)
    if found is not None:
        policy_simulation.figures(found, f"{key}_would")
        policy_simulation.moves(found, live, f"{key}_would_moves")
        policy_simulation.evidence(found)
