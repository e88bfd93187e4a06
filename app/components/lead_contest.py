"""A contested decision on Lead 360: asking for a person's look, and the person's word."""

import streamlit as st

from app import work_commands
from app.components import permitted
from app.feedback import done, refusals
from app.queries import contests as reads
from core.decisions.store_contests import CHANGED, UPHELD
from core.governance.permissions import Permission

WORDS = {UPHELD: "The rules decide again", CHANGED: "People decide about this lead"}


def show(lead_id: str, key: str) -> None:
    """Draw what waits for a person, or the way to one where the policy names it."""
    known = reads.of_lead(lead_id)
    waiting = known.filter(known["settled_at"].is_null())
    if waiting.height:
        row = waiting.row(0, named=True)
        late = " It is overdue." if reads.is_late(row["due_at"]) else ""
        st.warning(
            f"Contested. It waits in {row['route']} until {row['due_at']:%d %b %Y, %H:%M} UTC.{late}",
            icon=":material/gavel:",
        )
        st.text(f"“{row['reason']}”")
        settle(row["contest_id"], key)
    elif reads.has_way():
        _ask(lead_id, key)


def _ask(lead_id: str, key: str) -> None:
    with st.popover("Contest", icon=":material/gavel:", **permitted.by(Permission.CONTEST)):
        reason = st.text_input("What is contested", key=f"{key}_reason")
        if st.button("Ask for a person's look", key=f"{key}_ask", disabled=not reason.strip()):
            with refusals():
                asked = work_commands.contest(lead_id, reason)
                done(f"{asked.contest_id}: the lead waits in {asked.route}.")
                st.rerun()


def settle(contest_id: str, key: str) -> None:
    """Draw the form for a person's word on a contest."""
    with st.popover("Decide", icon=":material/how_to_reg:", **permitted.by(Permission.REVIEW)):
        verdict = st.radio("Word", list(WORDS), format_func=WORDS.__getitem__, key=f"{key}_verdict")
        comment = st.text_input("Why", key=f"{key}_comment")
        if st.button("Note it", key=f"{key}_settle", disabled=not comment.strip()):
            with refusals():
                work_commands.settle_contest(contest_id, verdict, comment)
                done(f"{contest_id} is {verdict}.")
                st.rerun()
