"""Spans as JSON lines in DIR/traces, in files that are followed by a new one when full; the oldest go."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.kernel.telemetry.names import Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

FILE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class SpanRow:
    """One finished span: times in microseconds since 1970 UTC and of duration; `links` are other traces' ids."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_us: int
    us: int
    failed: bool
    attributes: dict[str, Value]
    links: tuple[str, ...]


class TraceFiles:
    """The folder of trace files, appended to by one process; at most `total_bytes` of them are kept."""

    def __init__(self, folder: Path, total_bytes: int, file_bytes: int = FILE_BYTES) -> None:
        self.folder = folder
        self._file_bytes = file_bytes
        self._most = max(2, total_bytes // file_bytes)

    def export(self, spans: "Sequence[ReadableSpan]") -> Any:
        """Append the spans; raises OSError, e.g. on a full disk."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        self.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(asdict(row(span)), separators=(",", ":")) + "\n" for span in spans)
        with self._current(len(lines)).open("a", encoding="utf-8") as stream:
            stream.write(lines)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return True

    def _current(self, coming: int) -> Path:
        found = files(self.folder)
        if found and found[-1].stat().st_size + coming <= self._file_bytes:
            return found[-1]
        for old in found[: max(0, len(found) + 1 - self._most)]:
            old.unlink(missing_ok=True)
        number = int(found[-1].stem.removeprefix("spans-")) + 1 if found else 1
        return self.folder / f"spans-{number:06d}.jsonl"


def files(folder: Path) -> list[Path]:
    """The trace files, oldest first."""
    return sorted(folder.glob("spans-*.jsonl"))


def row(span: "ReadableSpan") -> SpanRow:
    """A finished span as a row."""
    context, start, end = span.get_span_context(), span.start_time or 0, span.end_time or 0
    assert context is not None
    return SpanRow(
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else None,
        span.name,
        start // 1000,
        (end - start) // 1000,
        not span.status.is_ok,
        {name: value for name, value in (span.attributes or {}).items() if isinstance(value, str | int | float)},
        tuple(f"{link.context.trace_id:032x}" for link in span.links),
    )


def of_trace(folder: Path, trace_id: str) -> list[SpanRow]:
    """The spans of a trace and of the traces linked to it, in order of their start."""
    kept = files(folder)
    newest = next(
        (place for place in reversed(range(len(kept))) if trace_id.encode() in kept[place].read_bytes()), None
    )
    if newest is None:
        return []
    searched = kept[max(0, newest - 1) : newest + 1]
    own = [one for path in searched for one in _read(path, trace_id)]
    joined = {one.trace_id for one in own} - {trace_id}
    found = own + [one for other in joined for path in searched for one in _read(path, other)]
    return sorted({one.span_id: one for one in found}.values(), key=lambda one: (one.start_us, -one.us))


def _read(path: Path, wanted: str) -> Iterator[SpanRow]:
    needle = wanted.encode()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    start = 0
    while (found := content.find(needle, start)) >= 0:
        line_start = content.rfind(b"\n", 0, found) + 1
        line_end = content.find(b"\n", found)
        start = len(content) if line_end < 0 else line_end
        if line_end >= 0:
            told = json.loads(content[line_start:line_end])
            yield SpanRow(**told | {"links": tuple(told["links"])})
