"""What other systems are told of moves: how much waits, what failed and why, and sending dead messages anew."""

import polars as pl
import streamlit as st

from app import work_commands
from app.components import chart, columns, frame_table, glossary, permitted
from app.feedback import done, refusals
from app.queries import outbox as reads
from core.governance.permissions import Permission


def show(key: str) -> None:
    """Draw the counts, the messages that are not delivered, and the button for dead ones."""
    counts = reads.counts()
    with chart.card("Messages to other systems", f"{glossary.term('outbox')} They go to {reads.receiver()}."):
        if not any(counts.values()):
            st.caption("No message yet: the policy that decides names no effects, or nothing was decided by it.")
            return
        st.caption(" · ".join(f"{count:,} {status}" for status, count in counts.items()))
        rows = reads.undelivered().with_columns(due_at=pl.when(pl.col("status") == "waiting").then("due_at"))
        if rows.height:
            config = {
                "status": st.column_config.TextColumn("Status", width=80),
                "name": "Effect",
                "lead_id": "Lead",
                "attempts": st.column_config.NumberColumn("Attempts", width=72),
                "due_at": columns.moment("Next attempt"),
                "error": st.column_config.TextColumn("Answer", width="large"),
            }
            frame_table.show(rows, f"{key}_outbox", columns=config, order=list(config), alt="Undelivered messages.")
        if counts["dead"] and st.button(
            f"Send {counts['dead']:,} dead ones again", key=f"{key}_outbox_retry", **permitted.by(Permission.SCORE)
        ):
            with refusals():
                done(f"{work_commands.retry_messages():,} messages wait for delivery again.")
                st.rerun()
