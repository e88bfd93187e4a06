"""The newest events as they come in, whether by a request or with a file."""

import polars as pl
import streamlit as st

from app import live
from app.components import empty_state, frame_table
from app.queries import data as reads

SECONDS = 1.0
WITHOUT_SENDERS = "Nobody can send events: no write key is active. `leadbench keys issue --source NAME` prints one."


def show(key: str) -> None:
    """Draw the newest events, anew each second while somebody may send some."""
    sending = live.keys().any_active()
    if not sending:
        st.caption(WITHOUT_SENDERS)
    st.fragment(_newest, run_every=SECONDS if sending else None, key=f"{key}_moving")(key)


def _newest(key: str) -> None:
    found = reads.newest()
    if found.is_empty():
        empty_state.show("No event has come yet.")
        return
    st.caption(_told(found))
    moment = st.column_config.DatetimeColumn
    config = {
        "received_at": moment("Received (UTC)", format="D MMM, HH:mm:ss.SSS", timezone="UTC", width=170),
        "delay": st.column_config.TextColumn("After", width=84, help="How long after it happened it was received."),
        "source": st.column_config.TextColumn("Source", width=100),
        "label": st.column_config.TextColumn("Kind", width=190),
        "lead_id": st.column_config.TextColumn("Lead", width=170),
        "path": st.column_config.TextColumn("Came by", width=190),
        "seen": st.column_config.TextColumn("Features", width=110, help="Whether features see it."),
    }
    frame_table.show(
        found, f"{key}_newest", columns=config, order=list(config), alt="The events that were stored last."
    )


def _told(found: pl.DataFrame) -> str:
    latest = found["received_at"].max()
    told = f"The {found.height:,} events that were stored last, the last first"
    return f"{told}; received up to {latest:%d %b %Y, %H:%M:%S} UTC."
