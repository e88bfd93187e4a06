"""Bands with hysteresis and a shortest stay, and the priority within a queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from core.policy.blocks import Bands
from core.policy.closures import closure
from core.policy.compiled import Conditions
from core.policy.contract import exact
from core.policy.document import Document

DWELL = "dwell_min"
Values = Mapping[str, object]


@dataclass(frozen=True)
class Step:
    """A scored band: its rank (higher is hotter) and its thresholds in the field's scaled ints."""

    band: str
    rank: int
    enter: int
    exit: int


@dataclass(frozen=True)
class Ladder:
    """The bands of a policy, hottest first; `otherwise` has rank 0."""

    bands: Bands
    scale: int

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The scored bands from hot to cold."""
        order = [band for band in self.bands.order if band in self.bands.thresholds]
        return tuple(self._step(band, len(order) - place) for place, band in enumerate(order))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of every band."""
        return {step.band: step.rank for step in self.steps} | {self.bands.otherwise: 0}

    def needed(self, step: Step, previous: object) -> int:
        """The value that reaches the band: exit where the lead was in it or higher, enter otherwise."""
        return step.exit if self.ranks.get(str(previous), -1) >= step.rank else step.enter

    def reached(self, value: int, previous: object) -> str:
        """The band of the value under hysteresis, before the shortest stay is looked at."""
        reached = (step.band for step in self.steps if value >= self.needed(step, previous))
        return next(reached, self.bands.otherwise)

    def held(self, band: str, previous: object, dwell: object) -> bool:
        """Whether a downgrade to the band comes earlier than the shortest stay allows."""
        falls = self.ranks[band] < self.ranks.get(str(previous), -1)
        return falls and isinstance(dwell, int) and dwell < self.bands.min_dwell_min

    def _step(self, band: str, rank: int) -> Step:
        written = self.bands.thresholds[band]
        return Step(band, rank, exact(written.enter, self.scale), exact(written.exit, self.scale))


def ladder_of(document: Document) -> Ladder:
    """The document's bands, in the scale of the field that they are cut from."""
    return Ladder(document.bands, document.inputs.fields[document.bands.field].scale or 0)


def band_of(document: Document) -> Callable[[Values], str]:
    """A function that gives the band of normalised values."""
    ladder = ladder_of(document)
    field, previous_field = document.bands.field, document.bands.previous
    by_previous = {word: _thresholds(ladder, word) for word in (*document.bands.order, None)}
    unbanded, otherwise = by_previous[None], document.bands.otherwise

    def band(values: Values) -> str:
        previous = values[previous_field] if previous_field else None
        steps = by_previous.get(previous, unbanded)  # type: ignore[call-overload]
        name = _highest(steps, values[field], otherwise)
        if name != previous and ladder.held(name, previous, values.get(DWELL)):
            return str(previous)
        return name

    return band


def _highest(steps: tuple[tuple[int, str], ...], value: object, otherwise: str) -> str:
    for needed, band in steps:
        if value >= needed:  # type: ignore[operator]
            return band
    return otherwise


def _thresholds(ladder: Ladder, previous: str | None) -> tuple[tuple[int, str], ...]:
    return tuple((ladder.needed(step, previous), step.band) for step in ladder.steps)


def priority_of(document: Document, conditions: Conditions) -> Callable[[Values], int]:
    """A function that gives the priority: floor(field x times), points added, clamped; 0 where none is declared."""
    block = document.priority
    if block is None:
        return lambda values: 0
    field, times = block.base.field, block.base.times
    divisor = 10 ** (document.inputs.fields[field].scale or 0)
    low, high = block.clamp
    additions = [
        (closure(expression.node), item.points)
        for expression, item in zip(conditions.additions, block.add, strict=True)
    ]

    def priority(values: Values) -> int:
        total = values[field] * times // divisor  # type: ignore[operator]
        for test, points in additions:
            if test(values):
                total += points
        return low if total < low else min(total, high)

    return priority
