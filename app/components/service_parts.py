"""Observability on the page: alerts, figures, latency by stage, budgets, flow, freshness, one decision's way."""

from typing import Any

import polars as pl
import streamlit as st

from app.charts import service as charts
from app.charts import time as time_charts
from app.components import chart, columns, empty_state, export_menu, frame_table, glossary, kpi, linked
from app.queries import service as reads

STATES = {"page": "act now", "ticket": "this week", "good": "good", "no cases yet": "no cases yet"}
NOT_YET = "–"


def alerts(firing: list[dict[str, Any]], key: str) -> None:
    """Draw what fires, each with its playbook."""
    for one in firing:
        label, names = reads.OBJECTIVES[one["objective"]], reads.playbooks()
        told = st.error if one["severity"] == "page" else st.warning
        with st.container(horizontal=True, vertical_alignment="center"):
            told(
                f"**{label}** burns its budget {_times(one['long_burn'])} over {_span(one['long_minutes'])}"
                f" ({one['bad']:,} bad cases); {one['budget_left']:.0%} of the month is left.",
                icon=":material/notification_important:",
            )
            if st.button(f"Playbook: {names[one['playbook']]}", key=f"{key}_{one['objective']}"):
                _playbook(names[one["playbook"]], one["playbook"])


def _times(burn: float) -> str:
    return "whole" if burn == float("inf") else f"{burn:,.0f} times too fast" if burn >= 10 else f"{burn:.1f} times"


def _span(minutes: int) -> str:
    return f"{minutes // 1440} d" if minutes >= 1440 else f"{minutes // 60} h"


@st.dialog("Playbook", width="large")
def _playbook(title: str, name: str) -> None:
    st.markdown(f"### {title}\n{reads.playbook(name)}")


def figures(span: str, key: str) -> None:
    """Draw the figures of the range and of this moment."""
    flow, timed, queue = reads.flow(span), reads.latency(span), reads.queues()
    events, decisions = (flow.filter(kind=kind)["n"].to_list() for kind in ("events", "decisions"))
    waiting = sum(queue[name] or 0 for name in ("events", "leads"))
    quantiles = f"p50 {_seconds(timed['p50'])} · p99 {_seconds(timed['p99'])}"
    queued = "disk full: read-only" if queue["read_only"] else "events and leads in queues"
    kpi.tiles(
        [
            _counted("Events", events, "taken or held"),
            _counted("Decisions", decisions, f"{timed['decisions']:,} on arrival"),
            kpi.Kpi("Event to decision, p95", _seconds(timed["p95"]), note=quantiles),
            kpi.Kpi("Waiting now", NOT_YET if queue["events"] is None else f"{waiting:,}", note=queued),
            kpi.Kpi("In quarantine", f"{reads.held():,}", note="records", help=glossary.term("quarantine")),
        ],
        key,
    )


def _counted(label: str, course: list[int], note: str) -> kpi.Kpi:
    return kpi.Kpi(label, f"{sum(course):,}", note=note, course=course, chart="bar")


def _seconds(value: float | None) -> str:
    return NOT_YET if value is None else charts.duration(1000 * value)


def latency(span: str, key: str) -> None:
    """Draw the durations by stage."""
    rows = reads.stages(span)
    with chart.card("Latency by stage", "From the median to the 99th percentile; minutes that are over."):
        if rows.is_empty():
            st.caption("No traffic in this window: stages are timed while this server takes events and decides.")
            return
        slowest = rows.filter(pl.col("stage") != "wait").sort("p95", descending=True).row(0, named=True)
        words = f"In words: the slowest stage is {slowest['stage']}, {charts.duration(slowest['p95'])} at p95."
        chart.show(charts.stages(rows, chart.colours()), f"{key}_stages", alt=f"Latency by stage. {words}", words=words)


def budgets(rows: pl.DataFrame, key: str) -> None:
    """Draw the objectives with what is left of their budgets."""
    number, text, bar = st.column_config.NumberColumn, st.column_config.TextColumn, st.column_config.ProgressColumn
    left = glossary.term("error_budget")
    config = {
        "label": text("Objective", width=176),
        "target": number("Target", format="percent", width=64),
        "met": number("Met, 30 d", format="percent", width=72),
        "left": bar("Budget left", format="percent", min_value=0, max_value=1, width=98, help=left),
        "burn": number("Burn, 1 h", format="%.1f", width=68, help=glossary.term("burn_rate")),
        "said": text("State", width=86),
    }
    shown = rows.with_columns(said=pl.col("state").replace_strict(STATES))
    with chart.card("Service levels", glossary.term("error_budget")):
        frame_table.show(shown, f"{key}_budgets", columns=config, order=list(config), alt="Objectives and budgets.")


