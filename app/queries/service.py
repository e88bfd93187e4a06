"""How the server runs: latency by stage, throughput, queues, budgets, alerts, freshness, the trace of a decision."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app import live
from app.queries import people
from app.queries.access import database, revision
from app.queries.data import totals
from core.kernel import telemetry
from core.kernel.settings import PROJECT_ROOT
from core.kernel.telemetry import STAGES, quantile_us
from core.kernel.telemetry.trace_files import of_trace
from core.monitoring.store_service import ServiceStore

RANGES = {"1h": "Last hour", "24h": "Last day", "7d": "Last 7 days"}
SPANS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
BUCKETS = {"1h": "1m", "24h": "15m", "7d": "2h"}
OBJECTIVES = {
    "availability": "Decisions made",
    "latency": "Decided within 2 s",
    "freshness": "Decided on fresh features",
    "acceptance": "Events accepted",
    "assignment": "Permitted leads with a pool",
    "audit": "Decisions provable",
}
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
FLOWS = {"acceptance": "events", "availability": "decisions"}
RECENT = 50
PLAYBOOKS = PROJECT_ROOT / "policies" / "playbooks"


def now() -> datetime:
    """The present moment by the store's clock, to the second."""
    return database().clock.now().replace(microsecond=0)


def stages(span: str) -> pl.DataFrame:
    """stage, spans, p50, p95, p99 (milliseconds) over the range, in the order of an event's way."""
    return _stages(revision("decisions"), span, now().replace(second=0))


