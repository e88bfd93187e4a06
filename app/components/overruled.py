"""Where people overrule the policy: decisions that were overruled by hand, and what became of their leads."""

import streamlit as st

from app.components import chart, columns, frame_table, glossary
from app.queries import overrides, versions

COLUMNS = {
    "band": "Band",
    "rule": "First rule",
    "kind": "By hand",
    "leads": columns.count("Leads"),
    "closed": columns.count("Closed since", width=100),
    "won": columns.count("Won"),
    "said": st.column_config.TextColumn("What it says", width="large"),
}


def show(key: str) -> None:
    """Draw one row a band, rule and kind of override."""
    with chart.card("Where people overrule the policy", glossary.term("by_hand")):
        rows = overrides.overruled()
        if rows.is_empty():
            st.caption("Nobody overruled a decision yet; whoever does, on Leads or Lead 360, labels it for this table.")
            return
        order = {band: f"{versions.bands().label(band)} · {band}" for band in versions.bands().order}
        frame_table.show(
            rows.with_columns(band=rows["band"].replace(order)), key, columns=COLUMNS, order=list(COLUMNS),
            alt="Overruled decisions by band, first rule and kind: leads, closed since, won.",
        )  # fmt: skip
        st.caption("By the decision that was overruled; what was undone does not count.")
