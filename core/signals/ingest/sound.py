"""Records that no check of the gate could hold back or change: most are, and it is seen at a glance.

The gate works on columns, which costs ten milliseconds for one event as for a thousand. Where every record of a group
is sound the rows are made straight from their values; any doubt sends the whole group through the gate.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.times import naive
from core.signals.adapters.segment import PERSONAL
from core.signals.checks import EARLIEST, LONGEST_ID, TOLERANCE
from core.signals.columns import NULLS
from core.signals.event_rows import SOURCES, TEXTS, without_personal
from core.signals.ingest.parcels import COLUMNS, Record
from core.signals.raw import ROW

Place = tuple[int, Record]
NAMES = tuple(COLUMNS)
AT = {name: NAMES.index(name) for name in NAMES}
PLAIN_TEXTS = tuple(AT[name] for name in NAMES if name not in ("properties", "context", "occurred_at"))
NAMES_ANOTHER = re.compile(r'"(corrects|retracts)"')
HIGHEST_VERSION = 32_767
Values = dict[str, list[Any]]


def sound_rows(places: Sequence[Place], now: datetime) -> pl.DataFrame | None:
    """The rows that `event_rows` would make of the records, None where one of them is not sound."""
    moment = naive(now)
    rows = [record.values for _, record in places]
    if not all(_is_sound(values, moment) for values in rows):
        return None
    columns = dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))
    frame = _frame(columns, moment)
    for field in ("properties", "context"):
        frame, _ = without_personal(frame, field, PERSONAL)
    return frame


def _is_sound(values: Sequence[Any], now: datetime) -> bool:
    """Whether its texts are trimmed and short, its ids, type and source given, and its time possible."""
    lead = values[AT["lead_id"]] or values[AT["anonymous_id"]]
    if not lead or "@" in lead or not values[AT["event_id"]] or not values[AT["type"]]:
        return False
    occurred, version = values[AT["occurred_at"]], values[AT["schema_version"]]
    if occurred is not None and not EARLIEST <= occurred <= now + TOLERANCE:
        return False
    if values[AT["source"]] not in SOURCES or not (version is None or _is_version(version)):
        return False
    if NAMES_ANOTHER.search(values[AT["context"]] or ""):
        return False
    return all(values[at] is None or _is_trimmed(values[at]) for at in PLAIN_TEXTS)


def _is_trimmed(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text == text.strip() and text not in NULLS


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= HIGHEST_VERSION


def _frame(columns: Values, now: datetime) -> pl.DataFrame:
    height = len(columns["event_id"])
    columns["lead_id"] = [
        lead or anonymous for lead, anonymous in zip(columns["lead_id"], columns["anonymous_id"], strict=True)
    ]
    occurred = [now if moment is None else moment for moment in columns["occurred_at"]]
    versions = [1 if text is None else int(text) for text in columns["schema_version"]]
    texts = [pl.Series(name, columns.get(name, [None] * height), dtype=pl.String) for name in TEXTS]
    times = [pl.Series(name, occurred, dtype=pl.Datetime("us")) for name in ("occurred_at", "received_at")]
    objects = [pl.Series(name, columns[name], dtype=pl.String) for name in ("properties", "context")]
    rows = pl.Series(ROW, range(1, height + 1), dtype=pl.Int64)
    return pl.DataFrame([rows, *texts, *times, pl.Series("schema_version", versions, dtype=pl.Int16), *objects])