def flow(span: str, key: str) -> None:
    """Draw events and decisions over time."""
    rows = reads.flow(span)
    with chart.card("Events and decisions"):
        if rows.is_empty():
            st.caption("No traffic in this window.")
            return
        events, decisions = (rows.filter(kind=kind)["n"].sum() for kind in ("events", "decisions"))
        words = f"In words: {events:,} events and {decisions:,} decisions."
        figure = time_charts.counts(rows, chart.colours(), barmode="group")
        chart.show(figure, f"{key}_flow", alt=f"Events and decisions over time. {words}", words=words)


def freshness(key: str) -> None:
    """Draw how long each source has been silent."""
    config = {
        "source": st.column_config.TextColumn("Source", width=110),
        "received_at": columns.moment("Newest event", glossary.term("received_at")),
        "silent": st.column_config.TextColumn("Silent for", width=90),
        "events": columns.count("Events"),
    }
    rows = reads.freshness()
    silent = [_silence(minutes) for minutes in rows["silent_minutes"]]
    with chart.card("Freshness by source"):
        shown = rows.with_columns(pl.Series("silent", silent, dtype=pl.String))
        frame_table.show(shown, f"{key}_sources", columns=config, order=list(config), alt="Sources by silence.")


def _silence(minutes: float) -> str:
    if minutes >= 2_880:
        return f"{minutes / 1440:.0f} days"
    return f"{minutes / 60:.0f} hours" if minutes >= 120 else f"{minutes:.0f} min"


def one_decision(span: str, key: str) -> None:
    """Draw the way of one decision: the one that the address names, else the newest."""
    found = {one["decision_id"]: one for one in reads.decisions(span)}
    with chart.card("One decision's way", "The steps of its trace; where none is kept, those of its record."):
        if not found:
            st.caption("No decision in this window.")
            return
        names = {decision_id: _named(one) for decision_id, one in found.items()}
        chosen = found[linked.select("Decision", names, "trace", f"{key}_decision", label_visibility="collapsed")]
        spans = reads.spans(chosen)
        last = max((spans["start_ms"] + spans["ms"]).to_list(), default=0.0)
        words = f"In words: {charts.duration(last)} from the first step to the end of the last."
        figure = charts.waterfall(spans, chart.colours())
        chart.show(figure, f"{key}_waterfall", alt=f"Spans of one decision. {words}", words=words)
        st.caption(f"Trace `{chosen['trace_id']}` · decision `{chosen['decision_id']}`")


def _named(decision: dict[str, Any]) -> str:
    outcome = decision["band"] or decision["disposition"]
    return f"{decision['decided_at']:%d %b, %H:%M:%S} · {decision['ref']} · {outcome}"


def playbooks() -> None:
    """Draw the playbooks, closed."""
    st.markdown("**Playbooks**")
    for name, title in reads.playbooks().items():
        with st.expander(title):
            st.markdown(reads.playbook(name))


def exports(span: str, key: str) -> None:
    """Draw the downloads: the minutes of the range, and what this process measured, as Prometheus reads it."""
    about = {"List": "Service levels by minute", "Filter": reads.RANGES[span]}
    export_menu.show(lambda: reads.minutes(span), "service_levels", f"{key}_export", about=about)
    st.download_button(
        "OpenMetrics",
        data=lambda: reads.openmetrics() or b"",
        file_name="leadbench.metrics.txt",
        mime="application/openmetrics-text",
        key=f"{key}_openmetrics",
        icon=":material/monitoring:",
        on_click="ignore",
        disabled=reads.openmetrics() is None,
        help="What `/metrics` tells Prometheus; telemetry must be on (LEADBENCH_TELEMETRY).",
    )


def nothing() -> None:
    """Draw what there is to say before the first event."""
    empty_state.link(
        "Nothing has run here yet. Send events to `/v1/track`, or import some.", page="data", action="Go to Data"
    )
