"""What somebody who works with a lead says of its score: good, junk, too early; pressed again it is taken back."""

import streamlit as st

from app import commands, session
from app.components import glossary, permitted
from app.feedback import refusals
from app.queries import desk
from core.governance.permissions import Permission


def show(lead_id: str, ref: str, key: str) -> None:
    """Draw the three words, the one that was said last selected, and who said it."""
    said = desk.verdict(lead_id)
    widget = f"{key}_{ref}"
    session.remember(widget, said[0] if said else None)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.segmented_control(
            "Feedback", list(desk.VERDICTS), key=widget, label_visibility="collapsed",
            format_func=desk.VERDICTS.__getitem__, on_change=_say, args=(lead_id, widget), width="content",
            **permitted.by(Permission.NOTE, help=glossary.term("feedback")),
        )  # fmt: skip
        if said:
            st.caption(f"by {said[1]}", width="content")


def _say(lead_id: str, widget: str) -> None:
    with refusals():
        commands.give_feedback(lead_id, session.value(widget))
