"""A scorecard as a baseline that anybody can add up: binned features, a regularised logit, whole points.

The logit of statsmodels is fitted on weights of evidence under a log-F(2,2) prior on each slope, added as one win and
one loss a feature (S. Greenland, M. Mansournia, Statistics in Medicine 34, 2015), so that a bin that separates the
classes keeps finite points. 20 points double the odds; a total of 600 points means odds of 1 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.models import binning
from core.models.binning import Bins
from core.models.calibration import sigmoid
from core.models.encoding import FeatureInfo, Floats
from core.models.errors import ThinData
from core.models.metrics import brier
from core.models.ranking import auc

DOUBLE_ODDS = 20.0
EVEN_ODDS = 600
FACTOR = DOUBLE_ODDS / np.log(2.0)
MOST_FEATURES = 12
LEAST_INFORMATION = 0.01
MOST_ALIKE = 0.8
MOST_ROWS = 100_000
TABLE: dict[str, pl.DataType] = {
    "feature": pl.String(),
    "label": pl.String(),
    "bin": pl.String(),
    "points": pl.Int64(),
    "share": pl.Float64(),
    "rate": pl.Float64(),
}


@dataclass(frozen=True)
class Line:
    """One feature of the scorecard: its bins, and the points, share of rows and positive rate of each."""

    bins: Bins
    points: tuple[int, ...]
    shares: tuple[float, ...]
    rates: tuple[float | None, ...]


@dataclass(frozen=True)
class Scorecard:
    """The points everybody starts with, and one line a feature."""

    start: int
    lines: tuple[Line, ...]

    def total(self, frame: pl.DataFrame) -> np.ndarray:
        """Points of each row."""
        total = np.full(len(frame), self.start, dtype=np.int64)
        for line in self.lines:
            total += np.array(line.points, dtype=np.int64)[line.bins.place(frame[line.bins.feature.name])]
        return total

    def probability(self, frame: pl.DataFrame) -> Floats:
        """Probability of each row, from its whole points."""
        return sigmoid((self.total(frame) - EVEN_ODDS) / FACTOR)

    def table(self) -> pl.DataFrame:
        """One row a bin that training rows fell in: feature, label, bin, points, share of rows, positive rate."""
        rows = [
            (line.bins.feature.name, line.bins.feature.label, name, points, share, rate)
            for line in self.lines
            for name, points, share, rate in zip(line.bins.names, line.points, line.shares, line.rates, strict=True)
            if rate is not None
        ]
        return pl.DataFrame(rows, schema=TABLE, orient="row")


def fit(frame: pl.DataFrame, features: Sequence[FeatureInfo]) -> Scorecard:
    """The scorecard of the train and calibration rows of a frame with y, part and the features.

    Of features that say much the same only the more telling one is taken; at most 12. Raises ThinData on one class.
    """
    fitted, y = in_training(frame)
    chosen = _choose(fitted, features, y)
    intercept, slopes = _logit(np.array([weights for _, _, weights in chosen]).reshape(-1, len(y)).T, y)
    lines = tuple(_line(*one, slope, y) for one, slope in zip(chosen, slopes, strict=True) if slope > 0)
    return Scorecard(round(EVEN_ODDS + FACTOR * intercept), lines)


def in_training(frame: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """The train and calibration rows with their labels, evenly thinned where very many; raises ThinData."""
    used = frame.filter(pl.col("part").is_in(["train", "calibration"]))
    if len(used) > MOST_ROWS:
        used = used[np.linspace(0, len(used) - 1, MOST_ROWS).astype(int).tolist()]
    y = used["y"].cast(pl.Float64).to_numpy()
    if not 0 < y.sum() < len(y):
        raise ThinData(int(y.sum()), int(len(y) - y.sum()), 1)
    return used, y


def figures(card: Scorecard, tested: pl.DataFrame) -> dict[str, Any]:
    """AUC and Brier score on the rows given; the AUC is None where they hold one class."""
    y, p = tested["y"].cast(pl.Float64).to_numpy(), card.probability(tested)
    both = 0 < y.sum() < len(y)
    return {"auc": auc(y, p) if both else None, "brier": brier(y, p)}


Chosen = tuple[Bins, np.ndarray, Floats]


def _choose(fitted: pl.DataFrame, features: Sequence[FeatureInfo], y: Floats) -> list[Chosen]:
    """Bins, bin numbers and weights of the most telling features that are not alike."""
    rated = []
    for feature in features:
        bins = binning.learn(fitted[feature.name], feature)
        places = bins.place(fitted[feature.name])
        weights, information = binning.evidence(places, y, len(bins.names))
        rated.append((information, feature.name, (bins, places, weights[places])))
    kept: list[Chosen] = []
    for information, _, one in sorted(rated, key=lambda item: (-round(item[0], 9), item[1])):
        if information < LEAST_INFORMATION or len(kept) == MOST_FEATURES:
            break
        if not any(_alike(one[2], other[2]) for other in kept):
            kept.append(one)
    return kept


def _alike(one: Floats, other: Floats) -> bool:
    return abs(float(np.corrcoef(one, other)[0, 1])) > MOST_ALIKE


def _logit(weights: Floats, y: Floats) -> tuple[float, list[float]]:
    """Intercept and slopes; a slope that correlated features turned to zero or below is left out, as 0."""
    kept = list(range(weights.shape[1]))
    while kept:
        found = fit_logit(weights[:, kept], y)
        falling = [index for index, slope in zip(kept, found[1:], strict=True) if slope <= 0]
        if not falling:
            slopes = dict(zip(kept, found[1:], strict=True))
            return found[0], [slopes.get(index, 0.0) for index in range(weights.shape[1])]
        kept = [index for index in kept if index not in falling]
    return float(np.log(y.mean() / (1 - y.mean()))), [0.0] * weights.shape[1]


def fit_logit(weights: Floats, y: Floats) -> list[float]:
    """Intercept and slopes of the logit with one win and one loss added for each feature."""
    import statsmodels.api as sm

    features = weights.shape[1]
    rows = np.column_stack([np.ones(len(y)), weights])
    prior = np.column_stack([np.zeros(features), np.eye(features)])
    model: Any = sm.Logit(np.concatenate([y, np.ones(features), np.zeros(features)]), np.vstack([rows, prior, prior]))
    return np.asarray(model.fit(method="newton", disp=0, maxiter=100).params).tolist()


def _line(bins: Bins, places: np.ndarray, weights: Floats, slope: float, y: Floats) -> Line:
    count = len(bins.names)
    rows, hits = np.bincount(places, minlength=count), np.bincount(places, weights=y, minlength=count)
    weight = np.zeros(count)
    weight[places] = weights
    return Line(
        bins,
        tuple(round(FACTOR * slope * value) for value in weight.tolist()),
        tuple((rows / len(y)).tolist()),
        tuple(float(hit / number) if number else None for hit, number in zip(hits, rows, strict=True)),
    )
