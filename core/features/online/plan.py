"""Features as arrays: what the walk adds up, what it reads off as it leaves each window, and what it makes of that."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from core.features.document import Feature
from core.features.online.layout import LEAD_ID, Layout, Text, edge_text
from core.kernel.expressions import Field
from core.kernel.times import DAY_US

ALWAYS = 2**63 - 1
NONE = -1
THE_LEAD = -2


class Step(IntEnum):
    """What one accumulator adds up over the events of its condition, newest first."""

    EVENTS = 0
    NUMBERS = 1
    DISTINCT = 2
    DAYS = 3
    NEWEST = 4
    OLDEST = 5
    DECAYED = 6
    FOLLOWED = 7


class Give(IntEnum):
    """What becomes of one or two readings; a vector holds doubles, NaN where missing."""

    COUNT = 0
    EXISTS = 1
    SUM = 2
    MEAN = 3
    LEAST = 4
    GREATEST = 5
    NUMBER = 6
    CODE = 7
    SINCE_NEWEST = 8
    SINCE_OLDEST = 9
    GAP = 10
    SHARE = 11
    VELOCITY = 12
    DECAYED = 13


class WalkPlan(NamedTuple):
    """The plan of one scope; `kernels.walk` reads it and knows no feature.

    steps: kind, word and bit of the condition, column, parameter, word and bit of the second condition (-1: none).
    rates: a decay's exponent by microsecond, one a step. readings: window, step; ordered by window.
    gives: what, first reading, second reading, place in the vector. spans: days of the two periods of a velocity.
    """

    steps: np.ndarray
    rates: np.ndarray
    readings: np.ndarray
    gives: np.ndarray
    spans: np.ndarray
    tables: int


_Steps = tuple[int, int, int, int, int, float]


@dataclass(frozen=True)
class ScopePlan:
    """A scope's plan for the kernel, its longest window in microseconds, and whether ties are decided by event_id."""

    scope: str
    walk: WalkPlan
    reach: int
    by_id: bool


class Planner:
    """Collects the steps and readings of the features of one scope."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._steps: list[_Steps] = []
        self._readings: list[tuple[int, int]] = []
        self._gives: list[tuple[Give, int, int, int, float, float]] = []
        self._tables = 0

    def add(self, place: int, feature: Feature) -> None:
        """Plan the feature whose value stands at `place` of the vector."""
        _GIVES[feature.aggregate or "count"](self, place, feature)

    def read(self, feature: Feature, step: int, window: int | None = None) -> int:
        """The reading of a step as the walk leaves the window, by default the feature's."""
        asked = window or feature.window
        reading = (ALWAYS if asked is None else asked, step)
        if reading not in self._readings:
            self._readings.append(reading)
        return self._readings.index(reading)

    def give(self, place: int, what: Give, first: int, second: int = NONE, spans: tuple[float, float] = (1, 1)) -> None:
        """Give the vector's value at `place` from one or two readings."""
        self._gives.append((what, first, second, place, *spans))

    def events(self, feature: Feature, *, restricted: bool = True) -> int:
        """The step that counts events, of all or of the feature's condition."""
        return self._step(Step.EVENTS, self._condition(feature) if restricted else NONE)

    def numbers(self, feature: Feature) -> int:
        """The step that sums and compares the numbers of a field."""
        return self._step(Step.NUMBERS, self._condition(feature), self._layout.value(_of(feature)))

    def distinct(self, feature: Feature) -> int:
        """The step that counts distinct values; leads are told apart by their number."""
        of = _of(feature)
        column = THE_LEAD if of.name == LEAD_ID else self._layout.value(Text(of))
        found = self._known(Step.DISTINCT, self._condition(feature), column)
        if found is None:
            self._tables += 1
            return self._step(Step.DISTINCT, self._condition(feature), column, self._tables - 1)
        return found

    def days(self, feature: Feature) -> int:
        """The step that counts dates."""
        return self._step(Step.DAYS, self._condition(feature))

    def edge(self, feature: Feature, kind: Step) -> int:
        """The step that keeps the value of the newest or oldest event."""
        return self._step(kind, self._condition(feature), self._layout.value(edge_text(feature)))

    def decayed(self, feature: Feature) -> int:
        """The step that sums decayed ones or decayed numbers."""
        assert feature.half_life is not None
        column = NONE if feature.of is None else self._layout.value(feature.of)
        return self._step(Step.DECAYED, self._condition(feature), column, rate=-math.log(2) / feature.half_life)

    def followed(self, feature: Feature) -> int:
        """The step that counts events that one of the second condition follows in time."""
        then = self._layout.condition(feature.then)
        return self._step(Step.FOLLOWED, self._condition(feature), parameter=feature.within or 0, then=then)

    def plan(self, scope: str) -> ScopePlan:
        """The arrays; only once every scope has added its features."""
        reach = max(window for window, _ in self._readings)
        by_id = any(step[0] in (Step.NEWEST, Step.OLDEST) for step in self._steps)
        return ScopePlan(scope, self._walk(), reach, by_id)

    def _walk(self) -> WalkPlan:
        order = sorted(range(len(self._readings)), key=lambda place: self._readings[place])
        moved = {old: new for new, old in enumerate(order)} | {NONE: NONE}
        gives = [(what, moved[a], moved[b], place) for what, a, b, place, _, _ in self._gives]
        steps = [self._placed(step) for step in self._steps]
        return WalkPlan(
            _words(steps, 7),
            np.array([step[5] for step in self._steps], dtype=np.float64),
            _words([self._readings[place] for place in order], 2),
            _words(gives, 4),
            np.array([give[4:] for give in self._gives], dtype=np.float64).reshape(-1, 2),
            self._tables,
        )

    def _condition(self, feature: Feature) -> int:
        return self._layout.condition(feature.where)

    def _known(self, kind: Step, condition: int, column: int) -> int | None:
        found = [place for place, step in enumerate(self._steps) if step[:3] == (kind, condition, column)]
        return found[0] if found else None

    def _step(
        self, kind: Step, condition: int, column: int = NONE, parameter: int = 0, then: int = NONE, rate: float = 0.0
    ) -> int:
        step = (int(kind), condition, column, parameter, then, rate)
        if step not in self._steps:
            self._steps.append(step)
        return self._steps.index(step)

    def _placed(self, step: _Steps) -> tuple[int, ...]:
        kind, condition, column, parameter, then, _ = step
        return (kind, *self._bit(condition), column, parameter, *self._bit(then))

    def _bit(self, condition: int) -> tuple[int, int]:
        return (NONE, 0) if condition == NONE else self._layout.bit(condition)


