"""What was held back, why, and what to do with it."""

import polars as pl
import streamlit as st

from app import commands, jobs
from app.components import columns, empty_state, export_menu, frame_table, permitted
from app.feedback import done, refusals
from app.queries import data as reads
from core.governance.permissions import Permission

REDRIVE = "Re-drive"


def show(key: str) -> None:
    """Draw the waiting records by reason, and re-drive or discard those of a batch."""
    held = reads.quarantine()
    job = jobs.current(REDRIVE)
    if job is not None:
        jobs.show(job, f"{key}_job")
        if job.result is not None:
            st.caption(" · ".join(f"{name} {count:,}" for name, count in job.result.to_json().items()))
    if held.is_empty():
        empty_state.show("Nothing is held back: every record that came in was accepted.", icon="verified")
        return
    code = _reasons(held, key)
    shown = held.filter(pl.col("code") == code) if code else held
    config = {
        "reason": "Reason",
        "detail": st.column_config.TextColumn("Detail", width="large"),
        "file": "File",
        "row_no": "Row",
        "lead_id": "Lead",
        "batch_id": "Batch",
        "quarantined_at": columns.moment("Held at"),
    }
    told = shown.head(1_000).with_columns(reason=pl.col("code").str.replace_all("_", " "))
    frame_table.show(told, key, columns=config, order=list(config), alt="Records in quarantine.")
    st.caption(
        "Nothing here was lost. Mend the cause - the mapping, a schema, the source -, then re-drive: each record is "
        "judged again as if it came now. Discard what can never be mended; the reason is kept."
    )
    _actions(shown, code, key)


def _reasons(held: pl.DataFrame, key: str) -> str | None:
    counted = held.group_by("code").len().sort("len", "code", descending=[True, False])
    told = {name: f"{name.replace('_', ' ')} · {count:,}" for name, count in counted.iter_rows()}
    return st.pills("Reason", list(told), format_func=told.__getitem__, key="reason", bind="query-params",
                    label_visibility="collapsed")  # fmt: skip


def _actions(shown: pl.DataFrame, code: str | None, key: str) -> None:
    ids = shown["quarantine_id"].to_list()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button(
            f"{REDRIVE} {len(ids):,}",
            type="primary",
            key=f"{key}_redrive",
            icon=":material/replay:",
            **permitted.by(Permission.IMPORT),
        ):
            with refusals():
                jobs.start(REDRIVE, commands.redrive(ids))
                st.rerun()
        about = {"List": "Quarantine", "Filter": f"reason {code}" if code else "none"}
        export_menu.show(shown.drop("state"), "quarantine", f"{key}_export", about=about)
        with st.popover("Discard", icon=":material/delete:", **permitted.by(Permission.IMPORT)):
            reason = st.text_input("Why", key=f"{key}_why", placeholder="The reason goes into the ledger")
            if st.button(f"Discard {len(ids):,} records", key=f"{key}_discard", disabled=len(reason.strip()) < 3):
                with refusals():
                    done(f"{commands.discard(ids, reason.strip()):,} records discarded.")
                    st.rerun()
