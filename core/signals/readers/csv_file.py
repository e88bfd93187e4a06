"""Delimited text: the delimiter is found, every column is text, rows with a wrong number of fields are set aside."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import polars as pl

from core.signals.errors import FileEmpty, FileUnreadable, WrongEncoding
from core.signals.raw import ROW, Raw, ReadOptions, Reject, rejects, row_texts, split_long_fields, with_rows
from core.signals.readers.opening import Bounded, open_bounded, sample_text

DELIMITERS = (",", ";", "\t", "|")
BLOCK = 64 * 2**20
OPEN_QUOTE_LINES = 3


def read(path: Path, options: ReadOptions) -> Raw:
    """The records of a CSV file, every column as text, empty fields as missing."""
    with open_bounded(path, options.max_bytes) as stream:
        text = sample_text(stream, path)
        delimiter = options.delimiter or sniff_delimiter(text)
        names = header(text, delimiter)
        table, bad = _parse(stream, path, names, delimiter)
        odd = isinstance(stream.raw, Bounded) and stream.raw.quotes % 2 == 1
    frame = with_rows(_blank_to_null(table), {row for row, *_ in bad})
    frame, bad = _without_open_quote(frame, bad) if odd else (frame, bad)
    if frame.is_empty() and not bad:
        raise FileEmpty(path)
    kept, long = split_long_fields(_without_nameless(frame, names), options.max_field_bytes)
    return Raw(kept, pl.concat([rejects(bad), long]), "csv", textual=True)


def _without_open_quote(frame: pl.DataFrame, bad: list[Reject]) -> tuple[pl.DataFrame, list[Reject]]:
    """Set the last record aside where a quote that was never closed has made it swallow the lines after it."""
    last = frame.tail(1)
    lines = sum((text or "").count("\n") for text in last.drop(ROW).row(0)) if last.height else 0
    if not lines:
        return frame, bad
    detail = f"a quote is never closed, so {lines + 1:,} lines became one record"
    return frame.head(-1), [*bad, (last[ROW][0], "open_quote", detail, None, row_texts(last)[0])]


def sniff_delimiter(text: str) -> str:
    """The delimiter that splits the first records into the most fields, alike in number."""

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _first_rows(text, delimiter) if row]
        width = widths[0] if widths else 1
        alike = sum(1 for each in widths if each == width) / max(1, len(widths))
        return (alike if width > 1 else 0.0, width)

    return max(DELIMITERS, key=fit)


def header(text: str, delimiter: str) -> list[str]:
    """The column names: nameless ones as `column_N`, repeated ones numbered."""
    first = next((row for row in _first_rows(text, delimiter) if row), [])
    names: list[str] = []
    for position, cell in enumerate(first, 1):
        name = wanted = cell.strip() or f"column_{position}"
        count = 1
        while name in names:
            count += 1
            name = f"{wanted}_{count}"
        names.append(name)
    return names


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    return [row for row, _ in zip(rows, range(50), strict=False)]


def _parse(
    stream: io.BufferedReader, path: Path, names: list[str], delimiter: str
) -> tuple[pl.DataFrame, list[Reject]]:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    bad: list[Reject] = []

    def set_aside(row: Any) -> str:
        detail = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        if (lines := row.text.count("\n")) >= OPEN_QUOTE_LINES:
            detail += f"; it runs over {lines + 1:,} lines: is a quote left open?"
        bad.append((row.number - 1, "wrong_field_count", detail, None, row.text))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                column_names=names, skip_rows_after_names=1, use_threads=False, block_size=BLOCK
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=set_aside
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _refusal(path, str(error)) from error
    return pl.DataFrame(pl.from_arrow(table)), bad


def _refusal(path: Path, reason: str) -> Exception:
    if "UTF8" in reason or "UTF-8" in reason:
        row = re.search(r"Row #(\d+)", reason)
        return WrongEncoding(path, "something else (bytes that are no UTF-8)", int(row[1]) if row else None)
    if "Empty CSV" in reason:
        return FileEmpty(path)
    return FileUnreadable(path, f"`{path}` is not delimited text: {reason}", "Check its quotes and its delimiter.")


def _blank_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in frame.columns]
    return frame.with_columns(texts)


def _without_nameless(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    empty = [
        name
        for position, name in enumerate(names, 1)
        if name == f"column_{position}" and frame[name].null_count() == frame.height
    ]
    return frame.drop(empty)
