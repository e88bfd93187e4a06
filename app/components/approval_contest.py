"""A contested decision in the inbox: who asked for a person's look and why, and the person's word."""

from typing import Any

import streamlit as st

from app import navigation
from app.components import chart, glossary, lead_contest


def told(contest: dict[str, Any]) -> str:
    """By whom, and until when a person should have looked."""
    return f"by {contest['asked_by']}, to be decided by {contest['due_at']:%d %b, %H:%M}"


def show(contest: dict[str, Any], key: str) -> None:
    """Draw the contest, the way to its lead, and the word of who may decide about it."""
    with chart.card(f"{contest['lead']} · contested", glossary.term("contest")):
        st.markdown(
            f"Contested by **{contest['asked_by']}** on {contest['asked_at']:%d %b %Y, %H:%M} UTC. The lead waits in "
            f"**{contest['route']}**, and a person should decide by {contest['due_at']:%d %b %Y, %H:%M} UTC."
        )
        st.text(f"“{contest['reason']}”")
        with st.container(horizontal=True, vertical_alignment="center"):
            lead_contest.settle(contest["contest_id"], key)
            st.page_link(
                navigation.script("lead"), label="Open Lead 360", icon=":material/person_search:",
                query_params={"id": contest["ref"]},
            )  # fmt: skip
