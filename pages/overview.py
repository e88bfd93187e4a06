"""Are we winning, is anything wrong, and what changed."""

import streamlit as st

from app.components import empty_state, header, overview_export, overview_parts, overview_scope, saved_views, tour
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
    saved_views.to_copy("overview_link")
    actions = st.container(width="content")
scope = overview_scope.show("overview")
with actions:
    overview_export.show(scope, "overview_export")
overview_parts.figures(scope, "overview_figures")
left, right = st.columns([1.7, 1], gap="small")
with left:
    first, second = st.columns(2, gap="small")
    with first:
        overview_parts.funnel_card(scope, "overview")
    with second:
        overview_parts.lift(scope, "overview")
    overview_parts.outcomes(scope, "overview")
with right:
    overview_parts.alerts()
    overview_parts.changes(scope)
