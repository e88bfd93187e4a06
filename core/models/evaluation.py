"""How good the probabilities are on rows that no training saw: figures, intervals, by landmark, and what to warn of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from core.models import resampling
from core.models.encoding import FeatureInfo, Floats
from core.models.errors import EvaluationImpossible
from core.models.intervals import wilson
from core.models.metrics import (
    auc_interval,
    average_precision,
    brier,
    calibration_error,
    calibration_noise,
    cumulated,
    equal_bins,
    lift_at,
    log_loss,
)
from core.models.ranking import auc
from core.models.training import TrainConfig, held_out_margins

SEGMENTS = (2, 8)
CURVE_BINS = 10
CURVE_POINTS = 60
POOR_CALIBRATION = 0.05
SHIFTED = 3.0


@dataclass(frozen=True)
class LandmarkFigures:
    """One landmark's test rows, its positives, AUC and 95 % interval (None where one class is missing)."""

    after: str
    rows: int
    positives: int
    auc: float | None
    auc_ci95: tuple[float, float] | None


@dataclass(frozen=True)
class SegmentFigures:
    """One segment's test rows, its positives, AUC and 95 % interval (None where one class is missing)."""

    segment: str
    rows: int
    positives: int
    auc: float | None
    auc_ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Caution:
    """A warning with its code of the closed list in recipes.md."""

    code: str
    message: str


@dataclass(frozen=True)
class Evaluation:
    """Figures on the test rows; calibration and lift are tables for charts."""

    rows: int
    leads: int
    positives: int
    auc: float
    auc_ci95: tuple[float, float]
    pr_auc: float
    brier: float
    log_loss: float
    ece: float
    lift_at_10: float
    base_rate_train: float
    base_rate_test: float
    by_landmark: tuple[LandmarkFigures, ...]
    by_segment: tuple[SegmentFigures, ...]
    intervals: dict[str, Any]
    calibration: pl.DataFrame = field(repr=False)
    lift: pl.DataFrame = field(repr=False)
    cautions: tuple[Caution, ...] = ()

    def figures(self) -> dict[str, Any]:
        """The figures as plain JSON values, without tables and warnings."""
        left_out = {"calibration", "lift", "cautions"}
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in left_out}
        groups = {name: [_plain(one) for one in getattr(self, name)] for name in ("by_landmark", "by_segment")}
        return {**plain, "auc_ci95": list(self.auc_ci95), **groups}


def _plain(mark: LandmarkFigures | SegmentFigures) -> dict[str, Any]:
    return {**asdict(mark), "auc_ci95": None if mark.auc_ci95 is None else list(mark.auc_ci95)}


def evaluate(
    frame: pl.DataFrame, *, seed: int = 7, rounds: int = resampling.ROUNDS, segment: str | None = None
) -> Evaluation:
    """Figures of the test rows of a frame with lead_id, landmark, y, part and probability; by `segment`, if given.

    The base rate of training is that of the train and calibration rows. Raises EvaluationImpossible where the test rows
    hold one class only.
    """
    tested = frame.filter(pl.col("part") == "test")
    y, p = _floats(tested["y"]), _floats(tested["probability"])
    if not 0 < y.sum() < len(y):
        raise EvaluationImpossible(len(y), int(y.sum()))
    trained = frame.filter(pl.col("part").is_in(["train", "calibration"]))
    base = float(_floats(trained["y"]).mean()) if len(trained) else float("nan")
    leads = tested["lead_id"].to_numpy()
    rounds = resampling.rounds_for(len(y), rounds)
    drawn = resampling.figures(y, p, leads, seed, rounds)
    return Evaluation(
        rows=len(tested),
        leads=tested["lead_id"].n_unique(),
        positives=int(y.sum()),
        auc=auc(y, p),
        auc_ci95=drawn["auc"][1],
        pr_auc=average_precision(y, p),
        brier=brier(y, p),
        log_loss=log_loss(y, p),
        ece=calibration_error(y, p),
        lift_at_10=lift_at(y, p, 0.1),
        base_rate_train=base,
        base_rate_test=float(y.mean()),
        by_landmark=_by_landmark(tested, seed, rounds),
        by_segment=() if segment is None else _by_segment(tested, segment, seed, rounds),
        intervals=resampling.figures_json(drawn),
        calibration=calibration_table(y, p, leads),
        lift=lift_table(y, p),
        cautions=tuple(_cautions(y, p, _floats(trained["y"]))),
    )


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()


def _by_landmark(tested: pl.DataFrame, seed: int, rounds: int) -> tuple[LandmarkFigures, ...]:
    """One entry a landmark, in the order of its median age."""
    parts = ((mark, tested.filter(pl.col("landmark") == mark)) for mark in _marks(tested))
    return tuple(LandmarkFigures(mark, *_ranking(part, seed, rounds)) for mark, part in parts)


