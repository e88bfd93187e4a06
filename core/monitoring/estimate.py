"""How good scores are before their labels are known, if they are calibrated (CBPE).

J. Kuberski, W. Kozlowski, "CBPE: Confidence-based performance estimation", as in NannyML (2023): with calibrated
probabilities each row is a win with its own probability, so expected figures follow from the scores alone.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from core.models.encoding import Floats
from core.models.metrics import weighted_auc
from core.models.worked import weights_of

DRAWS = 200
MOST_ROWS = 20_000
ASSUMPTION = (
    "Assumes that the probabilities are calibrated and that the relation of features to outcome holds; a change of "
    "that relation (concept drift) cannot be seen without labels."
)


@dataclass(frozen=True)
class Estimate:
    """Expected AUC, Brier score and win rate, each with the interval in which 95 % of realisations would lie."""

    rows: int
    auc: float | None
    auc_interval: tuple[float, float] | None
    brier: float
    brier_interval: tuple[float, float]
    win_rate: float
    win_rate_interval: tuple[float, float]


def estimate(rows: pl.DataFrame, seed: int) -> Estimate | None:
    """The estimate for rows of lead_id and p, on at most 20,000 rows; None without rows. Rows with WEIGHT count it.

    Labels are drawn from the probabilities with one uniform number a lead, since rows of one lead share its fate.
    """
    if rows.is_empty():
        return None
    drawn = rows.sample(MOST_ROWS, seed=seed) if rows.height > MOST_ROWS else rows
    ordered = drawn.sort("p")
    p = ordered["p"].cast(pl.Float64).to_numpy()
    _, owner = np.unique(ordered["lead_id"].to_numpy(), return_inverse=True)
    chance, given = np.random.default_rng(seed), weights_of(ordered)
    weight = np.ones(len(p)) if given is None else given
    starts = np.flatnonzero(np.diff(p, prepend=np.nan) != 0)
    drawn_wins = (chance.random(owner.max() + 1)[owner] < p for _ in range(DRAWS))
    figures = np.array([_figures(p, won, starts, weight) for won in drawn_wins])
    areas = figures[np.isfinite(figures[:, 0]), 0]
    return Estimate(
        rows.height,
        weighted_auc(weight * p, weight * (1 - p), starts) if len(areas) else None,
        _interval(areas) if len(areas) else None,
        float(np.average(p * (1 - p), weights=weight)),
        _interval(figures[:, 1]),
        float(np.average(p, weights=weight)),
        _interval(figures[:, 2]),
    )


def _figures(p: Floats, won: np.ndarray, starts: np.ndarray, weight: Floats) -> tuple[float, float, float]:
    y = won.astype(np.float64)
    missed, rate = (float(np.average(one, weights=weight)) for one in (np.square(p - y), y))
    return weighted_auc(weight * y, weight * (1 - y), starts), missed, rate


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
