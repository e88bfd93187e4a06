"""What a reader hands on: the records of a file as a frame, and those that could not be read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

ROW = "__row"
RAW_LIMIT = 65_536
LIVE = "live:"
"""What the paths of batches begin with that came over HTTP."""
REJECTS = {"row_no": pl.Int64, "code": pl.String, "detail": pl.String, "lead_id": pl.String, "raw": pl.String}
Reject = tuple[int, str, str, str | None, str]
FORMATS = ("csv", "jsonl", "parquet", "xes")
ADAPTERS = (
    "segment", "rudderstack", "cloudevents", "snowplow", "posthog", "ga4", "salesforce", "hubspot", "generic",
)  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """The records of one file.

    `frame` has the file's columns and `__row`, the record's number from 1. `textual` says that every column is text
    whose type is still to be found; `json_columns` name the columns that hold JSON text. `rejects` are records that
    could not be read, with code, detail and raw text (at most 64 KiB each). `originals` are the records as they stand
    in the file where an adapter has made `frame` of them.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    format: str
    textual: bool
    json_columns: frozenset[str] = frozenset()
    originals: pl.DataFrame | None = None

    @property
    def columns(self) -> list[str]:
        """The file's own columns, in its order."""
        return [name for name in self.frame.columns if name != ROW]

    @property
    def read(self) -> int:
        """The number of records met, unreadable ones included."""
        return self.frame.height + self.rejects.height


@dataclass(frozen=True)
class ReadOptions:
    """How to read: kind is events, leads or outcomes; bounds in bytes; a delimiter only where it cannot be guessed.

    `textual` says that text values of JSON lines come from a file without types.
    """

    kind: str = "events"
    format: str | None = None
    delimiter: str | None = None
    max_field_bytes: int = 1_000_000
    max_bytes: int = 16 * 2**30
    textual: bool = False


def no_rejects() -> pl.DataFrame:
    """An empty frame of rejected records."""
    return pl.DataFrame(schema=REJECTS)


def rejects(rows: Sequence[Reject]) -> pl.DataFrame:
    """A frame of rejected records from (row_no, code, detail, lead_id, raw)."""
    cut = [(row, code, detail, lead, raw[:RAW_LIMIT]) for row, code, detail, lead, raw in rows]
    return pl.DataFrame(cut, schema=REJECTS, orient="row")


def with_rows(frame: pl.DataFrame, unreadable: set[int]) -> pl.DataFrame:
    """The frame with `__row`: numbers from 1 that leave out the unreadable records' numbers."""
    total = frame.height + len(unreadable)
    numbers = pl.Series(ROW, range(1, total + 1), dtype=pl.Int64)
    if unreadable:
        numbers = numbers.filter(~numbers.is_in(sorted(unreadable)))
    return frame.with_columns(numbers)


def row_texts(frame: pl.DataFrame) -> list[str]:
    """Each record of the frame as one JSON object, missing values as null, at most 64 KiB."""
    columns = [name for name in frame.columns if name != ROW]
    return [
        json.dumps(row, default=str, ensure_ascii=False)[:RAW_LIMIT]
        for row in frame.select(columns).iter_rows(named=True)
    ]


def split_long_fields(frame: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records whose every text is at most `limit` bytes, and the others as rejects."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    too_long = [name for name in texts if (frame[name].str.len_bytes().max() or 0) > limit]  # type: ignore[operator]
    if not too_long:
        return frame, no_rejects()
    bad = pl.any_horizontal(pl.col(name).str.len_bytes().fill_null(0) > limit for name in too_long)
    held = frame.filter(bad)
    rows = [
        (row, "field_too_long", f"a value of {_longest(held, row, too_long)} is longer than {limit:,} bytes", None, raw)
        for row, raw in zip(held[ROW], row_texts(held), strict=True)
    ]
    return frame.filter(~bad), rejects(rows)


def _longest(held: pl.DataFrame, row: int, names: list[str]) -> str:
    record = held.filter(pl.col(ROW) == row).row(0, named=True)
    return f"`{max(names, key=lambda name: len(record[name] or ''))}`"
