"""Records through an adapter: those of a file, or those of a request; both come out as the same canonical columns."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from core.signals.adapters.adapter import Adapter, Canonical, Record, RecordUnfit
from core.signals.adapters.values import text
from core.signals.columns import without_nulls
from core.signals.raw import RAW_LIMIT, ROW, Raw, Reject, rejects
from core.signals.readers.jsonl_file import collected
from core.signals.typed_text import typed

TEXTS = (
    "event_id", "lead_id", "anonymous_id", "account_id", "session_id", "source", "type", "occurred_at", "received_at",
    "region", "schema_version", "trace_id",
)  # fmt: skip
OBJECTS = ("properties", "context")
LINKS = {ROW: pl.Int64, "from_id": pl.String, "into_id": pl.String, "origin": pl.String}
DEEPEST = 64


@dataclass(frozen=True)
class Translation:
    """What an adapter made of records: `raw` has the canonical columns, `traits` (dotted name → values) and `links`
    (__row, from_id, into_id, origin) belong to them by `__row`.
    """

    raw: Raw
    traits: list[tuple[int, dict[str, Any]]]
    links: pl.DataFrame

    @classmethod
    def plain(cls, raw: Raw) -> "Translation":
        """Records whose columns are mapped as they are: they say nothing of traits and links."""
        return cls(raw, [], pl.DataFrame(schema=LINKS))


def records_of(raw: Raw, most: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The file's records as objects, each with its number: missing members left out, dotted columns nested."""
    frame = raw.frame if most is None else raw.frame.head(most)
    if raw.textual:
        frame = frame.with_columns(typed(without_nulls(frame[name])).values.alias(name) for name in raw.columns)
    for row in frame.iter_rows(named=True):
        number = row.pop(ROW)
        present = ((name, value) for name, value in row.items() if value is not None)
        yield number, _nested({n: json.loads(v) if n in raw.json_columns else v for n, v in present})


def _nested(record: dict[str, Any]) -> dict[str, Any]:
    """Columns such as `context.page.path` as members of objects, where the object itself is no column."""
    for name in [name for name in record if "." in name and name.partition(".")[0] not in record]:
        value, *path, last = record.pop(name), *name.split(".")
        inner = record
        for part in path:
            inner = inner.setdefault(part, {})
        if isinstance(inner, dict):
            inner[last] = value
    return record


def translated(raw: Raw, adapter: Adapter) -> Translation:
    """The records of a file through the adapter; those that it cannot take are among the rejects."""
    whole = raw if adapter.parts is None or adapter.parts not in raw.columns else _expanded(raw, adapter)
    return translate(records_of(whole), adapter, whole)


def _expanded(raw: Raw, adapter: Adapter) -> Raw:
    """The file with each record that carries several as that many records of its own."""
    items: list[Record] = []
    bad: list[Reject] = []
    for number, record in records_of(raw):
        try:
            items += adapter.expand(record)
        except RecordUnfit as unfit:
            bad.append((number, unfit.code, unfit.detail, None, _shown(record)))
    parted = collected(((dict(item), "", "") for item in items), textual=False)
    return replace(parted, format=raw.format, rejects=pl.concat([raw.rejects, rejects(bad)]))


def received(records: Iterable[Record], adapter: Adapter, at: datetime) -> list[Record]:
    """Records that a request brought, parted where one carries several, with the receiver's time in its member."""
    stamped = {adapter.received: text(at)} if adapter.received else {}
    return [{**one, **stamped} for record in records for one in adapter.expand(record)]


def translate(numbered: Iterable[tuple[int, Record]], adapter: Adapter, raw: Raw | None = None) -> Translation:
    """The numbered records as canonical columns; `raw` is the file that they come from."""
    columns: dict[str, list[Any]] = {name: [] for name in (ROW, *TEXTS, *OBJECTS)}
    traits: list[tuple[int, dict[str, Any]]] = []
    links: list[tuple[int, str, str, str]] = []
    bad: list[Reject] = []
    for number, record in numbered:
        try:
            found = _canonical(adapter, record)
            _append(columns, number, found)
        except RecordUnfit as unfit:
            bad.append((number, unfit.code, unfit.detail, None, _shown(record)))
            continue
        if found.traits:
            traits.append((number, dict(found.traits)))
        links += [(number, link.from_id, link.into_id, link.origin) for link in found.links]
    frame = pl.DataFrame(columns, schema={ROW: pl.Int64, **dict.fromkeys((*TEXTS, *OBJECTS), pl.String)})
    made = Raw(frame, rejects(bad), "records", textual=False, originals=None)
    if raw is not None:
        made = replace(made, format=raw.format, rejects=pl.concat([raw.rejects, made.rejects]), originals=raw.frame)
    return Translation(made, traits, pl.DataFrame(links, schema=LINKS, orient="row"))


def _canonical(adapter: Adapter, record: Record) -> Canonical:
    if adapter.translate is None:
        raise RecordUnfit("unparsed_row", f"`{adapter.name}` has no records of its own")
    return adapter.translate(record)


def _append(columns: dict[str, list[Any]], number: int, found: Canonical) -> None:
    texts = [_unicode(text(found.event.get(name))) for name in TEXTS]
    objects = [_json(found.event.get(name)) for name in OBJECTS]
    for name, value in zip(columns, (number, *texts, *objects), strict=True):
        columns[name].append(value)


def _unicode(value: str | None) -> str | None:
    try:
        return value if value is None or value.encode() is not None else None
    except UnicodeEncodeError as error:
        raise RecordUnfit("unparsed_row", "it has half a character (a lone surrogate)") from error


def _json(value: Mapping[str, Any] | None) -> str | None:
    if not value:
        return None
    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=text)
    except ValueError as error:
        raise RecordUnfit("not_finite", "a number is not finite") from error
    except RecursionError as error:
        raise RecordUnfit("unparsed_row", f"it is nested more than {DEEPEST} deep") from error
    if _depth(written) > DEEPEST:
        raise RecordUnfit("unparsed_row", f"it is nested more than {DEEPEST} deep")
    return _unicode(written)


def _depth(written: str) -> int:
    """How deep the JSON text is nested; text with few brackets is not looked through."""
    if written.count("{") + written.count("[") <= DEEPEST:
        return 0
    deepest = depth = 0
    for mark in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", written)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _shown(record: Record) -> str:
    written = json.dumps(record, ensure_ascii=True, default=str)
    return written[:RAW_LIMIT]
