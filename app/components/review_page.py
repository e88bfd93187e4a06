"""The reviewer's one page about a version, on screen and as a file to print."""

import streamlit as st

from app.components import badges
from app.queries import release
from core.exports.review_page import Block


def show(ref: str, key: str) -> None:
    """Draw the ten blocks and the file; nothing where nothing was handed in."""
    page = release.review(ref)
    if page is None:
        return
    st.download_button(
        "Print the reviewer's page", data=release.review_file(page), file_name=f"review-{ref.replace('@', '-')}.html",
        mime="text/html", key=f"{key}_file", icon=":material/print:", on_click="ignore",
    )  # fmt: skip
    for block in page.blocks:
        with st.expander(f"{block.number}. {block.title}", expanded=not block.is_good or block.number in (3, 4)):
            _block(block)


def _block(block: Block) -> None:
    badges.show(badges.knowledge(block.badge))
    for line in block.lines:
        st.text(line)
    for one in block.tables:
        st.table({name or " " * (place + 1): [row[place] for row in one.rows] for place, name in enumerate(one.head)})
