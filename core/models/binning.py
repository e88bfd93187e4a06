"""Readable bins of a feature and their weights of evidence, for the scorecard.

N. Siddiqi, Credit Risk Scorecards (2006): weight of evidence = ln(share of positives in the bin / share of negatives),
information value = sum of (difference of the shares) x weight. Half a lead is added to each count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from core.models.encoding import FeatureInfo, Floats

MOST_BINS = 5
SMALLEST_SHARE = 0.03
MISSING = "not known"
REST = "any other"


@dataclass(frozen=True)
class Bins:
    """A feature's bins: cut points of numbers, or levels; a missing value and an unknown level have their own."""

    feature: FeatureInfo
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What each bin holds, in words; the last is the missing value."""
        if self.feature.dtype == "category":
            return (*self.levels, REST, MISSING)
        if self.feature.dtype == "boolean":
            return ("no", "yes", MISSING)
        return (*_ranges(self.cuts, whole=self.feature.dtype == "count"), MISSING)

    def place(self, column: pl.Series) -> np.ndarray:
        """The bin number of each value."""
        last = len(self.names) - 1
        if self.feature.dtype == "category":
            known = {level: number for number, level in enumerate(self.levels)}
            codes = column.cast(pl.String).replace_strict(known, default=len(self.levels), return_dtype=pl.Int64)
            return np.where(column.is_null().to_numpy(), last, codes.to_numpy())
        values = column.cast(pl.Float64).fill_nan(None)
        missing = (values.is_null() | values.is_infinite().fill_null(False)).to_numpy()
        cuts = (0.5,) if self.feature.dtype == "boolean" else self.cuts
        return np.where(missing, last, np.searchsorted(cuts, values.fill_null(0.0).to_numpy(), side="right"))


def learn(column: pl.Series, feature: FeatureInfo) -> Bins:
    """Bins of about equal size (numbers), or one a level that 3 % of the rows have (categories)."""
    if feature.dtype == "category":
        counted = column.cast(pl.String).drop_nulls().value_counts(name="rows")
        common = counted.filter(pl.col("rows") >= SMALLEST_SHARE * len(column))
        ordered = common.sort(["rows", column.name], descending=[True, False])[column.name].to_list()
        return Bins(feature, levels=tuple(ordered[: 2 * MOST_BINS]))
    values = column.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
    values = values[np.isfinite(values)]
    if feature.dtype == "boolean" or not len(values):
        return Bins(feature)
    quantiles = np.quantile(values, np.linspace(0, 1, MOST_BINS + 1)[1:-1])
    cuts = np.ceil(quantiles) if feature.dtype == "count" else [_readable(cut) for cut in quantiles]
    if feature.dtype == "count":
        cuts = np.unique(np.append(cuts, 1.0))
    inside = np.unique(cuts)
    return Bins(feature, cuts=tuple(float(cut) for cut in inside if values.min() < cut <= values.max()))


def evidence(places: np.ndarray, y: Floats, bins: int) -> tuple[Floats, float]:
    """The weight of evidence of each bin (0 where it is empty) and the information value of the feature."""
    positives = np.bincount(places, weights=y, minlength=bins)
    negatives = np.bincount(places, weights=1 - y, minlength=bins)
    good, bad = (positives + 0.5) / (positives.sum() + 0.5), (negatives + 0.5) / (negatives.sum() + 0.5)
    weights = np.where(positives + negatives > 0, np.log(good / bad), 0.0)
    return weights, float(((good - bad) * weights).sum())


def _readable(cut: float) -> float:
    """The cut with two significant digits."""
    return float(f"{cut:.2g}")


def _ranges(cuts: Sequence[float], *, whole: bool) -> tuple[str, ...]:
    if not cuts:
        return ("any value",)
    if not whole:
        middle = [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
        return (f"under {cuts[0]:g}", *middle, f"{cuts[-1]:g} or more")
    first = "0" if cuts[0] == 1 else f"under {cuts[0]:.0f}"
    middle = [_whole(int(low), int(high) - 1) for low, high in pairwise(cuts)]
    return (first, *middle, f"{cuts[-1]:.0f} or more")


def _whole(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"
