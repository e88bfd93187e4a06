"""The rollout of the version that decides: its steps, what the judge says, and the two ways on."""

import streamlit as st

from app import release_commands
from app.components import badges, chart, frame_table, glossary, permitted
from app.feedback import done, refusals
from app.queries import release
from core.governance.permissions import Permission
from core.policy.store import StoredVersion

WORDS = {"under_way": "on its way", "completed": "everybody", "aborted": "taken back"}
COLOURS = {"pass": "green", "fail": "red", "inconclusive": "gray"}
COLUMNS = {
    "metric": "Guard",
    "verdict": "Verdict",
    "before": st.column_config.NumberColumn("Before", format="%.3f"),
    "candidate": st.column_config.NumberColumn("Candidate", format="%.3f"),
    "low": st.column_config.NumberColumn("Low", format="%.3f"),
    "high": st.column_config.NumberColumn("High", format="%.3f"),
    "leads": "Leads",
    "accounts": "Accounts",
    "reason": st.column_config.TextColumn("Why", width="large"),
}


def show(live: StoredVersion, key: str) -> None:
    """Draw the newest rollout of the live version's name; nothing where none ever began."""
    status = release.rollout(live.name)
    if status is None:
        return
    with chart.card("Rollout", glossary.term("canary")):
        st.markdown(f"**{status['strategy'].replace('_', '/')}** · {WORDS[status['state']]}")
        _ladder(status)
        if status["judge"]:
            _judged(status)
            _ways(live, key)


def _ladder(status: dict) -> None:
    steps = [
        f"{'**' if place == status['step'] else ''}{one['pct']:g} %{' shadow' if one['mode'] else ''}"
        f"{'**' if place == status['step'] else ''}"
        for place, one in enumerate(status["steps"])
    ]
    last = len(steps) - 1
    st.progress(min(status["step"], last) / last if last else 1.0, text=" → ".join(steps))


def _judged(status: dict) -> None:
    judged = status["judge"]
    colour = COLOURS[judged["verdict"]]
    badges.show(badges.evidence("measured"), f":{colour}-badge[{judged['verdict']}]", judged["reason"])
    ratio = judged["ratio"]
    if ratio:
        st.caption(f"Units in the canary {ratio['units_candidate']:,}, in the others {ratio['units_before']:,}: "
                   f"{ratio['verdict']}.")  # fmt: skip
    rows = release.judged(status)
    if not rows.is_empty():
        frame_table.show(rows, key="rollout_judged", columns=COLUMNS, order=list(COLUMNS), alt="What the judge says.")
    if status["waits"]:
        st.caption(f"Waits: {status['waits']}.")


def _ways(live: StoredVersion, key: str) -> None:
    reason = st.text_input("Reason", key=f"{key}_reason", placeholder="Goes into the ledger")
    with st.container(horizontal=True):
        if st.button(
            "Next step",
            key=f"{key}_advance",
            type="primary",
            icon=":material/skip_next:",
            **permitted.by(Permission.PUBLISH),
        ):
            with refusals():
                release_commands.advance(live.name, reason)
                done("The rollout is at its next step.")
                st.rerun()
        if st.button(
            "Go back to the version before",
            key=f"{key}_abort",
            icon=":material/undo:",
            **permitted.by(Permission.ROLL_BACK),
        ):
            with refusals():
                release_commands.roll_back(live.name, reason, None)
                done("The version before decides again.")
                st.rerun()


def power(share: float, key: str) -> None:
    """Draw how many leads a canary needs before a worsening could be seen."""
    with st.expander("How many leads will it take?", icon=":material/calculate:"):
        left, right = st.columns(2)
        base = left.number_input("Rate now", 0.001, 0.999, 0.08, 0.01, format="%.3f", key=f"{key}_base")
        change = right.number_input("Relative worsening to see", 0.01, 0.9, 0.15, 0.05, key=f"{key}_change")
        found = release.needed(float(base), float(change), share)
        if found:
            st.markdown(f"**{found.candidate:,}** leads in the canary of {share:.0%}, **{found.total:,}** in all.")
            st.caption("Alpha .05, power .8, one-sided. Rates that are known within hours are judged sooner.")
