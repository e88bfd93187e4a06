"""How good scores are before their labels are known, if they are calibrated (CBPE).

J. Kuberski, W. Kozlowski, "CBPE: Confidence-based performance estimation", as in NannyML (2023): with calibrated
probabilities each row is a win with its own probability, so expected figures follow from the scores alone.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from core.models.encoding import Floats
from core.models.metrics import weighted_auc

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
    """The estimate for rows of lead_id and p, on at most 20,000 rows; None without rows.

    Labels are drawn from the probabilities with one uniform number a lead, since rows of one lead share its fate.
    """
    if rows.is_empty():
        return None
    drawn = rows.sample(MOST_ROWS, seed=seed) if rows.height > MOST_ROWS else rows
    ordered = drawn.sort("p")
    p = ordered["p"].cast(pl.Float64).to_numpy()
    _, owner = np.unique(ordered["lead_id"].to_numpy(), return_inverse=True)
    chance = np.random.default_rng(seed)
    starts = np.flatnonzero(np.diff(p, prepend=np.nan) != 0)
    figures = np.array([_figures(p, (chance.random(owner.max() + 1)[owner] < p), starts) for _ in range(DRAWS)])
    areas = figures[np.isfinite(figures[:, 0]), 0]
    return Estimate(
        rows.height,
        weighted_auc(p, 1 - p, starts) if len(areas) else None,
        _interval(areas) if len(areas) else None,
        float((p * (1 - p)).mean()),
        _interval(figures[:, 1]),
        float(p.mean()),
        _interval(figures[:, 2]),
    )


def _figures(p: Floats, won: np.ndarray, starts: np.ndarray) -> tuple[float, float, float]:
    y = won.astype(np.float64)
    return weighted_auc(y, 1 - y, starts), float(np.square(p - y).mean()), float(y.mean())


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
