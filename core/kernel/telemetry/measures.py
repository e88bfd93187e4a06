"""Counts, levels and durations of this process: cheap to add to from any thread, read whole or by minute.

Durations fall into buckets a quarter of a doubling wide, so a quantile is within a tenth of the true one.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BOUNDS_US = tuple(round(50 * 2 ** (step / 4)) for step in range(82))
"""Upper ends of the buckets in microseconds, 50 us to about a minute; one more bucket holds what is slower."""
Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]


@dataclass
class Durations:
    """How many durations fell into each bucket, and their sum in microseconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_US) + 1))
    sum_us: int = 0

    def add(self, us: int) -> None:
        """Take one duration in."""
        self.counts[bisect_left(BOUNDS_US, us)] += 1
        self.sum_us += us


class Measures:
    """All measures since the start, and those since the last `drain`."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.counts: dict[Key, float] = {}
        self.gauges: dict[Key, float] = {}
        self.durations: dict[Key, Durations] = {}
        self._fresh: dict[str, Durations] = {}
        self._judged: dict[str, list[int]] = {}

    def count(self, name: str, amount: float, labels: Mapping[str, object]) -> None:
        """Add to a counter."""
        key = _key(name, labels)
        with self._guard:
            self.counts[key] = self.counts.get(key, 0) + amount

    def gauge(self, name: str, value: float, labels: Mapping[str, object]) -> None:
        """Set a level."""
        with self._guard:
            self.gauges[_key(name, labels)] = value

    def observe(self, name: str, us: int, labels: Mapping[str, object]) -> None:
        """Take a duration in; one with a `stage` also counts towards this minute's figures of that stage."""
        key, stage = _key(name, labels), labels.get("stage")
        with self._guard:
            self.durations.setdefault(key, Durations()).add(us)
            if isinstance(stage, str):
                self._fresh.setdefault(stage, Durations()).add(us)

    def judge(self, objective: str, good: int, bad: int) -> None:
        """Add to this minute's good and bad cases of a service-level objective."""
        with self._guard:
            held = self._judged.setdefault(objective, [0, 0])
            held[0] += good
            held[1] += bad

    def drain(self) -> tuple[dict[str, Durations], dict[str, tuple[int, int]]]:
        """Durations by stage and (good, bad) by objective since the last drain; both begin anew."""
        with self._guard:
            fresh, judged = self._fresh, self._judged
            self._fresh, self._judged = {}, {}
        return fresh, {name: (good, bad) for name, (good, bad) in judged.items()}

    def snapshot(self) -> tuple[dict[Key, float], dict[Key, float], dict[Key, Durations]]:
        """Copies of the counters, levels and durations since the start."""
        with self._guard:
            durations = {key: Durations(list(held.counts), held.sum_us) for key, held in self.durations.items()}
            return dict(self.counts), dict(self.gauges), durations


def quantile_us(counts: Sequence[int], share: float) -> float | None:
    """The duration below which `share` of the cases lie, in microseconds, straight inside its bucket; None without."""
    total = sum(counts)
    if not total:
        return None
    wanted, seen = share * total, 0
    for place, held in enumerate(counts):
        if held and seen + held >= wanted:
            low = BOUNDS_US[place - 1] if place else 0
            high = BOUNDS_US[min(place, len(BOUNDS_US) - 1)]
            return low + (high - low) * max(wanted - seen, 0) / held
        seen += held
    return float(BOUNDS_US[-1])


def _key(name: str, labels: Mapping[str, object]) -> Key:
    return name, tuple(sorted((label, str(value)) for label, value in labels.items()))
