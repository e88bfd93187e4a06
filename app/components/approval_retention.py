"""A deletion of decisions that waits for a second person: who asked, what goes and what stays, consent or refusal."""

from typing import Any

import streamlit as st

from app import release_commands
from app.components import badges, chart, columns, frame_table, permitted
from app.feedback import done, refusals
from app.queries import retention as reads
from core.governance.permissions import Permission
from core.governance.retention import Asked
from core.kernel.times import from_text

KINDS = {"decision_log": "decisions", "exploration_log": "draws of an experiment", "raw_events": "raw events"}
UNSURE = "It cannot be undone: say above that you are sure."
TABLES = {"decisions": "decisions", "events": "raw events", "quarantine": "items in quarantine"}


def name(row: dict[str, Any]) -> str:
    """How the list names it."""
    return f"Deletion of {row['decisions']:,} decision{'s' if row['decisions'] != 1 else ''}"


def told(row: dict[str, Any]) -> str:
    """By whom and since when."""
    return f"asked by {row['asked_by']} on {_day(row['asked_at'])}"


def show(row: dict[str, Any], key: str) -> None:
    """Draw what exactly would go, what stays, and what may be done about it."""
    found = reads.asked(row["plan"])
    with chart.card(name(row), "Records of decisions whose time by `privacy.retention_days` is over."):
        badges.show(":orange-badge[waits for a second person]", f":gray[{told(row)}]")
        _facts(found)
        frame_table.show(found.goes, f"{key}_goes", columns=GOES, alt="Decisions that go, by arm.")
        _commands(row, key)


def _day(moment: str) -> str:
    return f"{from_text(moment):%d %b %Y}"


def _facts(found: Asked) -> None:
    plan = found.plan
    kept = [f"{KINDS[kind]} {days:,} days (before {_day(plan.cutoffs[kind])})" for kind, days in plan.days.items()]
    st.markdown(f"Kept: {', '.join(kept)}.")
    stays = [f"{count:,} {TABLES[table]}" for table, count in found.stays.items()]
    st.markdown(f"Older than their time and staying: {', '.join(stays)}. What a lead stands on is never deleted.")
    st.caption(
        f"Plan `{plan.hash[7:19]}` · root of what goes `{plan.leaves['root'][7:19]}`. Counted when it was asked for; "
        "at your consent it is counted again, and refused if anything else would go. It cannot be undone."
    )


def _commands(row: dict[str, Any], key: str) -> None:
    comment = st.text_input("Comment", key=f"{key}_comment", placeholder="Why not; needed for a no").strip()
    count = name(row).removeprefix("Deletion of ")
    is_sure = st.checkbox(f"Yes, delete {count} for good", key=f"{key}_sure")
    consent = permitted.by(Permission.APPROVE, disabled=not is_sure, help=None if is_sure else UNSURE)
    with st.container(horizontal=True):
        if st.button("Approve and delete", key=f"{key}_approve", icon=":material/delete:", **consent):
            with refusals():
                count = release_commands.retire(row["plan"])
                done(f"{count:,} decisions went; the certificate is in the ledger.")
                st.rerun()
        if st.button("Refuse", key=f"{key}_refuse", icon=":material/block:", **permitted.by(Permission.APPROVE)):
            with refusals():
                release_commands.refuse_retirement(row["plan"], comment)
                done("The deletion is refused.")
                st.rerun()


GOES = {
    "arm": "Arm",
    "decisions": columns.count("Decisions", width=110),
    "leads": columns.count("Leads", width=110),
    "first": columns.moment("First decided"),
    "last": columns.moment("Last decided"),
}
