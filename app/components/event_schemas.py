"""Which event types have a schema, in which versions, and how many stored events are of each."""

import streamlit as st

from app.components import chart, columns, frame_table
from app.queries import data as reads

ABOUT = "Events come in at the newest version; `leadbench schemas register FILE` adds one."


def show(key: str) -> None:
    """Draw the versions where there are any."""
    versions = reads.schemas()
    if versions.is_empty():
        return
    config = {
        "type": st.column_config.TextColumn("Event type", width="medium"),
        "version": st.column_config.NumberColumn("Version", width="small"),
        "events": columns.count("Events", width=70),
        "properties": st.column_config.TextColumn("Properties", width="large"),
        "actor": st.column_config.TextColumn("By", width="small"),
        "registered_at": columns.moment("Registered"),
    }
    with chart.card("Event schemas", ABOUT):
        frame_table.show(versions, key, columns=config, order=list(config), alt="Versions of event schemas.")
