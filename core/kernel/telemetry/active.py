"""The telemetry of this process: off until `start`, and then one tracer, one set of measures and one log."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.kernel.settings import Settings
from core.kernel.telemetry.measures import Measures
from core.kernel.telemetry.spans import NOTHING, OpenSpan, RecordedSpan, links_to, parent_context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from core.kernel.telemetry.exporting import Exporting

STAGE_SECONDS, STAGE_ERRORS = "stage_seconds", "stage_errors"


class Telemetry:
    """What records the spans, measures and logs of one store's server."""

    def __init__(
        self,
        folder: Path,
        provider: "TracerProvider",
        exporting: "Sequence[Exporting]",
        log: Callable[..., None],
        close_log: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.measures = Measures()
        self.log = log
        self._close_log = close_log
        self._provider = provider
        self._exporting = exporting
        self._tracer = provider.get_tracer("leadbench")

    @property
    def dropped(self) -> int:
        """Finished spans for which there was no room in a queue."""
        return sum(one.dropped for one in self._exporting)

    @property
    def unsent(self) -> int:
        """Finished spans that could not be written or sent."""
        return sum(one.failed for one in self._exporting)

    def span(self, name: str, parent: str | None, links: Sequence[str], attributes: Mapping[str, object]) -> OpenSpan:
        """A span to enter."""
        opening = self._tracer.start_as_current_span(
            name,
            context=parent_context(parent),
            links=links_to(links) if links else None,
            record_exception=False,
            set_status_on_exception=False,
        )
        return RecordedSpan(opening, lambda us, failed: self._finished(name, us, failed), attributes)

    def laid(self, stage_us: Mapping[str, int]) -> None:
        """Spans of finished stages under the open one, one after the other, the last one ending now."""
        end_ns = time.time_ns()
        for name, us in reversed(list(stage_us.items())):
            start_ns = end_ns - us * 1000
            self._tracer.start_span(name, start_time=start_ns).end(end_ns)
            end_ns = start_ns

    def flush(self) -> None:
        """Write every finished span now."""
        for one in self._exporting:
            one.force_flush()

    def stop(self) -> None:
        """Write what waits and end the threads."""
        self._provider.shutdown()
        self._close_log()

    def _finished(self, name: str, us: int, failed: bool) -> None:
        self.measures.observe(STAGE_SECONDS, us, {"stage": name})
        if failed:
            self.measures.count(STAGE_ERRORS, 1, {"stage": name})


_ACTIVE: list[Telemetry] = []


def start(directory: Path, settings: Settings) -> Telemetry:
    """Begin to record: spans to DIR/traces and, where a collector is set, to it; logs to DIR/logs."""
    from opentelemetry.sdk.trace import TracerProvider

    from core.kernel.telemetry.exporting import Exporting, exporters
    from core.kernel.telemetry.logs import writer

    stop()
    folder = directory / "traces"
    exporting = [Exporting(one) for one in exporters(folder, settings)]
    provider = TracerProvider(shutdown_on_exit=False)
    for one in exporting:
        provider.add_span_processor(one)
    _ACTIVE.append(Telemetry(folder, provider, exporting, *writer(directory / "logs")))
    return _ACTIVE[0]


def stop() -> None:
    """Record nothing any more; what was recorded is written."""
    while _ACTIVE:
        _ACTIVE.pop().stop()


def active() -> Telemetry | None:
    """What records now, or None."""
    return _ACTIVE[0] if _ACTIVE else None


def span(name: str, *, parent: str | None = None, links: Sequence[str] = (), **attributes: object) -> OpenSpan:
    """A span to enter with `with`: under the caller's `traceparent` where given, else under the open span.

    `links` are trace ids, or `traceparent` texts, that this work also serves (a micro-batch of several requests).
    """
    return _ACTIVE[0].span(name, parent, links, attributes) if _ACTIVE else NOTHING


def stages(stage_us: Mapping[str, int]) -> None:
    """Stages that were timed while they ran, in order, as spans under the open one; they are not measured again."""
    if _ACTIVE:
        _ACTIVE[0].laid(stage_us)


def count(name: str, amount: float = 1, **labels: object) -> None:
    """Add to a counter, `leadbench_<name>_total` in /metrics; labels take few values."""
    if _ACTIVE:
        _ACTIVE[0].measures.count(name, amount, labels)


def gauge(name: str, value: float, **labels: object) -> None:
    """Set a level, `leadbench_<name>` in /metrics."""
    if _ACTIVE:
        _ACTIVE[0].measures.gauge(name, value, labels)


def observe(name: str, seconds: float, **labels: object) -> None:
    """Take a duration into the histogram `leadbench_<name>`; with `stage=` it is shown among the stages too."""
    if _ACTIVE:
        _ACTIVE[0].measures.observe(name, round(seconds * 1e6), labels)


def judge(objective: str, *, good: int = 0, bad: int = 0) -> None:
    """Count cases that met, or missed, a service-level objective."""
    if _ACTIVE:
        _ACTIVE[0].measures.judge(objective, good, bad)


def log(event: str, **fields: object) -> None:
    """One line in the server's log; fields as for a span's attributes."""
    if _ACTIVE:
        _ACTIVE[0].log(event, trace_id=trace_id() or "", **fields)


def trace_id() -> str | None:
    """The open span's trace id (32 hex digits), for a record to keep; None outside a span."""
    text = traceparent()
    return text.split("-")[1] if text else None


def traceparent() -> str | None:
    """The open span as a W3C `traceparent`, to hand on to another thread or process; None outside a span."""
    if not _ACTIVE:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
