"""The measures as OpenMetrics text, for Prometheus."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.kernel.telemetry.active import Telemetry
from core.kernel.telemetry.measures import BOUNDS_US, Durations, Key, Labels

CONTENT_TYPE = CONTENT_TYPE_LATEST
PREFIX = "leadbench_"
Value = TypeVar("Value")
EVERY = 4
"""Each fourth bucket is told: a doubling a bucket is what dashboards need."""


class _Collector:
    """The measures as metric families, when Prometheus asks."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def collect(self) -> Iterator[Metric]:
        counts, gauges, durations = self._telemetry.measures.snapshot()
        counts = {
            **counts,
            ("spans_dropped", ()): self._telemetry.dropped,
            ("spans_unsent", ()): self._telemetry.unsent,
        }
        for name, rows in _by_name(counts.items()):
            family = CounterMetricFamily(PREFIX + name, _words(name), labels=_labels(rows[0][0]))
            for labels, value in rows:
                family.add_metric([text for _, text in labels], value)
            yield family
        for name, rows in _by_name(gauges.items()):
            family = GaugeMetricFamily(PREFIX + name, _words(name), labels=_labels(rows[0][0]))
            for labels, value in rows:
                family.add_metric([text for _, text in labels], value)
            yield family
        for name, rows in _by_name(durations.items()):
            family = HistogramMetricFamily(PREFIX + name, _words(name), labels=_labels(rows[0][0]))
            for labels, held in rows:
                family.add_metric([text for _, text in labels], _buckets(held), held.sum_us / 1e6)
            yield family


def text(telemetry: Telemetry) -> bytes:
    """Everything measured since the start, as OpenMetrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(telemetry))  # type: ignore[arg-type]
    return generate_latest(registry)


def _by_name(items: Iterable[tuple[Key, Value]]) -> Iterator[tuple[str, list[tuple[Labels, Value]]]]:
    held: dict[str, list[tuple[Labels, Value]]] = defaultdict(list)
    for (name, labels), value in items:
        held[name].append((labels, value))
    yield from sorted(held.items())


def _labels(labels: Labels) -> list[str]:
    return [name for name, _ in labels]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize() + "."


def _buckets(held: Durations) -> list[tuple[str, float]]:
    """Cumulative counts at every fourth bound, in seconds, and over all."""
    told, seen = [], 0
    for place, count in enumerate(held.counts):
        seen += count
        if place < len(BOUNDS_US) and place % EVERY == 0:
            told.append((repr(BOUNDS_US[place] / 1e6), float(seen)))
    return [*told, ("+Inf", float(seen))]
