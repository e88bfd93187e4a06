"""What is proved: the statements about every lead, and who would be decided otherwise than by the live version."""

import json

import streamlit as st

from app.components import badges, chart, frame_table
from app.queries import policies, proofs, versions
from core.policy.checker import Check
from core.policy.store import StoredVersion

ICONS = {
    "equal": ":green[:material/check_circle:]",
    "differs": ":orange[:material/swap_horiz:]",
    "unknown": ":red[:material/help:]",
}
COLUMNS = {
    "verdict": st.column_config.TextColumn("Verdict", width="small"),
    "name": "Statement",
    "detail": st.column_config.TextColumn("What", width="large"),
    "scope": st.column_config.TextColumn(
        "Holds for", width="small", help="As leads meet them: with hold-out, exploration, caps and fallbacks."
    ),
    "line": st.column_config.NumberColumn("Line", width="small"),
}


def statements(text: str, key: str) -> None:
    """Draw every statement with its verdict, and the plainest lead of each that is refuted."""
    found = proofs.statements(text)
    with chart.card("What holds for every lead", "Proved for all leads at once, not tried on some."):
        if found.is_empty():
            st.caption("The text is no policy yet, so there is nothing to prove.")
            return
        held = found.filter(found["verdict"] == "Proved").height
        badge = badges.evidence("proved") if held == found.height else ":red-badge[:material/cancel: Not proved]"
        badges.show(badge, f":gray[{held} of {found.height} statements hold]")
        for check in proofs.refuted(text):
            _refuted(text, check)
        frame_table.show(
            found, f"{key}_proofs", columns=COLUMNS, order=list(COLUMNS), alt="Statements with verdict, scope and line."
        )


def _refuted(text: str, check: Check) -> None:
    st.error(f"Line {check.line} · {check.detail}", icon=":material/cancel:")
    if check.counterexample is None:
        return
    lead = proofs.unlike(text, check.counterexample)
    said = _lead(lead)
    if check.contrast:
        said += f", against {_lead(check.contrast)}"
    st.caption(f"The plainest such lead: {said}. All else is typical.")
    with st.expander("The whole lead, and what is decided"):
        st.code(json.dumps({"lead": check.counterexample, "decided": check.before, "other": check.after}, indent=1))


def _lead(values: dict[str, object]) -> str:
    if not values:
        return "a typical lead"
    return ", ".join(f"`{name}` {'missing' if value is None else value}" for name, value in values.items())


def against_live(text: str, live: StoredVersion) -> None:
    """Draw, output by output, whether the draft is proved equal to the live version, and for whom it is not."""
    with chart.card(f"Compared with {policies.title(live)}", "Proved over every lead that either version accepts."):
        found = proofs.differences(live.source, text)
        if not found:
            st.caption("The text is no policy yet.")
            return
        badges.show(badges.evidence("proved"))
        for name, (verdict, lead, before, after) in found.items():
            words = _words(name, verdict, before, after)
            st.markdown(
                f"{ICONS[verdict]} {words}", help=None if lead is None else f"For {_lead(proofs.unlike(text, lead))}."
            )


def _words(name: str, verdict: str, before: object, after: object) -> str:
    if name == "newly eligible":
        return {"equal": "No newly eligible lead", "differs": "Some leads are newly eligible"}.get(
            verdict, "Whether any lead is newly eligible could not be proved"
        )
    spoken = versions.output_name(name)
    if verdict == "differs":
        return f"**{spoken}** changes: {before} → {after}"
    return f"**{spoken}** is equal for every lead" if verdict == "equal" else f"**{spoken}**: could not be proved"
