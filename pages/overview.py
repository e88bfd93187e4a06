"""Are we winning, is anything wrong, and what changed."""

import streamlit as st

from app.components import empty_state, header, overview_parts, tour
from app.queries import data, leads

if not data.totals()["batches"]:
    header.plain("Overview", "Nothing is loaded yet")
    empty_state.link(
        "This store is empty. Load events and leads, or start with `leadbench demo`.",
        page="data",
        action="Load data",
        tab="Import",
    )
    st.stop()

decided = not leads.board().is_empty()
with header.show("Overview", leads.basis().words() if decided else "Loaded, but no lead has been decided yet"):
    if decided:
        tour.begin()
overview_parts.figures("overview_figures")
left, right = st.columns([1.7, 1], gap="small")
with left:
    first, second = st.columns(2, gap="small")
    with first:
        overview_parts.funnel("overview")
    with second:
        overview_parts.lift("overview")
    overview_parts.alerts()
with right:
    overview_parts.changes()
