"""What came in: totals, events by day, kinds of events, loaded files."""

import streamlit as st

from app.charts import time as charts
from app.components import annotate, chart, columns, event_schemas, frame_table, glossary, kpi, lineage_file
from app.queries import data as reads
from app.queries import desk


def show(key: str) -> None:
    """Draw the state of the signals."""
    totals = reads.totals()
    closed = totals["won"] + totals["lost"]
    kpi.tiles(
        [
            kpi.Kpi("Events", f"{totals['events']:,}", note=f"{kpi.counted(totals['batches'], 'file')} loaded"),
            kpi.Kpi("Leads", f"{totals['leads']:,}", note=f"{totals['leads'] - closed:,} open"),
            kpi.Kpi("Won", f"{totals['won']:,}", note=f"{totals['won'] / closed:.1%} of closed" if closed else None),
            kpi.Kpi("In quarantine", f"{totals['quarantined']:,}", help=glossary.term("quarantine")),
        ],
        f"{key}_totals",
    )
    days = reads.by_day()
    if days.height:
        sent, over = kpi.counted(days["kind"].n_unique(), "source"), kpi.counted(days["at"].n_unique(), "day")
        words = f"{kpi.counted(totals['events'], 'event')} from {sent} over {over}."
        with chart.card("Events by day and source", glossary.term("annotation")):
            figure = charts.counts(days, chart.colours(), desk.marks(days))
            chart.show(figure, f"{key}_days", alt=f"Events by day. {words}", words=words)
            annotate.show(f"{key}_annotate", totals["last_event_at"])
    left, right = st.columns([1, 1.16], gap="small") if totals["events"] else (None, st.container())
    if left is not None:
        with left, chart.card("Kinds of events"):
            _kinds(key)
    with right, chart.card("Loaded files"):
        _files(key)
    event_schemas.show(f"{key}_schemas")


def _kinds(key: str) -> None:
    config = {
        "source": st.column_config.TextColumn("Source", width=78),
        "label": st.column_config.TextColumn("Kind", width=146),
        "events": columns.count("Events", width=58),
        "leads": columns.count("Leads", width=56),
        "last_on": st.column_config.DateColumn("Latest", format="D MMM YYYY", width=86),
        "delay_hours": st.column_config.NumberColumn(
            "Delay, h", format="%.1f", help=glossary.term("received_at"), width=58
        ),
    }
    frame_table.show(reads.sources(), f"{key}_kinds", columns=config, order=list(config), alt="Kinds of events.")


def _files(key: str) -> None:
    config = {
        "file": st.column_config.TextColumn("File", width=124),
        "kind": st.column_config.TextColumn("Kind", width=70),
        "adapter": st.column_config.TextColumn("From", width=84, help="The source that the file's form is of."),
        "read": columns.count("Read", width=58),
        "accepted": columns.count("Accepted", width=68),
        "duplicate": columns.count("Double", width=56, help="Already there; nothing was added."),
        "quarantined": columns.count("Held", width=44, help=glossary.term("quarantine")),
        "loaded_on": st.column_config.DateColumn("Loaded", format="D MMM", width=64),
    }
    frame_table.show(reads.batches(), f"{key}_files", columns=config, order=list(config), alt="Loaded files.")
    lineage_file.show(key)
