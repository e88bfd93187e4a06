"""Follows live events: draws the page again, without a reload, when something that it shows has changed."""

import streamlit as st

from app import live
from app.queries.access import revision

SECONDS = 1.0


def follow(*streams: str, key: str) -> None:
    """Look once a second whether these streams have moved since the page was drawn; without live senders never."""
    every = SECONDS if live.keys().any_active() else None
    st.fragment(_look, run_every=every, key=f"{key}_live")(revision(*streams), streams)


def _look(drawn: str, streams: tuple[str, ...]) -> None:
    if revision(*streams) != drawn:
        st.rerun()
