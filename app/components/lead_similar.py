"""Leads that converted and were like this one at its age, and another lead beside it."""

import polars as pl
import streamlit as st

from app.components import chart, columns, empty_state, export_menu, frame_table, linked
from app.feedback import refused
from app.queries import change, leads, people
from app.queries import lead as reads
from core.decisions.record import Record
from core.kernel.errors import LeadbenchError


def show(record: Record, explained: dict, key: str) -> None:
    """Draw the converted leads that were most like this one, then the comparison with any other lead."""
    try:
        found = change.alike(record.decision_id)
    except LeadbenchError as refusal:
        refused(refusal)
        return
    with chart.card("Leads that converted and were like this one at the same age"):
        if found.is_empty():
            empty_state.show("No lead had converted by then.", icon="groups")
        else:
            _alike(found, key)
    with chart.card("Beside another lead"):
        _beside(record, explained, key)


def _alike(found: pl.DataFrame, key: str) -> None:
    config = {
        "lead": "Lead",
        "company": "Company",
        "likeness": st.column_config.ProgressColumn("Likeness", format="%.0f %%", min_value=0, max_value=100),
        "at": columns.moment("Looked at as of"),
        "closed_at": columns.moment("Converted"),
        "alike": st.column_config.TextColumn("What weighs most here, as it was there", width="large"),
    }
    alt = "Converted leads by likeness."
    frame_table.show(found, f"{key}_alike", columns=config, order=list(config), alt=alt)
    st.caption(
        "Built as known when they were as old as this lead is; alike in the features that made this lead's score."
    )


def _beside(record: Record, explained: dict, key: str) -> None:
    names = {ref: name for ref, name in leads.names(500).items() if people.id_of(ref) != record.lead_id}
    if not names:
        st.caption("No other lead has been decided.")
        return
    ref = linked.select("Other lead", names, "with", f"{key}_with", any_word=True, width=320)
    try:
        other = reads.explanation(reads.record(people.id_of(ref)).decision_id)
    except LeadbenchError as refusal:
        refused(refusal)
        return
    mine, theirs = (reads.points(one).select("label", "value", "points") for one in (explained, other))
    both = mine.join(theirs, on="label", how="full", coalesce=True, suffix="_other").with_columns(
        pl.col("points") * 100,
        pl.col("points_other") * 100,
        gap=100 * (pl.col("points").fill_null(0) - pl.col("points_other").fill_null(0)),
    )
    both = both.sort(pl.col("gap").abs(), "label", descending=[True, False])
    st.markdown(f"Score **{explained['score']:.4f}** here, **{other['score']:.4f}** there.")
    number = st.column_config.NumberColumn
    config = {
        "label": st.column_config.TextColumn("Feature", width="large"),
        "value": "Here",
        "points": number("Points", format="%+.1f"),
        "value_other": "There",
        "points_other": number("Points there", format="%+.1f"),
        "gap": number("Gap", format="%+.1f"),
    }
    frame_table.show(both, f"{key}_beside", columns=config, order=list(config), height=330, alt="Two leads' reasons.")
    export_menu.show(
        both, "two-leads", f"{key}_export", about={"List": "Two leads", "Leads": f"{record.decision_id}, {ref}"}
    )
