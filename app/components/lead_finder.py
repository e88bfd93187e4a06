"""Finding a lead: by id, or by a part of its name or company, with the best ranked ones to begin with."""

import streamlit as st

from app import navigation
from app.components import empty_state
from app.queries import leads

MOST = 12


def show(text: str) -> None:
    """Say that `text` is no lead and offer those that match it, or the best ranked ones."""
    found = leads.matching(leads.Filter("all", text=text)) if text else leads.waiting()
    if leads.board().is_empty():
        empty_state.link("No lead has been decided yet. Load events first.", page="data", action="Go to Data")
        return
    if found.is_empty():
        st.info(f"No lead is called `{text}`. Here are the best ranked ones.", icon=":material/person_search:")
        found = leads.waiting()
    st.markdown("**Leads that match**" if text else "**Best ranked leads**")
    with st.grid(3, min_column_width=300, key="lead_finder"):
        for row in found.head(MOST).iter_rows(named=True):
            _card(row)


def _card(row: dict) -> None:
    with st.container(border=True, gap=None):
        st.page_link(
            navigation.script("lead"),
            label=f"**{row['lead']}**",
            icon=":material/person:",
            query_params={"id": row["lead_id"]},
        )
        about = " · ".join(part for part in (row["company"], row["lead_id"]) if part)
        st.caption(f"{about} · percentile {int(row['percentile'])}")