def _words(rows: list[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _of(feature: Feature) -> Field:
    assert feature.of is not None
    return feature.of


def _simple(what: Give, step: Callable[[Planner, Feature], int]) -> Callable[[Planner, int, Feature], None]:
    return lambda planner, place, feature: planner.give(place, what, planner.read(feature, step(planner, feature)))


def _edge(kind: Step) -> Callable[[Planner, int, Feature], None]:
    def plan(planner: Planner, place: int, feature: Feature) -> None:
        what = Give.NUMBER if feature.dtype == "number" else Give.CODE
        planner.give(place, what, planner.read(feature, planner.edge(feature, kind)))

    return plan


def _share(planner: Planner, place: int, feature: Feature) -> None:
    whole = planner.read(feature, planner.events(feature, restricted=False))
    planner.give(place, Give.SHARE, planner.read(feature, planner.events(feature)), whole)


def _velocity(planner: Planner, place: int, feature: Feature) -> None:
    assert feature.window is not None and feature.against is not None
    step = planner.events(feature)
    both = planner.read(feature, step, feature.window + feature.against)
    spans = (feature.window / DAY_US, feature.against / DAY_US)
    planner.give(place, Give.VELOCITY, planner.read(feature, step), both, spans)


_GIVES: dict[str, Callable[[Planner, int, Feature], None]] = {
    "count": _simple(Give.COUNT, Planner.events),
    "exists": _simple(Give.EXISTS, Planner.events),
    "sum": _simple(Give.SUM, Planner.numbers),
    "mean": _simple(Give.MEAN, Planner.numbers),
    "min": _simple(Give.LEAST, Planner.numbers),
    "max": _simple(Give.GREATEST, Planner.numbers),
    "distinct": _simple(Give.COUNT, Planner.distinct),
    "active_days": _simple(Give.COUNT, Planner.days),
    "days_since_last": _simple(Give.SINCE_NEWEST, Planner.events),
    "days_since_first": _simple(Give.SINCE_OLDEST, Planner.events),
    "first": _edge(Step.OLDEST),
    "last": _edge(Step.NEWEST),
    "decayed_count": _simple(Give.DECAYED, Planner.decayed),
    "decayed_sum": _simple(Give.DECAYED, Planner.decayed),
    "velocity": _velocity,
    "gap_mean": _simple(Give.GAP, Planner.events),
    "share": _share,
    "followed_by": _simple(Give.COUNT, Planner.followed),
}
