"""Saved views of a list: open one, keep what is shown now under a name, and the link to exactly this page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app import commands, session
from app.components import glossary, permitted
from app.feedback import done, refusals
from app.queries import desk
from core.governance.permissions import Permission
from core.governance.views import SavedView


def show(page: str, keys: Sequence[str], key: str) -> None:
    """Draw the menu; `keys` are the widgets of the page that a view keeps."""
    with st.popover("Views", icon=":material/bookmark:", key=f"{key}_menu"):
        for one in desk.views(page):
            _entry(page, one, keys, key)
        _save(page, keys, key)
        _link()


def to_copy(key: str) -> None:
    """Draw the link to exactly this page, for a page without views of its own."""
    with st.popover("Copy link", icon=":material/link:", key=f"{key}_menu"):
        _link()


def _link() -> None:
    st.caption("Link to this page, filters included", help="Copy it with the button at its right end.")
    st.code(link(), language=None, wrap_lines=True)


def _entry(page: str, view: SavedView, keys: Sequence[str], key: str) -> None:
    own = view.owner == session.identity()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            view.name, key=f"{key}_open_{view.owner}_{view.name}", type="tertiary", on_click=_open, args=(view, keys),
            icon=":material/group:" if view.shared else ":material/lock:", width="stretch",
            help=f"{'shared' if view.shared else 'private'}, by {view.owner}",
        )  # fmt: skip
        if own and st.button("Drop", key=f"{key}_drop_{view.name}", type="tertiary", icon=":material/delete:"):
            with refusals():
                commands.drop_view(page, view.name)
                done(f"View {view.name} is dropped.")
                st.rerun()


def _open(view: SavedView, keys: Sequence[str]) -> None:
    for name in keys:
        if name in view.parameters:
            session.remember(name, view.parameters[name])


def _save(page: str, keys: Sequence[str], key: str) -> None:
    with st.form(f"{key}_form", border=False, clear_on_submit=True):
        allowed = permitted.by(Permission.NOTE)
        name = st.text_input(
            "Keep this view as", key=f"{key}_name", max_chars=60, disabled=allowed["disabled"],
            help=glossary.term("saved_view"),
        )  # fmt: skip
        shared = st.toggle("Everybody may open it", key=f"{key}_shared", disabled=allowed["disabled"])
        if st.form_submit_button("Save view", key=f"{key}_save", icon=":material/bookmark_add:", **allowed):
            with refusals():
                commands.save_view(page, name, state(keys), shared=shared)
                done(f"View {name.strip()} is kept.")
                st.rerun()


def state(keys: Sequence[str]) -> dict[str, Any]:
    """What the widgets are set to."""
    found = {name: session.value(name) for name in keys}
    return {name: list(one) if isinstance(one, list | tuple) else one for name, one in found.items() if one is not None}


def link() -> str:
    """The address of the page with every filter that it holds."""
    words = urlencode(session.parameters(), doseq=True)
    return f"{st.context.url}?{words}" if words else str(st.context.url)
