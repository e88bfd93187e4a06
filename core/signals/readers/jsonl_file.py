"""JSON lines, one array of objects, or one object over several lines: values keep the types they are written with."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from core.signals.errors import FileEmpty, FileUnreadable
from core.signals.raw import Raw, ReadOptions, rejects, split_long_fields, with_rows
from core.signals.readers.opening import open_bounded, sample_text

LARGEST_WHOLE = 2**63
LARGEST_EXACT = 2**53


def read(path: Path, options: ReadOptions) -> Raw:
    """The objects of the file; a column of mixed or nested values holds JSON text."""
    with open_bounded(path, options.max_bytes) as stream:
        start = sample_text(stream, path).lstrip()
        whole = start.startswith("[") or start.partition("\n")[0].strip() == "{"
        records = _array(stream, path) if whole else _lines(stream, options.max_field_bytes)
        raw = collected(records, options.textual)
    if not raw.read:
        raise FileEmpty(path)
    kept, long = split_long_fields(raw.frame, options.max_field_bytes)
    return replace(raw, frame=kept, rejects=pl.concat([raw.rejects, long]))


def collected(records: Iterable[tuple[dict[str, Any] | None, str, str]], textual: bool) -> Raw:
    """The objects as one frame; where one could not be read, (None, why, its text) is among the rejects."""
    columns: dict[str, list[Any]] = {}
    bad: list[tuple[int, str, str, str | None, str]] = []
    count = 0
    for number, (record, detail, raw) in enumerate(records, 1):
        if record is None:
            bad.append((number, "unparsed_row", detail, None, raw))
            continue
        for name, value in record.items():
            held = columns.setdefault(name, [])
            held.extend([None] * (count - len(held)))
            held.append(value)
        count += 1
    series, nested = _series(columns, count)
    frame = with_rows(pl.DataFrame(series), {row for row, *_ in bad})
    return Raw(frame, rejects(bad), "jsonl", textual=textual, json_columns=nested)


def _lines(stream: io.BufferedReader, limit: int) -> Iterator[tuple[dict[str, Any] | None, str, str]]:
    first = True
    for line in stream:
        text = line.decode("utf-8-sig" if first else "utf-8", errors="replace").strip()
        first = False
        if not text:
            continue
        if len(line) > 8 * limit:
            yield None, f"a line of {len(line):,} bytes is longer than {8 * limit:,}", text
            continue
        yield _record(text)


def _record(text: str) -> tuple[dict[str, Any] | None, str, str]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return None, f"not JSON: {error}", text
    if not isinstance(value, dict):
        return None, f"a {type(value).__name__} where an object is expected", text
    return value, "", text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _array(stream: io.BufferedReader, path: Path) -> Iterator[tuple[dict[str, Any] | None, str, str]]:
    try:
        items = json.loads(stream.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(
            path, f"`{path}` is not JSON: {error}", "Write one object a line, or one array."
        ) from error
    for item in items if isinstance(items, list) else [items]:
        text = json.dumps(item, ensure_ascii=False)
        yield (item, "", text) if isinstance(item, dict) else (None, "not an object", text)


def _series(columns: dict[str, list[Any]], count: int) -> tuple[list[pl.Series], frozenset[str]]:
    series, nested = [], set()
    for name, values in columns.items():
        values.extend([None] * (count - len(values)))
        dtype = _common_type(values)
        if dtype is None:
            nested.add(name)
            values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        series.append(pl.Series(name, values, dtype=dtype or pl.String))
    return series, frozenset(nested)


def _common_type(values: list[Any]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds or kinds == {str}:
        return pl.String
    if kinds == {bool}:
        return pl.Boolean
    if kinds == {int}:
        return pl.Int64 if all(v is None or abs(v) < LARGEST_WHOLE for v in values) else None
    exact = all(type(v) is not int or abs(v) <= LARGEST_EXACT for v in values)
    return pl.Float64 if kinds <= {int, float} and exact else None