def _by_segment(tested: pl.DataFrame, segment: str, seed: int, rounds: int) -> tuple[SegmentFigures, ...]:
    """One entry a segment, the largest first; leads without a value are none."""
    counted = (
        tested[segment]
        .drop_nulls()
        .value_counts(sort=True, name="rows")
        .sort(["rows", segment], descending=[True, False])
    )
    parts = ((name, tested.filter(pl.col(segment) == name)) for name in counted[segment].to_list())
    return tuple(SegmentFigures(str(name), *_ranking(part, seed, rounds)) for name, part in parts)


def _ranking(part: pl.DataFrame, seed: int, rounds: int) -> tuple[int, int, float | None, tuple[float, float] | None]:
    """Rows, positives, AUC and its interval; None where one class is missing."""
    y, p = _floats(part["y"]), _floats(part["probability"])
    if not 0 < y.sum() < len(y):
        return len(y), int(y.sum()), None, None
    return len(y), int(y.sum()), auc(y, p), auc_interval(y, p, part["lead_id"].to_numpy(), seed, rounds)


def segment_of(frame: pl.DataFrame, features: Sequence[FeatureInfo]) -> str | None:
    """The first category attribute with two to eight values: what the figures are also told by; None without one."""
    low, high = SEGMENTS
    named = (one.name for one in features if one.dtype == "category" and one.role == "fit")
    return next((name for name in named if low <= frame[name].drop_nulls().n_unique() <= high), None)


def _marks(tested: pl.DataFrame) -> list[str]:
    if not {"as_of", "created_at"} <= set(tested.columns):
        return tested["landmark"].unique(maintain_order=True).to_list()
    age = (pl.col("as_of") - pl.col("created_at")).median().alias("age")
    return tested.group_by("landmark").agg(age).sort("age", "landmark")["landmark"].to_list()


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


def precision_table(tested: pl.DataFrame, most: int = CURVE_POINTS) -> pl.DataFrame:
    """threshold, recall and precision from the highest probability down, of rows with y and probability.

    Rows of one probability come together; about `most` of the thresholds are kept, evenly over the rows.
    """
    y, p = _floats(tested["y"]), _floats(tested["probability"])
    hits, rows = cumulated(y, p)
    kept = np.unique(np.searchsorted(rows, np.linspace(1, len(y), min(most, len(y)))))
    return pl.DataFrame(
        {
            "threshold": np.unique(p)[::-1][kept],
            "recall": hits[kept] / max(float(y.sum()), 1.0),
            "precision": hits[kept] / rows[kept],
        }
    )


def _cautions(y: Floats, p: Floats, trained: Floats) -> list[Caution]:
    found = []
    if len(trained) and _shifted(y, trained):
        found.append(
            Caution(
                "base_rate_shift",
                f"The positive rate is {y.mean():.1%} in the test rows and was {trained.mean():.1%} in training: "
                "ranks hold better than probabilities.",
            )
        )
    error, noise = calibration_error(y, p), calibration_noise(y)
    if error > POOR_CALIBRATION and error > 2 * noise:
        found.append(
            Caution(
                "poorly_calibrated",
                f"Predicted and observed rates differ by {error:.1%} on average (chance alone: about {noise:.1%}).",
            )
        )
    return found


def _shifted(y: Floats, trained: Floats) -> bool:
    """Whether the rates differ by over three standard errors and by over a fifth of the training rate."""
    before, now = float(trained.mean()), float(y.mean())
    error = np.sqrt(before * (1 - before) / len(trained) + now * (1 - now) / len(y))
    return abs(now - before) > SHIFTED * error and abs(now - before) > 0.2 * before


def held_out_auc(frame: pl.DataFrame, features: Sequence[FeatureInfo], config: TrainConfig) -> float | None:
    """AUC on the test rows of a model trained on the same frame: for another split, or with the suspected leaks.

    None where training is refused for thin data or the test rows hold one class.
    """
    tested = _floats(frame.filter(pl.col("part") == "test")["y"])
    margins = held_out_margins(frame, features, config)
    if margins is None or not 0 < tested.sum() < len(tested):
        return None
    return auc(tested, margins)


def base_rate_brier(frame: pl.DataFrame) -> float:
    """Brier score on the test rows of always predicting the positive rate of training."""
    trained = _floats(frame.filter(pl.col("part").is_in(["train", "calibration"]))["y"])
    tested = _floats(frame.filter(pl.col("part") == "test")["y"])
    return brier(tested, np.full(len(tested), trained.mean()))


def recency_auc(frame: pl.DataFrame, days_since_last: str) -> float | None:
    """AUC on the test rows of ranking by the days since the last event, the most recent first, none at all last."""
    tested = frame.filter(pl.col("part") == "test")
    days = tested[days_since_last].cast(pl.Float64).fill_nan(None).fill_null(float("inf")).to_numpy()
    area = auc(_floats(tested["y"]), -days)
    return area if np.isfinite(area) else None
