"""All figures of a ranking at once, drawn again and again by lead: intervals, and paired comparisons of two models.

Percentile bootstrap over whole leads (A. Davison, D. Hinkley, Bootstrap Methods and their Application, 1997): rows of
one lead come and go together, and two models are compared on the same drawn rows, so that what they share cancels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from core.models.encoding import Floats
from core.models.metrics import ECE_BINS, SMALLEST

TOPS = (0.05, 0.1, 0.2)
FIGURES = (
    "auc",
    "pr_auc",
    "brier",
    "log_loss",
    "ece",
    *(f"lift_at_{top * 100:.0f}" for top in TOPS),
    *(f"capture_at_{top * 100:.0f}" for top in TOPS),
)
SMALLER_IS_BETTER = frozenset({"brier", "log_loss", "ece"})
FEWEST_ROUNDS, ROUNDS, MOST_DRAWN = 100, 300, 10_000_000
Verdict = Literal["better", "worse", "no credible difference"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """One figure of two models on the same rows: theirs is taken from ours; the 95 % interval is of the difference."""

    figure: str
    ours: float
    theirs: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """`better` or `worse` where the interval leaves zero out, else `no credible difference`."""
        if not self.low > 0 and not self.high < 0:
            return "no credible difference"
        return "better" if (self.low > 0) != (self.figure in SMALLER_IS_BETTER) else "worse"

    def to_json(self) -> dict[str, Any]:
        """The difference as plain JSON; what cannot be computed is null."""
        told = {name: _finite(value) for name, value in asdict(self).items()}
        return {**told, "figure": self.figure, "verdict": self.verdict}


class Ranked:
    """Labels and probabilities of rows, put in order once, so that any weighting of the rows is quick to judge."""

    def __init__(self, y: Floats, p: Floats) -> None:
        order = np.argsort(-p, kind="stable")
        self.order, self.y, p = order, y[order], p[order]
        self.starts = np.flatnonzero(np.diff(p, prepend=np.nan) != 0)
        self.gap = p - self.y
        safe = np.clip(p, SMALLEST, 1 - SMALLEST)
        self.loss = -(self.y * np.log(safe) + (1 - self.y) * np.log1p(-safe))
        rising = np.argsort(p, kind="stable")
        parts = np.array_split(rising, min(ECE_BINS, len(p)))
        self.rising, self.bins = rising, np.cumsum([0, *(len(part) for part in parts[:-1])])

    def figures(self, weight: Floats | None = None) -> Floats:
        """The figures in the order of FIGURES, NaN where the weighted rows hold one class only."""
        weight = np.ones(len(self.y)) if weight is None else weight[self.order].astype(np.float64)
        won, rows = weight * self.y, float(weight.sum())
        total = float(won.sum())
        if not 0 < total < rows:
            return np.full(len(FIGURES), np.nan)
        hits = np.add.reduceat(won, self.starts)
        counts = np.add.reduceat(weight, self.starts)
        found, seen = np.cumsum(hits), np.cumsum(counts)
        misses = counts - hits
        below = (rows - total) - np.cumsum(misses)
        area = float((hits * (below + misses / 2)).sum()) / (total * (rows - total))
        precise = float((hits * found / np.maximum(seen, 1e-12)).sum()) / total
        off = np.abs(np.add.reduceat((weight * self.gap)[self.rising], self.bins)).sum() / rows
        capture = np.interp([top * rows for top in TOPS], [0.0, *seen], [0.0, *found]) / total
        lifts = capture / np.array(TOPS)
        brier = float((weight * self.gap * self.gap).sum()) / rows
        return np.array([area, precise, brier, float((weight * self.loss).sum()) / rows, off, *lifts, *capture])


def draws(cluster: np.ndarray, seed: int, rounds: int) -> Iterator[np.ndarray]:
    """The weight of each row in each round: how often its lead was drawn."""
    _, owner = np.unique(cluster, return_inverse=True)
    leads, chance = int(owner.max()) + 1, np.random.default_rng(seed)
    for _ in range(rounds):
        yield np.bincount(chance.integers(0, leads, leads), minlength=leads)[owner]


def rounds_for(rows: int, most: int = ROUNDS) -> int:
    """As many rounds as so many rows allow in a few seconds, between 100 and 300."""
    return int(np.clip(MOST_DRAWN // max(rows, 1), min(FEWEST_ROUNDS, most), most))


@dataclass(frozen=True)
class Drawn:
    """One model's figures on the rows as they are (FIGURES), and again in every round (rounds x FIGURES)."""

    point: Floats
    rounds: Floats

    @classmethod
    def of(
        cls, y: Floats, p: Floats, cluster: np.ndarray, seed: int, rounds: int, weight: Floats | None = None
    ) -> "Drawn":
        """The figures of probabilities; the same seed, rounds and clusters draw the same rows for every model.

        A row counts its `weight`, as often as its lead is drawn.
        """
        ranked, counted = Ranked(y, p), 1.0 if weight is None else weight
        drawn = [ranked.figures(often * counted) for often in draws(cluster, seed, rounds)]
        return cls(ranked.figures(weight), np.array(drawn))

    def figures(self) -> dict[str, tuple[float, Interval]]:
        """Each figure with its 95 % interval."""
        pairs = zip(self.point.tolist(), _bounds(self.rounds), strict=True)
        return dict(zip(FIGURES, pairs, strict=True))

    def minus(self, other: "Drawn") -> tuple[Difference, ...]:
        """Every figure of this model minus the other's, paired round by round."""
        bounds = _bounds(self.rounds - other.rounds)
        pairs = zip(FIGURES, self.point.tolist(), other.point.tolist(), bounds, strict=True)
        return tuple(Difference(name, one, two, one - two, *bound) for name, one, two, bound in pairs)


def figures(y: Floats, p: Floats, cluster: np.ndarray, seed: int, rounds: int) -> dict[str, tuple[float, Interval]]:
    """Each figure with its 95 % interval."""
    return Drawn.of(y, p, cluster, seed, rounds).figures()


def figures_json(found: Mapping[str, Any], names: Sequence[str] = FIGURES) -> dict[str, Any]:
    """name → {value, low, high} of the figures asked for; what cannot be computed is null."""
    return {name: _plain(found[name]) for name in names}


def _plain(figure: tuple[float, tuple[float, float]]) -> dict[str, float | None]:
    value, (low, high) = figure
    return {name: _finite(number) for name, number in (("value", value), ("low", low), ("high", high))}


def compare(
    y: Floats,
    ours: Floats,
    theirs: Floats,
    cluster: np.ndarray,
    seed: int = 7,
    rounds: int | None = None,
    weight: Floats | None = None,
) -> tuple[Difference, ...]:
    """Every figure of two models on the same rows; figures that ranks do not have are the caller's to leave out."""
    rounds = rounds or rounds_for(len(y))
    one, other = (Drawn.of(y, p, cluster, seed, rounds, weight) for p in (ours, theirs))
    return one.minus(other)


def _bounds(drawn: Floats) -> list[Interval]:
    known = drawn[np.isfinite(drawn).all(axis=1)]
    if not len(known):
        return [(float("nan"), float("nan"))] * drawn.shape[1]
    low, high = np.quantile(known, [0.025, 0.975], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def summary(differences: Sequence[Difference], names: Sequence[str] = FIGURES) -> Mapping[str, Any]:
    """The differences by figure, and the verdict on the ranking (AUC) as the answer."""
    told = {one.figure: one.to_json() for one in differences if one.figure in names}
    return {"verdict": told["auc"]["verdict"], "figures": list(told.values())}
