"""The head of a page: title and one line on the left, at most three buttons on the right."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def show(title: str, caption: str = "") -> Iterator[None]:
    """Draw the head; what is drawn inside the `with` goes to its right: at most three buttons.

    with header.show("Leads", "2,273 open leads, policy **v3**"):
        export_menu.show(...)
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width="stretch", gap=None, key="page_title"):
            st.title(title, anchor=False)
            if caption:
                st.caption(caption)
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"):
            yield


def plain(title: str, caption: str = "") -> None:
    """Draw the head of a page that has no buttons."""
    with show(title, caption):
        return
