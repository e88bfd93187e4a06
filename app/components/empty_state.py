"""What a page says when it has nothing to show: what is missing, and the one thing to do."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import navigation


def show(message: str, *, icon: str = "inbox", action: str | None = None, key: str = "empty_action") -> bool:
    """Say what is missing; with `action` a button, whose press is the result."""
    with _frame(message, icon):
        return bool(action) and st.button(action or "", type="primary", key=key)


def link(message: str, *, page: str, action: str, icon: str = "inbox", tab: str = "") -> None:
    """Say what is missing, with a link to the page (its address), and the tab of it, that can help."""
    with _frame(message, icon):
        query = {"tab": tab} if tab else None
        st.page_link(navigation.script(page), label=action, icon=":material/arrow_forward:", query_params=query)


def _frame(message: str, icon: str) -> DeltaGenerator:
    box = st.container(border=True, horizontal_alignment="center", gap="small")
    box.space("small")
    box.markdown(f"## :gray[:material/{icon}:]", text_alignment="center", width="content")
    box.markdown(message, text_alignment="center", width="content")
    return box
