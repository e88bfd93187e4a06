"""What is in a file, before anything is loaded: format, columns, suggested mapping, and what to look at first."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl

from core.kernel.clock import Clock
from core.kernel.workers import PARSING, Progress, report_progress, run_in_worker
from core.signals import adapters, aliases, readers
from core.signals.adapters.adapter import Adapter
from core.signals.adapters.plain import PLAIN
from core.signals.adapters.records import translated
from core.signals.columns import without_nulls
from core.signals.guesses import guesses
from core.signals.lead_rows import PLACEHOLDERS, without_placeholders
from core.signals.mapping import suggested_map
from core.signals.personal import PersonalMembers, personal_columns
from core.signals.raw import Raw, ReadOptions
from core.signals.typed_text import AmbiguousDates, as_text, looks_like_time, moments, typed

CATEGORY_LIMIT = 50
HIDDEN = "(personal)"


@dataclass(frozen=True)
class Looked:
    """A file as inspection sees it: `values` are the columns in their own types, placeholders missing; `times` those
    that are times, as moments; `held` the placeholders met; `personal` columns with the reason; `kind` is events,
    leads, outcomes or reps; `infinite` and `unread_times` count such values by column.
    """

    raw: Raw
    kind: str
    fields: dict[str, str]
    values: dict[str, pl.Series]
    times: dict[str, pl.Series]
    held: dict[str, dict[str, int]]
    personal: dict[str, str]
    infinite: dict[str, int]
    now: datetime
    unread_times: dict[str, int] = field(default_factory=dict)
    adapters: tuple[Adapter, ...] = ()

    @property
    def adapter(self) -> Adapter | None:
        """The adapter that reads the file, None where several could."""
        return None if len(self.adapters) > 1 else next(iter(self.adapters), PLAIN)

    def column(self, name: str) -> pl.Series | None:
        """The values of the column that the suggested mapping gives to a field, or None."""
        found = self.fields.get(name)
        return None if found is None else self.values[found]


def inspect(
    path: Path | str,
    clock: Clock,
    *,
    format: str | None = None,
    progress: Progress | None = None,
    cancel: Event | None = None,
) -> dict[str, Any]:
    """path, format, adapter, kind, rows, columns, suggested_map, time_columns and findings; no store is needed.

    `adapter` is the source that the records are read by, null where several fit and `format` must say which;
    `schema_versions` are those that the events say they are written in.

    Raises the readers' refusals.
    """
    options = ReadOptions(format=format)
    return run_in_worker(
        inspect_file, str(path), options, clock.now(), limits=PARSING, progress=progress, cancel=cancel
    )


def inspect_file(path: str, options: ReadOptions, now: datetime) -> dict[str, Any]:
    """The same, in this process."""
    from core.signals.findings import all_findings

    raw = readers.read(Path(path), options)
    report_progress(0.4, f"{raw.read:,} records read")
    looked = look(raw, now, options.format)
    report_progress(0.8, "columns read")
    return {
        "path": path,
        "format": raw.format,
        "adapter": looked.adapter and looked.adapter.name,
        "schema_versions": _versions(looked),
        "kind": looked.kind,
        "rows": raw.read,
        "columns": [_column(looked, name) for name in raw.columns],
        "suggested_map": _suggested(looked),
        "time_columns": list(looked.times),
        "findings": [finding.to_json() for finding in all_findings(looked)],
    }


def look(raw: Raw, now: datetime, given: str | None = None) -> Looked:
    """The file's columns in their own types, with what stands out of each; `given` may name the adapter."""
    fits = (adapters.BY_NAME[given],) if given in adapters.BY_NAME else tuple(adapters.fitting(raw))
    values: dict[str, pl.Series] = {}
    held: dict[str, dict[str, int]] = {}
    infinite: dict[str, int] = {}
    for name in raw.columns:
        column, met = without_placeholders(without_nulls(raw.frame[name]), PLACEHOLDERS)
        found = typed(column, raw.textual)
        values[name] = found.values
        if met:
            held[name] = met
        if found.infinite is not None:
            infinite[name] = int(found.infinite.sum())
    kind = _kind(raw, fits)
    fields = _first_columns(raw, kind, fits)
    times, unread = _times(values)
    personal = personal_columns(raw.frame, raw.columns, ())
    return Looked(raw, kind, fields, values, times, held, personal, infinite, now, unread, fits)


