"""Marking moments on the charts over time, and taking marks away; taking away can be undone."""

from datetime import UTC, datetime

import streamlit as st

from app import commands, session
from app.components import glossary, permitted
from app.feedback import done, refusals
from app.queries import desk
from core.governance.permissions import Permission

REMOVED = "session_annotation_removed"


def show(key: str, start: datetime | None) -> None:
    """Draw the button with the marks that stand and the form of a new one; `start` is the moment that it proposes."""
    with st.popover("Annotate", icon=":material/flag:", **permitted.by(Permission.NOTE)):
        for one in desk.annotations():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{one.content}** :gray[· {one.at:%d %b %Y, %H:%M} · {one.actor}]")
                if st.button("Remove", key=f"{key}_remove_{one.annotation_id}", type="tertiary"):
                    _remove(one.annotation_id)
        if session.value(REMOVED) and st.button("Undo the last removal", key=f"{key}_undo", icon=":material/undo:"):
            _bring_back(session.value(REMOVED))
        with st.form(f"{key}_form", border=False, clear_on_submit=True):
            content = st.text_input(
                "What happened", key=f"{key}_content", max_chars=60, placeholder="Spring campaign begins",
                help=glossary.term("annotation"),
            )  # fmt: skip
            at = st.datetime_input("When (UTC)", value=start, key=f"{key}_at")
            if st.form_submit_button("Add the mark", key=f"{key}_add", icon=":material/flag:") and at:
                _add(at, content)


def _add(at: datetime, content: str) -> None:
    with refusals():
        commands.annotate(at.replace(tzinfo=UTC), content)
        done("The mark is on every chart over time.")
        st.rerun()


def _remove(annotation_id: str) -> None:
    with refusals():
        commands.remove_annotation(annotation_id)
        session.remember(REMOVED, annotation_id)
        st.rerun()


def _bring_back(annotation_id: str) -> None:
    with refusals():
        commands.remove_annotation(annotation_id, undo=True)
        session.forget(REMOVED)
        st.rerun()
