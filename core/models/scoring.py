"""Scores with their reasons: margin, calibrated probability, and contributions in probability points.

Contributions are LightGBM's exact path-dependent tree SHAP (S. Lundberg et al., Consistent individualized feature
attribution for tree ensembles, 2018). The margin is their sum in feature order, so that scores and reasons have one
source; each row is computed by itself, so neither threads nor the other rows of a batch change it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from core.models.attributing import compiled_contributions, is_compiled
from core.models.calibration import Calibration
from core.models.encoding import FeatureInfo, Floats, Role, matrix
from core.models.model import Model, Reference

NEAR = 1e-9
THREADS = 1
Way = Callable[[str, Floats], Floats]
"""Margin contributions (rows x features) of a booster's text for inputs."""


@dataclass(frozen=True)
class Points:
    """Contributions in probability points: rows x features, in the model's feature order, and the base of all rows."""

    base: float
    names: tuple[str, ...]
    values: Floats = field(repr=False)


@lru_cache(maxsize=64)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)


def contributions(booster: str, inputs: Floats, threads: int = THREADS) -> tuple[Floats, float]:
    """Margin contributions (rows x features) and the base margin m0, which is the same for every row."""
    if len(inputs) == 0:
        return np.empty(inputs.shape), float("nan")
    raw = np.asarray(_booster(booster).predict(inputs, pred_contrib=True, num_threads=threads))
    return raw[:, :-1], float(raw[0, -1])


def way_of(model: Model, threads: int = THREADS) -> Way:
    """How the model's margin contributions are worked out, as its facts name it."""
    return compiled_contributions if is_compiled(model.facts) else lightgbm_way(threads)


def lightgbm_way(threads: int) -> Way:
    """LightGBM's own contributions."""
    return lambda booster, inputs: contributions(booster, inputs, threads)[0]


def raw_margins(booster: str, inputs: Floats, threads: int = THREADS) -> Floats:
    """Margins without contributions: many times faster, equal to summed contributions to about 1e-12."""
    if len(inputs) == 0:
        return np.empty(0)
    return np.asarray(_booster(booster).predict(inputs, raw_score=True, num_threads=threads))


def summed(base_margin: float, parts: Floats) -> Floats:
    """Base margin plus the columns, added one after the other in feature order."""
    total = np.full(len(parts), base_margin)
    for column in parts.T:
        total = total + column
    return total


def probability_points(calibration: Calibration, base_margin: float, parts: Floats) -> Floats:
    """f_i x (g(m) - g(m0)) / (m - m0), the slope of g at m0 where m = m0; a row sums to g(m) - g(m0) to 1e-9."""
    margin = summed(base_margin, parts)
    moved = margin - base_margin
    start = calibration.probability(np.array([base_margin]))[0]
    apart = np.abs(moved) >= NEAR
    rate = (calibration.probability(margin) - start) / np.where(apart, moved, 1.0)
    return parts * np.where(apart, rate, calibration.gradient(base_margin))[:, None]


def role_sums(features: tuple[FeatureInfo, ...], points: Floats, role: Role) -> Floats:
    """The points of one role's features, added in feature order (rows)."""
    chosen = [index for index, feature in enumerate(features) if feature.role == role]
    return summed(0.0, points[:, chosen])


def margins(model: Model, inputs: Floats, threads: int = THREADS) -> Floats:
    """The margin of each row (as `matrix` gives them) by the trees that score it, without contributions."""
    found = np.empty(len(inputs))
    for rows, one in model.shares(inputs):
        found[rows] = raw_margins(one.booster, inputs[rows], threads)
    return found


def probabilities(model: Model, frame: pl.DataFrame, threads: int = THREADS) -> Floats:
    """Calibrated probabilities without reasons (rows), for large what-if jobs; never stored with a decision."""
    inputs = matrix(frame, model.features, model.categories)
    found = np.empty(len(inputs))
    for rows, one in model.shares(inputs):
        found[rows] = one.calibration.probability(raw_margins(one.booster, inputs[rows], threads))
    return found


def explained(model: Model, inputs: Floats, way: Way) -> tuple[Floats, Floats, Floats]:
    """Margin and probability (rows), and points (rows x features), all from the model's one base.

    Where a level's own trees score a lead, their base less the parent's is what its level is worth by itself: it counts
    with the segment's feature, which those trees cannot read, being the same for all their leads.
    """
    margin, probability, points = np.empty(len(inputs)), np.empty(len(inputs)), np.empty(inputs.shape)
    for rows, one in model.shares(inputs):
        parts = way(one.booster, inputs[rows])
        margin[rows] = summed(one.base_margin, parts)
        probability[rows] = one.calibration.probability(margin[rows])
        points[rows] = probability_points(one.calibration, one.base_margin, parts)
        if model.segments is not None and one is not model.parent:
            points[rows, model.names.index(model.segments.by)] += one.base - model.parent.base
    return margin, probability, points


def score(model: Model, frame: pl.DataFrame, threads: int = THREADS) -> pl.DataFrame:
    """One row a frame row: margin, probability, score, percentile, fit, engagement, fit_grade, engagement_grade."""
    return score_with_points(model, frame, threads)[0]


def score_with_points(model: Model, frame: pl.DataFrame, threads: int = THREADS) -> tuple[pl.DataFrame, Points]:
    """The scores and the points behind them; raises ColumnsMissing and FeatureTypeInvalid.

    score: probability at 4 decimals; percentile: 0-100 in the reference population; grades: A-D for fit and 1-4 for
    engagement by its quartiles, null where the model has no feature of that role.
    """
    inputs = matrix(frame, model.features, model.categories)
    margin, probability, points = explained(model, inputs, way_of(model, threads))
    scores = pl.DataFrame(
        {
            "margin": margin,
            "probability": probability,
            "score": np.round(probability, 4),
            "percentile": percentiles(model.reference, probability),
        }
    )
    return scores.with_columns(_axes(model, points)), Points(model.parent.base, model.names, points)


def percentiles(reference: Reference, probability: Floats) -> Floats:
    """The share of the reference population at or below each probability, 0-100 with one decimal."""
    at_or_below = np.searchsorted(reference.probabilities, np.round(probability, 9), side="right")
    return np.round(100.0 * at_or_below / max(len(reference.probabilities), 1), 1)


def _axes(model: Model, points: Floats) -> list[pl.Series]:
    fit, engagement = (role_sums(model.features, points, role) for role in ("fit", "engagement"))
    fit_rank = _quartile(fit, model.reference.fit_quartiles)
    engagement_rank = _quartile(engagement, model.reference.engagement_quartiles)
    letters = np.array(["D", "C", "B", "A"])[fit_rank].tolist()
    numbers = (4 - engagement_rank).tolist()
    roles = {feature.role for feature in model.features}
    return [
        pl.Series("fit", fit),
        pl.Series("engagement", engagement),
        pl.Series("fit_grade", letters if "fit" in roles else [None] * len(fit), dtype=pl.String),
        pl.Series("engagement_grade", numbers if "engagement" in roles else [None] * len(fit), dtype=pl.Int8),
    ]


def _quartile(values: Floats, cuts: tuple[float, float, float]) -> np.ndarray:
    """0 for the lowest quarter up to 3 for the highest; a value on a cut is in the quarter above it."""
    return np.searchsorted(cuts, np.round(values, 9), side="right")