def _versions(looked: Looked) -> list[int]:
    """The schema versions that the first records say they are written in; 1 where they say none."""
    raw, adapter = looked.raw, looked.adapter
    if adapter is None or looked.kind != "events":
        return []
    if adapter.translate:
        said = translated(replace(raw, frame=raw.frame.head(adapters.FIRST_RECORDS)), adapter).raw.frame[
            "schema_version"
        ]
    else:
        column = looked.column("schema_version")
        said = pl.Series([None] if column is None else column.cast(pl.String), dtype=pl.String)
    return sorted(set(said.cast(pl.Int16, strict=False).fill_null(1)))


def _suggested(looked: Looked) -> dict[str, Any]:
    known = suggested_map(looked.raw.columns, looked.kind) | _preferred(looked.raw, looked.kind, looked.adapters)
    return known | guesses(looked.kind, known, looked.values, list(looked.times))


def _preferred(raw: Raw, kind: str, fits: tuple[Adapter, ...]) -> dict[str, str]:
    """Field → the column that the source is known to give it in."""
    known = fits[0].fields.get(kind, {}) if len(fits) == 1 else {}
    found = {name: next((one for one in names if one in raw.columns), None) for name, names in known.items()}
    return {name: column for name, column in found.items() if column}


def _kind(raw: Raw, fits: tuple[Adapter, ...]) -> str:
    if any(adapter.translate for adapter in fits):
        return "events"
    found = aliases.suggest(raw.columns, "events")
    if raw.format == "xes" or all(name in found for name in aliases.REQUIRED["events"]):
        return "events"
    rep = aliases.suggest(raw.columns, "reps")
    if {"assignee", "pool"} <= rep.keys() and {"per_day", "max_open"} & rep.keys():
        return "reps"
    others = {kind: aliases.suggest(raw.columns, kind) for kind in ("leads", "outcomes")}
    known = next((kind for kind, fields in others.items() if "lead_id" in fields), None)
    return known or _kind_without_lead(found, others["outcomes"])


def _kind_without_lead(events: Collection[str], outcomes: Collection[str]) -> str:
    """By the fields that were found beside a lead's id that no alias knows."""
    if {"type", "occurred_at"} <= set(events):
        return "events"
    return "outcomes" if {"outcome", "at"} <= set(outcomes) else "leads"


def _first_columns(raw: Raw, kind: str, fits: tuple[Adapter, ...]) -> dict[str, str]:
    found = {name: columns[0] for name, columns in aliases.suggest(raw.columns, kind).items()}
    return found | _preferred(raw, kind, fits)


def _times(values: dict[str, pl.Series]) -> tuple[dict[str, pl.Series], dict[str, int]]:
    times: dict[str, pl.Series] = {}
    unread: dict[str, int] = {}
    for name, column in values.items():
        if not looks_like_time(column):
            continue
        read = _attempt(lambda column=column: moments(column))
        if read is not None:
            times[name] = read
            unread[name] = read.null_count() - column.null_count()
    return times, unread


def _attempt(read: Callable[[], pl.Series]) -> pl.Series | None:
    try:
        return read()
    except AmbiguousDates:
        return None


def _column(looked: Looked, name: str) -> dict[str, Any]:
    values = looked.values[name]
    present = values.drop_nulls()
    return {
        "name": name,
        "type": _type(looked, name, present),
        "missing": values.null_count(),
        "distinct": present.n_unique(),
        "example": HIDDEN if name in looked.personal else _example(looked, name, present.head(1)),
    }


def _example(looked: Looked, name: str, first: pl.Series) -> str | None:
    """The first value as text, an object without its personal members."""
    parted = PersonalMembers.of(first, ()) if name in looked.raw.json_columns else None
    return (as_text(first if parted is None else parted.rest).to_list() or [None])[0]


def _type(looked: Looked, name: str, present: pl.Series) -> str:
    if present.is_empty():
        return "empty"
    if name in looked.times:
        return "time"
    if present.dtype == pl.Boolean:
        return "boolean"
    if present.dtype.is_numeric():
        return "number"
    if name in looked.raw.json_columns:
        return "json"
    return "category" if present.n_unique() <= max(CATEGORY_LIMIT, len(present) // 100) else "text"
