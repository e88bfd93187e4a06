"""XES event logs (IEEE 1849), streamed; entities and document types are refused.

Events become rows with the columns case_id, activity, lifecycle, ts, resource and any further attribute; for leads, one
row a trace with its own attributes.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from defusedxml.common import DefusedXmlException, DTDForbidden, EntitiesForbidden

from core.signals.errors import FileEmpty, FileUnreadable, UnsafeXml
from core.signals.raw import ROW, Raw, ReadOptions, no_rejects, split_long_fields, with_rows
from core.signals.readers.opening import open_bounded, sample_text

NAMES = {
    "concept:name": "activity",
    "lifecycle:transition": "lifecycle",
    "org:resource": "resource",
    "time:timestamp": "ts",
}
CASE = "case_id"
CONCEPT = "concept:name"
VALUE_KINDS = ("string", "date", "int", "float", "boolean", "id")


def read(path: Path, options: ReadOptions) -> Raw:
    """The events of the log, or its traces where `options.kind` is leads; every value as text."""
    with open_bounded(path, options.max_bytes) as stream:
        sample_text(stream, path)
        collect = _traces if options.kind == "leads" else _events
        columns, count = collect(_parsed(stream, path))
    if not count:
        raise FileEmpty(path)
    frame = with_rows(
        pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()}), set()
    )
    frame = frame.select(CASE, *(name for name in frame.columns if name not in (CASE, ROW)), ROW)
    kept, long = split_long_fields(frame, options.max_field_bytes)
    return Raw(kept, pl.concat([no_rejects(), long]), "xes", textual=True)


def _parsed(stream: io.BufferedReader, path: Path) -> Iterator[Element]:
    try:
        yield from _trace_elements(stream)
    except EntitiesForbidden as error:
        raise UnsafeXml(path, f"the entity `{error.name}`") from error
    except DTDForbidden as error:
        raise UnsafeXml(path, f"the document type `{error.name}`") from error
    except DefusedXmlException as error:
        raise UnsafeXml(path, str(error)) from error
    except ParseError as error:
        line = error.position[0]
        raise FileUnreadable(
            path, f"`{path}` is not well-formed XML: {error}", "Export the log again.", line
        ) from error


def _trace_elements(stream: io.BufferedReader) -> Iterator[Element]:
    from defusedxml.ElementTree import iterparse

    root: Element | None = None
    depth = 0
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=False):
        if event == "start":
            root = element if root is None else root
            depth += 1
            continue
        depth -= 1
        if depth == 1:
            if _local(element.tag) == "trace":
                yield element
            assert root is not None
            root.clear()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    for child in element:
        if _local(child.tag) in VALUE_KINDS:
            key, value = child.get("key"), child.get("value")
            if key and value:
                yield key, value


def _events(traces: Iterator[Element]) -> tuple[dict[str, list[Any]], int]:
    columns: dict[str, list[Any]] = {CASE: [], "activity": [], "lifecycle": [], "ts": [], "resource": []}
    count = 0
    for trace in traces:
        case = next((value for key, value in _attributes(trace) if key == CONCEPT), None)
        for event in trace:
            if _local(event.tag) == "event":
                _put(columns, count, {CASE: case, **{_event_name(k): v for k, v in _attributes(event)}})
                count += 1
    return _filled(columns, count), count


def _event_name(key: str) -> str:
    return NAMES.get(key, key)


def _traces(traces: Iterator[Element]) -> tuple[dict[str, list[Any]], int]:
    columns: dict[str, list[Any]] = {CASE: []}
    count = 0
    for trace in traces:
        _put(columns, count, {CASE if key == CONCEPT else key: value for key, value in _attributes(trace)})
        count += 1
    return _filled(columns, count), count


def _put(columns: dict[str, list[Any]], count: int, record: dict[str, Any]) -> None:
    for name, value in record.items():
        held = columns.setdefault(name, [])
        if len(held) < count:
            held.extend([None] * (count - len(held)))
        held.append(value)


def _filled(columns: dict[str, list[Any]], count: int) -> dict[str, list[Any]]:
    for values in columns.values():
        values.extend([None] * (count - len(values)))
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}
