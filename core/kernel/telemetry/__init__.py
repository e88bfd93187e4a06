"""Seeing the system run: spans, counts, durations and logs, at next to no cost where nobody called `start`.

A span is for a request or a micro-batch, never for one event of many; `count` and `observe` are cheap enough for those.
Names and values that may be personal never get in (`names.py`).
"""

from core.kernel.telemetry.active import (
    Telemetry,
    active,
    count,
    gauge,
    judge,
    log,
    observe,
    span,
    stages,
    start,
    stop,
    trace_id,
    traceparent,
)
from core.kernel.telemetry.measures import BOUNDS_US, Measures, quantile_us
from core.kernel.telemetry.names import STAGES
from core.kernel.telemetry.spans import NOTHING, OpenSpan

__all__ = [
    "BOUNDS_US",
    "NOTHING",
    "STAGES",
    "Measures",
    "OpenSpan",
    "Telemetry",
    "active",
    "count",
    "gauge",
    "judge",
    "log",
    "observe",
    "quantile_us",
    "span",
    "stages",
    "start",
    "stop",
    "trace_id",
    "traceparent",
]
