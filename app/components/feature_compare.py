"""Two feature sets side by side: what came, what went, what means something else."""

import polars as pl
import streamlit as st

from app.components import empty_state, frame_table
from app.queries import feature_facts

WORDS = {
    "added": ":green[added]",
    "removed": ":red[removed]",
    "changed": ":orange[changed]",
    "reworded": ":gray[reworded]",
}


def show(listed: pl.DataFrame, chosen: str | None, key: str) -> None:
    """Draw the comparison of the chosen set with another one."""
    if chosen is None or listed.height < 2:
        empty_state.show("There is nothing to compare yet: register a second feature set in the builder.")
        return
    names = {row["set_hash"]: f"{row['name']} · {row['set_hash'][7:19]}" for row in listed.iter_rows(named=True)}
    others = [one for one in names if one != chosen]
    before = st.selectbox("Compare with", others, format_func=names.__getitem__, key="against", bind="query-params")
    if before is None:
        return
    rows = feature_facts.compared(before, chosen)
    counts = rows["change"].value_counts(sort=True).iter_rows()
    told = " · ".join(f"{count} {WORDS[kind]}" for kind, count in counts)
    st.markdown(f"From **{names[before]}** to **{names[chosen]}**: {told or 'the same features'}")
    config = {
        "name": st.column_config.TextColumn("Feature", width=220),
        "change": st.column_config.TextColumn("Change", width=90),
        "before": st.column_config.TextColumn("Before", width="large"),
        "after": st.column_config.TextColumn("After", width="large"),
    }
    frame_table.show(rows, f"{key}_changes", columns=config, alt="The features that differ between the two sets.")
