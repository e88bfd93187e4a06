"""Tables behind the charts of a model's figures: calibration by bin, lift by tenth, precision by recall."""

import numpy as np
import polars as pl

from core.models.encoding import Floats
from core.models.intervals import wilson
from core.models.metrics import cumulated, equal_bins

CURVE_BINS = 10
CURVE_POINTS = 60


def calibration_table(y: Floats, p: Floats, cluster: np.ndarray, bins: int = CURVE_BINS) -> pl.DataFrame:
    """Per bin of equal size: rows, mean predicted, observed rate, and its 95 % Wilson interval (low, high).

    The interval counts the clusters (leads) of a bin, since rows of one lead share its fate.
    """
    rows = []
    for part in equal_bins(p, bins):
        rate, leads = float(y[part].mean()), len(np.unique(cluster[part]))
        rows.append((len(part), float(p[part].mean()), rate, *wilson(rate, leads)))
    return pl.DataFrame(rows, schema=["rows", "predicted", "observed", "low", "high"], orient="row")


def lift_table(y: Floats, p: Floats, bins: int = CURVE_BINS) -> pl.DataFrame:
    """Per tenth from the top: decile, rows, positives, rate, lift, and the share of all positives found so far."""
    rows, found = [], 0.0
    for decile, part in enumerate(reversed(equal_bins(p, bins)), start=1):
        hits = float(y[part].sum())
        found += hits
        rate = hits / len(part)
        rows.append((decile, len(part), int(hits), rate, rate / float(y.mean()), found / float(y.sum())))
    return pl.DataFrame(rows, schema=["decile", "rows", "positives", "rate", "lift", "captured"], orient="row")


def tenths(p: Floats, bins: int = CURVE_BINS) -> np.ndarray:
    """The bin of each row as the tables have them, 1 for that of the highest probabilities."""
    place = np.zeros(len(p), dtype=np.int8)
    for number, part in enumerate(reversed(equal_bins(p, bins)), start=1):
        place[part] = number
    return place


def precision_table(tested: pl.DataFrame, most: int = CURVE_POINTS) -> pl.DataFrame:
    """threshold, recall and precision from the highest probability down, of rows with y and probability.

    Rows of one probability come together; about `most` of the thresholds are kept, evenly over the rows.
    """
    y, p = (tested[name].cast(pl.Float64).to_numpy() for name in ("y", "probability"))
    hits, rows = cumulated(y, p)
    kept = np.unique(np.searchsorted(rows, np.linspace(1, len(y), min(most, len(y)))))
    return pl.DataFrame(
        {
            "threshold": np.unique(p)[::-1][kept],
            "recall": hits[kept] / max(float(y.sum()), 1.0),
            "precision": hits[kept] / rows[kept],
        }
    )
