"""AUC of scores and of single columns, by ranks."""

import numpy as np
import polars as pl

from core.models.encoding import Floats

BINS = 20
SMOOTHING = 10.0


def auc(y: Floats, score: Floats) -> float:
    """Area under the ROC curve of 0/1 labels, ties counted half (Mann-Whitney); NaN where a class is missing."""
    positives = float(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2.0
    return float((middle[place][y > 0].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def auc_error(area: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (J. Hanley, B. McNeil, Radiology 143, 1982)."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)
    return float(np.sqrt(max(spread, 0.0) / max(positives * negatives, 1)))


def presence_auc(in_positive: float, in_negative: float) -> float:
    """AUC of a yes/no sign present in these shares of the positive and of the negative leads, either way round."""
    return 0.5 + abs(in_positive - in_negative) / 2.0


def levels(column: pl.Series) -> pl.Series:
    """The column as text levels, missing as a level of its own; numbers and times in at most 20 quantile bins."""
    if column.dtype.is_temporal():
        column = column.cast(pl.Datetime("us")).cast(pl.Int64)
    if column.dtype.is_numeric() and column.n_unique() > BINS:
        column = _binned(column.cast(pl.Float64))
    return column.cast(pl.String).fill_null("\0missing")


def _binned(column: pl.Series) -> pl.Series:
    values = column.fill_nan(None)
    present = values.drop_nulls().to_numpy()
    cuts = np.unique(np.quantile(present[np.isfinite(present)], np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = np.searchsorted(cuts, values.fill_null(0.0).to_numpy(), side="right")
    return pl.select(pl.when(values.is_null()).then(None).otherwise(pl.Series(codes))).to_series()


def single_column_auc(column: pl.Series, y: Floats, tested: np.ndarray) -> float:
    """Held-out AUC of one column: each level's smoothed positive rate on the other rows, ranked on `tested` rows."""
    frame = pl.DataFrame({"level": levels(column), "y": y, "tested": tested})
    learned, held = frame.filter(~pl.col("tested")), frame.filter("tested")
    if learned.is_empty() or held.is_empty():
        return float("nan")
    base = float(learned["y"].sum()) / len(learned)
    rates = learned.group_by("level").agg(
        ((pl.col("y").sum() + SMOOTHING * base) / (pl.len() + SMOOTHING)).alias("rate")
    )
    ranked = held.join(rates, on="level", how="left").with_columns(pl.col("rate").fill_null(base))
    return auc(ranked["y"].to_numpy(), ranked["rate"].to_numpy())
