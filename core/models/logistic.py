"""A logistic regression on every feature as it is: the plain challenger that trees must beat.

Numbers are ranked into quantiles of the training rows (robust against long tails), with a sign of their own where
missing; levels of categories are their weights of evidence. The slopes have the scorecard's weak prior.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from core.models import binning
from core.models.binning import Bins
from core.models.calibration import sigmoid
from core.models.encoding import FeatureInfo, Floats
from core.models.scorecard import fit_logit, in_training

LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Column:
    """How one feature becomes columns: sorted training values for ranks, or bins with their weights of evidence."""

    feature: FeatureInfo
    known: Floats = field(repr=False, default_factory=lambda: np.empty(0))
    bins: Bins | None = None
    weights: Floats = field(repr=False, default_factory=lambda: np.empty(0))

    def values(self, frame: pl.DataFrame) -> Floats:
        """Rows x 1 (category) or rows x 2: centred rank, and whether the value is missing."""
        if self.bins is not None:
            return self.weights[self.bins.place(frame[self.feature.name])][:, None]
        values = frame[self.feature.name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        missing = ~np.isfinite(values)
        left, right = (np.searchsorted(self.known, values, side=side) for side in ("left", "right"))
        rank = (left + right) / (2 * max(len(self.known), 1)) - 0.5
        return np.column_stack([np.where(missing, 0.0, rank), missing.astype(np.float64)])


@dataclass(frozen=True)
class Logistic:
    """The fitted columns with intercept and slopes."""

    columns: tuple[Column, ...]
    kept: np.ndarray = field(repr=False)
    weights: Floats = field(repr=False)

    def probability(self, frame: pl.DataFrame) -> Floats:
        """Rows: the probability of a positive outcome."""
        design = np.column_stack([column.values(frame) for column in self.columns])[:, self.kept]
        return sigmoid(self.weights[0] + design @ self.weights[1:])


def fit(frame: pl.DataFrame, features: Sequence[FeatureInfo]) -> Logistic:
    """The regression on the train and calibration rows; raises ThinData where they hold one class."""
    fitted, y = in_training(frame)
    columns = tuple(_column(fitted, feature, y) for feature in features)
    design = np.column_stack([column.values(fitted) for column in columns])
    kept = np.flatnonzero(design.std(axis=0) > LEAST_SPREAD)
    return Logistic(columns, kept, np.array(fit_logit(design[:, kept], y)))


def _column(fitted: pl.DataFrame, feature: FeatureInfo, y: Floats) -> Column:
    column = fitted[feature.name]
    if feature.dtype == "category":
        bins = binning.learn(column, feature)
        weights, _ = binning.evidence(bins.place(column), y, len(bins.names))
        return Column(feature, bins=bins, weights=weights)
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return Column(feature, np.sort(values[np.isfinite(values)]))
