"""Trees of their own for the levels of a segment, where they are credibly better than those of all leads.

A level gets its own where it has enough training rows and enough won and lost leads, and where on the calibration
rows, which neither booster has seen, its own trees lose less: the log loss of the parent less that of its own, paired
by lead, with the interval for rows that come in clusters (K.-Y. Liang, S. Zeger, Longitudinal data analysis using
generalized linear models, 1986), at 95 % over all levels that are tested (Bonferroni). Both are calibrated on the other
four fifths of the leads for that comparison. Every other level, a rare or a missing one, and one never seen is the
parent's.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from core.models import calibration
from core.models.calibration import Choice
from core.models.encoding import OTHER, FeatureInfo, Floats
from core.models.errors import SegmentUnfit
from core.models.metrics import SMALLEST
from core.models.model import Fitted, Model, Segments
from core.models.scoring import contributions, raw_margins

FACT = "segments"
FEWEST_ROWS, FEWEST_OF_A_CLASS = 400, 40
FEWEST_HELD_OUT = 10
FOLDS = 5
DOUBT = 0.05
ROUNDED = 6


@dataclass(frozen=True)
class Segmenting:
    """The category feature whose levels may get trees of their own, and from how many training rows, and won and lost
    leads of the training part, on.
    """

    by: str
    fewest_rows: int = FEWEST_ROWS
    fewest_of_a_class: int = FEWEST_OF_A_CLASS

    def check(self, features: Sequence[FeatureInfo]) -> None:
        """Raises SegmentUnfit where the feature is not there, has no levels, or tells behaviour."""
        fit = tuple(one.name for one in features if one.dtype == "category" and one.role == "fit")
        if self.by not in fit:
            raise SegmentUnfit(self.by, fit)


@dataclass(frozen=True)
class Level:
    """What became of one level (None: missing): training rows, won and lost training leads, held-out leads, and why.

    gain: by how much its own trees lose less a row on held-out leads, in log loss, with its interval; None where they
    were not tried.
    """

    level: str | None
    rows: int
    won: int
    lost: int
    held_out: int
    why: str
    gain: dict[str, float] | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of one part with what is needed of them: the frame, inputs, labels and weights."""

    frame: pl.DataFrame = field(repr=False)
    inputs: Floats = field(repr=False)
    y: Floats = field(repr=False)
    weight: Floats = field(repr=False)

    def of(self, at: np.ndarray) -> "Rows":
        """Those of the places."""
        return Rows(self.frame.filter(pl.Series(at)), self.inputs[at], self.y[at], self.weight[at])


@dataclass(frozen=True)
class Found:
    """The segments, None where no level has its own; and every level, those with the most rows first."""

    segments: Segments | None
    levels: tuple[Level, ...]

    def to_json(self, asked: Segmenting) -> dict[str, Any]:
        """What the model's facts tell."""
        return {**asdict(asked), "levels": [asdict(one) for one in self.levels]}


def grow(
    asked: Segmenting,
    model: Model,
    rows: tuple[Rows, Rows],
    parent: Floats,
    choice: Choice,
    boost: Callable[[Rows], str],
    threads: int,
) -> Found:
    """The levels' own trees, where they earn them.

    model: the parent; rows: those of training and of calibration; parent: its margins of the calibration rows; boost:
    trees of training rows, as text.
    """
    place, levels = model.names.index(asked.by), model.categories[asked.by]
    fitted, held = rows
    counted = [_counted(asked, level, code, place, rows) for code, level in enumerate(levels)]
    tried = [code for code, one in enumerate(counted) if not one.why]
    trial = _Trial(held, parent, choice, len(tried), threads)
    own: dict[str, Fitted] = {}
    for code in tried:
        trees = boost(fitted.of(fitted.inputs[:, place] == code))
        made, counted[code] = trial.judge(counted[code], trees, held.inputs[:, place] == code)
        if made is not None:
            own[levels[code]] = made
    known = [one for one in (*counted, _counted(asked, None, np.nan, place, rows)) if one.rows or one.held_out]
    ordered = sorted(known, key=lambda one: (-one.rows, one.level or ""))
    return Found(Segments(asked.by, own) if own else None, tuple(ordered))