@st.cache_data(max_entries=8, show_spinner=False)
def _stages(revision: str, span: str, moment: datetime) -> pl.DataFrame:
    found = ServiceStore(database()).stages(moment - SPANS[span])
    rows = []
    for stage in STAGES:
        parts = found.filter(stage=stage)["counts"].to_list()
        counts = [sum(place) for place in zip(*parts, strict=True)]
        if any(counts):
            quantiles = [(quantile_us(counts, share) or 0) / 1000 for share in SHARES.values()]
            rows.append((stage, sum(counts), *quantiles))
    schema = {"stage": pl.String, "spans": pl.Int64, **dict.fromkeys(SHARES, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def flow(span: str) -> pl.DataFrame:
    """at, kind (events or decisions), n over the range, summed to a width that suits it."""
    return _flow(revision("decisions"), span, now().replace(second=0))


@st.cache_data(max_entries=8, show_spinner=False)
def _flow(revision: str, span: str, moment: datetime) -> pl.DataFrame:
    found = ServiceStore(database()).minutes(moment - SPANS[span]).filter(pl.col("objective").is_in(list(FLOWS)))
    return (
        found.with_columns(
            at=pl.col("minute").dt.truncate(BUCKETS[span]), kind=pl.col("objective").replace_strict(FLOWS)
        )
        .group_by("at", "kind")
        .agg((pl.col("good") + pl.col("bad")).sum().alias("n"))
        .sort("kind", "at", descending=[True, False])
    )


def latency(span: str) -> dict[str, Any]:
    """decisions on arrival, and p50, p95, p99 of the seconds from event to decision."""
    return _latency(revision("decisions"), span, now().replace(second=0))


@st.cache_data(max_entries=8, show_spinner=False)
def _latency(revision: str, span: str, moment: datetime) -> dict[str, Any]:
    return ServiceStore(database()).latency(moment - SPANS[span])


def minutes(span: str) -> pl.DataFrame:
    """minute, objective, good and bad cases of every minute of the range that had any."""
    return ServiceStore(database()).minutes(now() - SPANS[span])


def openmetrics() -> bytes | None:
    """Everything that this process measured since its start, as OpenMetrics text; None where telemetry is off."""
    from core.kernel.telemetry import exposition

    recording = telemetry.active()
    return None if recording is None else exposition.text(recording)


def queues() -> dict[str, Any]:
    """Events and leads that wait in this process, what was taken and refused since it started; None: not serving."""
    running = live.running()
    if running is None:
        return {"events": None, "leads": None, "refused": None, "read_only": False}
    taken, deciding = running.ingest.state, running.arrivals.state
    read_only = taken.read_only is not None
    return {"events": taken.rows, "leads": deciding.waiting, "refused": taken.refused, "read_only": read_only}


def held() -> int:
    """Records that wait in quarantine."""
    return totals()["quarantined"]


def standing() -> pl.DataFrame:
    """Every objective and pair of windows as it stands now (ServiceStore.current)."""
    return _standing(revision("decisions"), now())


@st.cache_data(max_entries=4, show_spinner=False)
def _standing(revision: str, moment: datetime) -> pl.DataFrame:
    return ServiceStore(database()).current(moment)


def budgets(standing: pl.DataFrame) -> pl.DataFrame:
    """objective, label, target, met (share of the month), cases, left (of the budget), burn (over an hour), state."""
    rows = []
    for name, label in OBJECTIVES.items():
        part = standing.filter(objective=name)
        if part.is_empty():
            rows.append((name, label, None, None, 0, None, None, "no cases yet"))
            continue
        first = part.row(0, named=True)
        met = 1 - first["month_bad"] / first["month_cases"] if first["month_cases"] else None
        fires = part.filter("is_firing")["severity"].unique().sort().to_list()
        burn = part.filter(severity="page", long_minutes=60)["long_burn"].item()
        state = fires[0] if fires else "good"
        rows.append((name, label, first["target"], met, first["month_cases"], first["budget_left"], burn, state))
    names = ("objective", "label", "target", "met", "cases", "left", "burn", "state")
    return pl.DataFrame(rows, schema=names, orient="row", strict=False)


def alerts(standing: pl.DataFrame) -> list[dict[str, Any]]:
    """What fires now, a page before a ticket: objective, severity, burn rates, windows, playbook; one an objective."""
    firing = standing.filter("is_firing").sort("severity", "long_minutes").unique("objective", maintain_order=True)
    return firing.to_dicts()


def playbook(name: str) -> str:
    """The text of a playbook, without its title."""
    return (PLAYBOOKS / f"{name}.md").read_text(encoding="utf-8").partition("\n")[2].strip()


def playbooks() -> dict[str, str]:
    """Every playbook's title by name."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PLAYBOOKS.glob("*.md"))}
    return {name: text.partition("\n")[0].removeprefix("# ") for name, text in texts.items()}


def freshness() -> pl.DataFrame:
    """source, events, received_at, silent_minutes, the longest silent first."""
    moment = now().replace(tzinfo=None)
    silent = (pl.lit(moment) - pl.col("received_at")).dt.total_seconds() / 60
    return _sources(revision("signals")).with_columns(silent_minutes=silent.clip(0))


@st.cache_data(max_entries=2, show_spinner=False)
def _sources(revision: str) -> pl.DataFrame:
    return ServiceStore(database()).sources()


def decisions(span: str) -> list[dict[str, Any]]:
    """The newest decisions of the range, with their stages' microseconds (dict) and their lead's `ref`."""
    return _decisions(revision("decisions", "signals"), span, now().replace(second=0))


@st.cache_data(max_entries=4, show_spinner=False)
def _decisions(revision: str, span: str, moment: datetime) -> list[dict[str, Any]]:
    found = ServiceStore(database()).recent(moment - SPANS[span], RECENT)
    named = found.join(
        people.refs(found["lead_id"].unique().to_list()), on="lead_id", how="left", maintain_order="left"
    )
    rows = named.to_dicts()
    return [row | {"stage_us": json.loads(row["stage_us"])} for row in rows]


def spans(decision: dict[str, Any]) -> pl.DataFrame:
    """name, start_ms (from the first), ms of a decision's trace; from its record where no trace file has it."""
    traced = of_trace(database().directory / "traces", decision["trace_id"]) if decision["trace_id"] else []
    rows = [(one.name, one.start_us / 1000, one.us / 1000, one.failed) for one in traced]
    if "decide" not in {row[0] for row in rows}:
        rows += _recorded(decision)
    frame = pl.DataFrame(rows, schema=["name", "start_ms", "ms", "failed"], orient="row")
    return frame.with_columns(pl.col("start_ms") - pl.col("start_ms").min()).sort("start_ms", -pl.col("ms"))


def _recorded(decision: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
    """The stages that the record itself keeps, one after the other until it was decided."""
    end = decision["decided_at"].replace(tzinfo=UTC).timestamp() * 1000
    rows = []
    for name in sorted(decision["stage_us"], key=STAGES.index, reverse=True):
        us = decision["stage_us"][name]
        end -= us / 1000
        rows.append((name, end, us / 1000, False))
    return rows[::-1]
