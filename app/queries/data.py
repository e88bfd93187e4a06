"""What came in, what is in a file before it comes in, and what was held back."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from app.queries import versions
from app.queries.access import database, revision, role, rooms, seen
from core.exports.open_lineage import to_lines
from core.exports.open_lineage_source import events_of
from core.governance.permissions import Permission, Role
from core.kernel import console
from core.kernel.times import spoken
from core.signals import adapters
from core.signals import inspect as inspection
from core.signals.aliases import REQUIRED, TABLES, lacking
from core.signals.store_pages import SignalPages

KINDS = {"events": "Events", "leads": "Leads", "outcomes": "Outcomes", "reps": "Reps"}
NEWEST_SHOWN = 50
KEEP, LEAVE_OUT = "keep as it is", "leave out"
PREVIEW_QUERY = "SELECT source, type, count(*) AS events\nFROM events\nGROUP BY ALL\nORDER BY events DESC"


def totals() -> dict[str, Any]:
    """Counts of leads, events, won, lost, quarantined and batches, and the newest moments."""
    return _totals(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _totals(revision: str) -> dict[str, Any]:
    return SignalPages(database()).totals()


def by_day() -> pl.DataFrame:
    """at, kind (the source) and n: events by day."""
    return _by_day(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _by_day(revision: str) -> pl.DataFrame:
    return SignalPages(database()).by_day().select(at="day", kind="source", n="events")


def daily(days: int = 60) -> list[float]:
    """Events of each of the last days, all sources together."""
    summed = by_day().group_by("at").agg(pl.col("n").sum()).sort("at")
    return summed["n"].cast(pl.Float64).to_list()[-days:]


def sources() -> pl.DataFrame:
    """source, type, label, events, leads, first_at, last_at, last_on, delay_hours (median), commonest first."""
    return _sources(revision("signals", "features"))


@st.cache_data(max_entries=4, show_spinner=False)
def _sources(revision: str) -> pl.DataFrame:
    return (
        SignalPages(database())
        .sources()
        .with_columns(
            source=pl.col("source").str.replace_all("_", " "),
            label=pl.col("type").replace(versions.type_names()),
            last_on=pl.col("last_at").dt.date(),
            delay_hours=pl.col("delay_seconds") / 3600,
        )
    )


def newest() -> pl.DataFrame:
    """The events that were stored last, the last first: received_at, delay (text), source, label (its kind), lead_id,
    path, seen; masked by role.
    """
    return _newest(revision("signals", "features", "policy"), role().value)


@st.cache_data(max_entries=2, show_spinner=False)
def _newest(revision: str, role: str) -> pl.DataFrame:
    delay = (pl.col("received_at") - pl.col("occurred_at")).dt.total_microseconds() / 1e6
    return seen(SignalPages(database()).newest(NEWEST_SHOWN), Role(role)).with_columns(
        source=pl.col("source").str.replace_all("_", " "),
        label=pl.col("type").replace(versions.type_names()),
        delay=delay.map_elements(spoken, return_dtype=pl.String),
        path=pl.col("path").str.split("/").list.last(),
        seen=pl.when("is_seen").then(pl.lit("seen")).otherwise(pl.lit("left out")),
    )


def batches() -> pl.DataFrame:
    """Every loaded file with its counts, newest first; `file` is its name, `loaded_on` its day."""
    return _batches(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _batches(revision: str) -> pl.DataFrame:
    return (
        SignalPages(database())
        .batches()
        .with_columns(file=pl.col("path").str.split("/").list.last(), loaded_on=pl.col("imported_at").dt.date())
    )


def quarantine() -> pl.DataFrame:
    """What waits in quarantine, details masked by role."""
    return _quarantine(revision("signals", "policy"), role().value)


@st.cache_data(max_entries=4, show_spinner=False)
def _quarantine(revision: str, role: str) -> pl.DataFrame:
    found = (
        rooms()
        .signals.quarantine()
        .with_columns(
            file=pl.col("path").str.split("/").list.last(),
            detail=pl.col("detail").str.replace_all("`", "").str.replace_all(r"(:\d\d)\.\d+", "$1"),
        )
    )
    return seen(found, Role(role))


@st.cache_data(max_entries=8, show_spinner="Looking into the file …")
def inspect(path: str, size: int, source: str | None = None) -> dict[str, Any]:
    """What is in a file, of the source named or found: the object of `leadbench inspect`; raises its refusals."""
    return inspection.inspect(Path(path), database().clock, format=source)


def schemas() -> pl.DataFrame:
    """Every version of an event type's schema: type, version, events, properties (as text), actor, registered_at."""
    return _schemas(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _schemas(revision: str) -> pl.DataFrame:
    found = rooms().signals.schemas()
    told = [_declared(text) for text in found["document"]]
    every = pl.when(pl.col("type") == "*").then(pl.lit("every event")).otherwise("type").alias("type")
    return found.with_columns(every, pl.Series("properties", told, dtype=pl.String)).drop("document")


def _declared(document: str) -> str:
    properties = json.loads(document).get("properties") or {}
    return ", ".join(f"{name} ({about['type']})" for name, about in properties.items())


def sources_of_files() -> list[str]:
    """The names of the sources whose files can be read."""
    return list(adapters.BY_NAME)


def maps_itself(source: str) -> bool:
    """Whether the source's adapter maps its records, so that there are no columns to choose."""
    return adapters.BY_NAME[source].translate is not None


def source_taken(adapter: str) -> str:
    """The source that the adapter's events are taken to be of where nothing says it."""
    return adapters.BY_NAME[adapter].source


def about_source(source: str) -> str:
    """What the source's adapter makes of its records, in its own words."""
    return adapters.about(source)


def fields(kind: str) -> list[str]:
    """The fields that a column of a file may give, the required ones first."""
    needed = REQUIRED[kind]
    return [*needed, *(name for name in TABLES[kind] if name not in needed)]


def plan(found: Mapping[str, Any], kind: str) -> pl.DataFrame:
    """One row a column of the file: column, type, example, missing (share), goes_to, personal."""
    suggested = {
        column: name
        for name, columns in inspection.suggested_map([one["name"] for one in found["columns"]], kind).items()
        for column in ([columns] if isinstance(columns, str) else columns[:1])
    }
    private = {one["column"] for one in found["findings"] if one["code"] == "personal_data"}
    rows = [
        {
            "column": one["name"],
            "type": one["type"],
            "example": None if one["example"] is None else str(one["example"])[:60],
            "missing": one["missing"] / max(found["rows"], 1),
            "goes_to": suggested.get(one["name"], KEEP if kind != "outcomes" else LEAVE_OUT),
            "personal": one["name"] in private,
        }
        for one in found["columns"]
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def mapping(planned: pl.DataFrame, kind: str, extra: Mapping[str, str]) -> dict[str, Any]:
    """The mapping that a plan says, as a mapping file writes it; `extra`: source, won and lost where given."""
    goes = list(planned.select("column", "goes_to", "personal").iter_rows())
    named = {field: [column for column, to, _ in goes if to == field] for field in fields(kind)}
    laid: dict[str, Any] = {name: columns for name, columns in named.items() if columns}
    if extra.get("source") and "source" not in laid and kind == "events":
        laid["source"] = {"literal": extra["source"]}
    if kind == "outcomes":
        return {"map": laid} | {name: extra[name] for name in ("won", "lost") if extra.get(name)}
    kept = [column for column, to, _ in goes if to == KEEP]
    personal = [column for column, to, private in goes if private and to == KEEP]
    return {"map": laid, "properties" if kind == "events" else "attributes": kept, "personal": personal}


def unmapped(planned: pl.DataFrame, kind: str) -> list[str]:
    """The required fields that no column gives."""
    return lacking(kind, planned["goes_to"].to_list())


def views() -> dict[str, Sequence[str]]:
    """The views that the console may read, with their columns."""
    return dict(console.views(database()))


def lineage(actor: str | None) -> bytes:
    """Every run of the record as OpenLineage events, one a line; raises Forbidden where the person may not export."""
    people = rooms().users
    people.require(people.identity(actor).name, Permission.EXPORT)
    return b"".join(to_lines(events_of(database(), rooms().features)))
