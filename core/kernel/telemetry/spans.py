"""Open spans on OpenTelemetry's SDK; one that nobody records does nothing."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from core.kernel.errors import code_of
from core.kernel.telemetry.names import attribute, safe

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span

Finished = Callable[[int, bool], None]
"""Told the span's microseconds and whether it failed."""


class OpenSpan:
    """A span while it is open; in this form, used where telemetry is off, it records nothing."""

    trace_id: str | None = None

    def set(self, **attributes: object) -> None:
        """Add attributes; what is not on the list of names, or looks personal, is withheld."""

    def fail(self, code: str) -> None:
        """Mark the span as failed, with a refusal's code."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


NOTHING = OpenSpan()
TRACE_DIGITS = 32


class RecordedSpan(OpenSpan):
    """An open span that is recorded, and whose duration is measured."""

    def __init__(
        self, opening: "AbstractContextManager[Span]", finished: Finished, attributes: Mapping[str, object]
    ) -> None:
        self._opening = opening
        self._finished = finished
        self._attributes = attributes
        self._failed = False

    def __enter__(self) -> Self:
        self._span = self._opening.__enter__()
        self.trace_id = f"{self._span.get_span_context().trace_id:032x}"
        self._started = time.perf_counter_ns()
        self.set(**self._attributes)
        return self

    def set(self, **attributes: object) -> None:
        """Add attributes."""
        for name, value in attributes.items():
            self._span.set_attribute(attribute(name), safe(name, value))

    def fail(self, code: str) -> None:
        """Mark the span as failed."""
        from opentelemetry.trace import Status, StatusCode

        self._failed = True
        self._span.set_status(Status(StatusCode.ERROR, code))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self.fail(code_of(error))
        self._finished((time.perf_counter_ns() - self._started) // 1000, self._failed)
        self._opening.__exit__(kind, error, trace)


def parent_context(traceparent: str | None) -> "Context | None":
    """The context that a W3C `traceparent` names; None without one, an empty one where it is malformed."""
    if traceparent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def links_to(traces: Sequence[str]) -> "list[Link]":
    """Links to what W3C `traceparent` texts or bare trace ids name; malformed ones are left out.

    A link needs a span's id: for a bare trace id the last 16 digits of it stand in.
    """
    from opentelemetry.trace import Link, get_current_span

    whole = [f"00-{text}-{text[16:]}-01" if len(text) == TRACE_DIGITS else text for text in traces]
    spans = [get_current_span(parent_context(text)).get_span_context() for text in whole]
    return [Link(context) for context in spans if context.is_valid]
