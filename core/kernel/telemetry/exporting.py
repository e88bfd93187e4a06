"""Finished spans on their way out: a bounded queue that never blocks and counts what it drops, and one thread."""

import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult

from core.kernel.settings import Settings
from core.kernel.telemetry.trace_files import TraceFiles

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

QUEUE_SPANS = 100_000
"""Room for the spans of several seconds of full load; a default queue (2,048) loses a tenth of a burst of 4,000."""
BATCH_SPANS = 2_000
MIB = 2**20
PAUSE_SECONDS = 0.2


class Exporting(SpanProcessor):
    """Hands finished spans to an exporter in a thread of its own."""

    def __init__(self, exporter: "SpanExporter", room: int = QUEUE_SPANS) -> None:
        self._exporter = exporter
        self._room = room
        self._waiting: deque[ReadableSpan] = deque()
        self._exporting = threading.Lock()
        self._ending = threading.Event()
        self.dropped = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="span-export", daemon=True)
        self._thread.start()

    def on_end(self, span: "ReadableSpan") -> None:
        """Queue a finished span; counted as dropped where there is no room."""
        if len(self._waiting) >= self._room:
            self.dropped += 1
        else:
            self._waiting.append(span)

    def shutdown(self) -> None:
        """Write what waits and end the thread."""
        self._ending.set()
        self._thread.join(5)
        self.force_flush()
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Write what waits now."""
        with self._exporting:
            while self._waiting:
                self._send()
        return True

    def _run(self) -> None:
        while not self._ending.wait(PAUSE_SECONDS):
            self.force_flush()

    def _send(self) -> None:
        spans = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_SPANS))]
        try:
            sent = self._exporter.export(spans) is SpanExportResult.SUCCESS
        except OSError:
            sent = False
        if not sent:
            self.failed += len(spans)


def exporters(folder: Path, settings: Settings) -> list["SpanExporter"]:
    """Where finished spans go: files, and the collector at the set address."""
    found: list[Any] = [TraceFiles(folder, settings.trace_mib * MIB)]
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        found.append(OTLPSpanExporter(endpoint=settings.otlp_endpoint))
    return found