def _counted(asked: Segmenting, level: str | None, code: float, place: int, parts: tuple[Rows, Rows]) -> Level:
    """The level with its counts, and why it is the parent's where they are too low; empty where they are not."""
    columns = [one.inputs[:, place] for one in parts]
    fitted, held = (
        one.of(np.isnan(column) if level is None else column == code)
        for one, column in zip(parts, columns, strict=True)
    )
    won, lost = _leads(fitted)
    held_out, rows = _leads(held), len(fitted.y)
    counts = (won, lost, sum(held_out))
    if level in (None, OTHER):
        return Level(level, rows, *counts, "missing, rare or new" if level is None else "rare levels")
    checks = (
        (rows < asked.fewest_rows, "too few rows"),
        (won < asked.fewest_of_a_class, "too few won leads"),
        (lost < asked.fewest_of_a_class, "too few lost leads"),
        (min(held_out) < FEWEST_HELD_OUT, "too few held-out leads of a class"),
    )
    return Level(level, rows, *counts, next((why for is_short, why in checks if is_short), ""))


def _leads(rows: Rows) -> tuple[int, int]:
    """Won and lost leads."""
    by_lead = rows.frame.group_by("lead_id").agg(pl.col("y").max())
    won = int((by_lead["y"] == 1).sum())
    return won, len(by_lead) - won


class _Trial:
    """The comparison of a level's own trees with the parent's on the held-out rows."""

    def __init__(self, held: Rows, parent: Floats, choice: Choice, tried: int, threads: int) -> None:
        self.held, self.threads = held, threads
        self.choice: Choice = choice
        self.z = NormalDist().inv_cdf(1 - DOUBT / (2 * max(tried, 1)))
        self.leads = np.unique(held.frame["lead_id"].to_numpy(), return_inverse=True)[1]
        self.folds = self.leads % FOLDS
        self.parent = self._foretold(held, parent, self.folds) if tried else np.empty(0)

    def judge(self, level: Level, trees: str, at: np.ndarray) -> tuple[Fitted | None, Level]:
        """The level's own, calibrated on all its held-out rows, where the gain is credible; and the level told."""
        rows = self.held.of(at)
        margin = raw_margins(trees, rows.inputs, self.threads)
        own = self._foretold(rows, margin, self.folds[at])
        gain = _gain(rows, self.parent[at], own, self.leads[at], self.z)
        base = contributions(trees, rows.inputs[:1], self.threads)[1]
        is_credible = gain["low"] > 0
        made = Fitted(trees, base, calibration.fit(margin, rows.y, self.choice, rows.weight)) if is_credible else None
        return made, Level(**{**asdict(level), "why": "own" if is_credible else "no credible gain", "gain": gain})

    def _foretold(self, rows: Rows, margin: Floats, folds: np.ndarray) -> Floats:
        """Each row's probability by a calibration on the leads of the other folds."""
        found = np.empty(len(margin))
        for fold in range(FOLDS):
            at = folds == fold
            found[at] = calibration.fit(margin[~at], rows.y[~at], self.choice, rows.weight[~at]).probability(margin[at])
        return found


def _gain(rows: Rows, parent: Floats, own: Floats, leads: np.ndarray, z: float) -> dict[str, float]:
    """The mean difference in log loss a row, the parent's less its own, with the interval of clustered rows."""
    apart = (_loss(rows.y, parent) - _loss(rows.y, own)) * rows.weight
    total = float(rows.weight.sum())
    value = float(apart.sum()) / total
    _, owner = np.unique(leads, return_inverse=True)
    left = np.bincount(owner, apart - value * rows.weight)
    error = z * float(np.sqrt(np.square(left).sum())) / total
    return {
        name: round(one, ROUNDED) for name, one in (("value", value), ("low", value - error), ("high", value + error))
    }


def _loss(y: Floats, p: Floats) -> Floats:
    safe = np.clip(p, SMALLEST, 1 - SMALLEST)
    return -np.where(y > 0, np.log(safe), np.log1p(-safe))
