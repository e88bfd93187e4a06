"""What a drift report comes to: alerts with cause and action, sources, and the report as a test suite."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.components import chart, frame_table, glossary
from app.queries import drift
from app.queries.drift import Report

MOST_SHOWN = 4
STATES = {"failed": "Failed", "skipped": "Not enough data", "passed": "Passed"}


def alerts(found: Sequence[dict[str, Any]], key: str) -> None:
    """Draw the alerts, worst first: what is wrong, why, and what to do."""
    with chart.card(f"What to do about it ({len(found)})" if found else "What to do about it", glossary.term("drift")):
        if not found:
            st.caption("Nothing: no alert.")
        for one in found[:MOST_SHOWN]:
            _alert(one)
        if len(found) > MOST_SHOWN:
            with st.expander(f"{len(found) - MOST_SHOWN} more", key=f"{key}_more"):
                for one in found[MOST_SHOWN:]:
                    _alert(one)


def _alert(one: dict[str, Any]) -> None:
    colour, icon = {"high": ("red", "error"), "medium": ("orange", "warning")}.get(one["severity"], ("gray", "info"))
    st.markdown(f":{colour}-badge[:material/{icon}: {one['severity']}] **{one['message']}**")
    st.caption(f"{one['cause']} → {one['action']}")


def sources(report: Report, key: str) -> None:
    """Draw the sources: do they still deliver, and what do their drifted features move."""
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    reached = "Share of the leads with an event of the source."
    config = {
        "named": text("Source", width=120),
        "said": text("State", width=80),
        "reached_reference": number("Reached then", format="percent", width=92, help=reached),
        "reached_current": number("Reached now", format="percent", width=92, help=reached),
        "drifted": number("Drifted features", width=108),
        "decisions_moved": number("Moved", width=62, help=glossary.term("decisions_moved")),
        "expected_wins_lost": number("Wins lost", format="%+.1f", width=72, help=glossary.term("expected_wins_lost")),
    }
    with chart.card("Sources, by decisions moved"):
        rows = drift.sources(report)
        frame_table.show(rows, f"{key}_sources", columns=config, order=list(config), alt="Sources and what they move.")
        for one in report.told.get("schema_changes", []):
            name = ".".join(part for part in (one["event_type"], one["property"]) if part)
            st.caption(f"`{name}` is {one['change']}: {one['reference']} before, {one['current']} now.")


def suite(report: Report, key: str) -> None:
    """Draw the report as tests, failures first."""
    rows = drift.suite(report)
    counts = dict(rows["state"].value_counts().rows())
    words = " · ".join(f"{counts.get(state, 0)} {label.lower()}" for state, label in STATES.items())
    config = {
        "said": st.column_config.TextColumn("Result", width=110),
        "group": st.column_config.TextColumn("Group", width=80),
        "name": st.column_config.TextColumn("Test", width=210),
        "message": st.column_config.TextColumn("Finding", width=380),
    }
    with chart.card("Test suite", "What `leadbench drift --junit` writes for pipelines."):
        st.caption(words)
        said = rows.with_columns(rows["state"].replace(STATES).alias("said"))
        frame_table.show(said, f"{key}_suite", columns=config, order=list(config), height=330, alt=f"Tests: {words}")
