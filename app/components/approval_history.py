"""Every version of a policy with who did what, and the way back to an earlier one with a look at what it would do."""

import streamlit as st

from app import release_commands
from app.components import (
    badges,
    chart,
    columns,
    empty_state,
    export_menu,
    frame_table,
    glossary,
    permitted,
    policy_checks,
    policy_release,
    policy_simulation,
    rollout,
)
from app.components.policy_simulating import simulated
from app.feedback import done, refusals
from app.queries import policies, release
from core.governance.permissions import Permission
from core.policy.store import StoredVersion

COLUMNS = {
    "version": st.column_config.TextColumn("Version", width="small"),
    "state": "State",
    "since": columns.moment("Since"),
    "authors": "Made by",
    "approvers": "Approved by",
    "parent": "On top of",
    "said": st.column_config.TextColumn("Last words", width="medium"),
    "ref": st.column_config.TextColumn("Reference", width=190),
}


EMERGENCIES = {
    "name": "Policy",
    "actor": "Let in by",
    "reason": st.column_config.TextColumn("Reason", width="large"),
    "broken_at": columns.moment("Since"),
    "expires_at": columns.moment("Until at most"),
    "ended_at": columns.moment("Ended"),
    "ended_how": "How it ended",
}
SCHEDULES = {
    "name": "Policy",
    "due_at": columns.moment("Due"),
    "actor": "Asked by",
    "reason": st.column_config.TextColumn("Reason", width="large"),
    "state": "State",
    "note": "Note",
}


def show(live: StoredVersion | None, key: str) -> None:
    """Draw the versions, the one that is picked, and rolling back."""
    rows = policies.history_rows(live.name if live else None)
    if rows.is_empty() or live is None:
        empty_state.link("No version is stored yet.", page="policy", action="Open Policy studio")
        return
    exceptions()
    with chart.card("Versions, newest first", "Nothing published is edited; a change is a new version."):
        picked = frame_table.pick(
            rows, f"{key}_rows", columns=COLUMNS, order=list(COLUMNS), alt="Versions of the policy."
        )
        export_menu.show(
            rows, "policy-history", f"{key}_export", about={"List": "Policy versions", "Policy": live.name}
        )
    version = policies.version(rows["content_hash"][picked or 0])
    left, right = st.columns([1, 1.6], gap="small")
    with left:
        with chart.card(policies.title(version)):
            policy_release.facts(policies.standing(version.content_hash))
            policy_release.done_so_far(version)
        roll_back(live, key)
        rollout.show(live, f"{key}_rollout")
    with right:
        policy_checks.differences(
            live.source, version.source, f"From live {policies.title(live)} to {policies.title(version)}"
        )


def exceptions() -> None:
    """Draw what is due, emergencies and schedules; what never happened is left out."""
    for one in release.alarms():
        colour, at = "red" if one.is_due else "orange", f":gray[{one.at:%d %b %Y, %H:%M} UTC]"
        badges.show(f":{colour}-badge[:material/alarm: {one.kind.replace('_', ' ')}]", one.text, at)
    for title, rows, config in (
        ("Emergencies, for ever", release.emergencies(), EMERGENCIES),
        ("Scheduled", release.schedules(), SCHEDULES),
    ):
        if not rows.is_empty():
            with chart.card(title):
                frame_table.show(rows, f"history_{title[:5]}", columns=config, order=list(config), alt=title)


def roll_back(live: StoredVersion, key: str) -> None:
    """Draw the way back: to which version, what it would do, and the reason."""
    with chart.card(
        "Roll back", "A version that decided before needs no new approval; the change is reviewed afterwards."
    ):
        targets = policies.rollback_targets(live)
        if not targets:
            st.caption("There is no earlier version to go back to.")
            return
        named = {one.content_hash: policies.label(one) for one in targets}
        to = st.selectbox(
            "To", list(named), format_func=named.__getitem__, key=f"{key}_to", help=glossary.term("policy")
        )
        target = policies.version(str(to))
        found = simulated(target.source, live)
        if found is not None:
            told = found.figures
            st.markdown(f"{policy_simulation.badge()} **{told.changed:,}** of {told.leads:,} leads would be decided "
                        f"otherwise, **{told.rerouted:,}** re-routed.")  # fmt: skip
        reason = st.text_input("Reason", key=f"{key}_why", placeholder="Goes into the ledger")
        if st.button(
            "Roll back", key=f"{key}_do", icon=":material/undo:", type="primary", **permitted.by(Permission.ROLL_BACK)
        ):
            with refusals():
                back = release_commands.roll_back(live.name, reason, target.content_hash)
                done(f"{policies.title(back.version)} decides again.")
                st.rerun()
