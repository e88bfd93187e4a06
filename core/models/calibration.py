"""From margins to probabilities: a monotone function that is stored as numbers and evaluated by own code.

Sigmoid: J. Platt, Probabilistic outputs for support vector machines (1999), with the Newton iteration of
Lin, Lin, Weng (2007). Isotonic: pool adjacent violators on the margins, centred (A. Oron, N. Flournoy, Centered
isotonic regression, 2017), so that different margins keep different probabilities; beyond the outermost knots the
sigmoid's slope carries on in log-odds.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.models.encoding import Floats

Method = Literal["sigmoid", "isotonic", "none"]
Choice = Literal["auto", "sigmoid", "isotonic", "none"]
ISOTONIC_ROWS = 1000
ISOTONIC_CLASS_ROWS = 100
FEWEST_CLASS_ROWS = 10
KNOT_ROWS = 50
BLOCKS = 5


@dataclass(frozen=True)
class Calibration:
    """g(m): sigmoid(slope x m + offset), or a line through knots with sigmoid tails; `none` is the plain sigmoid."""

    method: Method
    slope: float = 1.0
    offset: float = 0.0
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def probability(self, margin: Floats) -> Floats:
        """g at each margin, in (0, 1)."""
        margin = np.asarray(margin, dtype=np.float64)
        if not self.knots:
            return sigmoid(self.slope * margin + self.offset)
        inside = np.interp(margin, self.knots, self.values)
        below = sigmoid(_logit(self.values[0]) + self.slope * (margin - self.knots[0]))
        above = sigmoid(_logit(self.values[-1]) + self.slope * (margin - self.knots[-1]))
        return np.where(margin < self.knots[0], below, np.where(margin > self.knots[-1], above, inside))

    def gradient(self, margin: float) -> float:
        """The slope of g at one margin; at a knot, of the piece to its right."""
        if not self.knots or margin < self.knots[0] or margin >= self.knots[-1]:
            p = float(self.probability(np.array([margin]))[0])
            return self.slope * p * (1.0 - p)
        right = int(np.searchsorted(self.knots, margin, side="right"))
        rise = self.values[right] - self.values[right - 1]
        return rise / (self.knots[right] - self.knots[right - 1])


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) without overflow."""
    tail = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, tail) / (1.0 + tail)


def _logit(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def fit(margin: Floats, y: Floats, method: Choice, weight: Floats | None = None) -> Calibration:
    """The calibration of margins (rows) against 0/1 labels on rows that training did not see, by weight where given.

    auto: isotonic from 1,000 rows with 100 of each class on, where it also foretells held-out blocks of the rows better
    than the sigmoid, else sigmoid; under 10 of a class: none.
    """
    positives = int(y.sum())
    fewest = min(positives, len(y) - positives)
    if method == "none" or fewest < FEWEST_CLASS_ROWS:
        return Calibration("none")
    rows = _Rows(margin, y, np.ones(len(y)) if weight is None else weight)
    if method == "sigmoid":
        return _sigmoid(rows)
    if method == "isotonic":
        return _isotonic(rows)
    enough = len(y) >= ISOTONIC_ROWS and fewest >= ISOTONIC_CLASS_ROWS
    return _isotonic(rows) if enough and _isotonic_foretells_better(rows) else _sigmoid(rows)


@dataclass(frozen=True)
class _Rows:
    """Margins, labels and weights."""

    margin: Floats
    y: Floats
    weight: Floats

    def at(self, places: np.ndarray) -> "_Rows":
        return _Rows(self.margin[places], self.y[places], self.weight[places])


def _sigmoid(rows: _Rows) -> Calibration:
    return Calibration("sigmoid", *_fit_sigmoid(rows))


def _isotonic(rows: _Rows) -> Calibration:
    slope, _ = _fit_sigmoid(rows)
    return Calibration("isotonic", slope, 0.0, *_fit_isotonic(rows))


def _isotonic_foretells_better(rows: _Rows) -> bool:
    """Whether isotonic has the lower log loss over five blocks of neighbouring rows, each foretold from the others."""
    sigmoid_loss = isotonic_loss = 0.0
    for block in np.array_split(np.arange(len(rows.y)), BLOCKS):
        rest = np.ones(len(rows.y), dtype=bool)
        rest[block] = False
        sigmoid_loss += _loss(_sigmoid(rows.at(rest)), rows.at(block))
        isotonic_loss += _loss(_isotonic(rows.at(rest)), rows.at(block))
    return isotonic_loss < sigmoid_loss


def _loss(fitted: Calibration, rows: _Rows) -> float:
    p = fitted.probability(rows.margin)
    return -_total(rows.weight * np.log(np.where(rows.y > 0, p, 1 - p)))


def _fit_sigmoid(rows: _Rows) -> tuple[float, float]:
    margin, weight = rows.margin, rows.weight
    positives = _total(weight * rows.y)
    everything = _total(weight)
    negatives = everything - positives
    target = np.where(rows.y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    mean, middle = _total(weight * target) / everything, _total(weight * margin) / everything
    line = np.array([1.0, _logit(mean) - middle])
    design = np.column_stack([margin, np.ones_like(margin)])
    for _ in range(100):
        p = sigmoid(_weighted(design, line))
        gradient = np.array([_total(column * (weight * (p - target))) for column in design.T])
        spread = weight * (p * (1 - p))
        a, b = _total(margin * margin * spread) + 1e-9, _total(margin * spread)
        step = np.linalg.solve(np.array([[a, b], [b, _total(spread) + 1e-9]]), gradient)
        line = line - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return max(float(line[0]), 0.05), float(line[1])


def _weighted(design: Floats, weights: Floats) -> Floats:
    return design[:, 0] * weights[0] + design[:, 1] * weights[1]


def _total(values: Floats) -> float:
    return float(np.add.reduce(values))


def _fit_isotonic(rows: _Rows) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots at the pooled blocks' mean margins; each block holds at least 50 rows, its rate shrunk by one row."""
    margin, y, weight = rows.margin, rows.y, rows.weight
    order = np.argsort(margin, kind="stable")
    groups = np.array_split(order, max(2, len(order) // KNOT_ROWS))
    rate = _total(weight * y) / _total(weight)
    blocks: list[tuple[float, float, float]] = []
    for group in groups:
        held = weight[group]
        blocks.append((_total(held), _total(held * margin[group]), _total(held * y[group])))
        while len(blocks) > 1 and _falls(blocks[-2], blocks[-1], rate):
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    return tuple(block[1] / block[0] for block in blocks), tuple(_shrunk(block, rate) for block in blocks)


def _falls(before: tuple[float, float, float], last: tuple[float, float, float], rate: float) -> bool:
    same_margin = last[1] / last[0] <= before[1] / before[0]
    return same_margin or _shrunk(last, rate) <= _shrunk(before, rate)


def _shrunk(block: tuple[float, float, float], rate: float) -> float:
    return (block[2] + rate) / (block[0] + 1.0)
