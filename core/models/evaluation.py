"""How good the probabilities are on rows that no training saw: figures, intervals, by landmark, and what to warn of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from core.models import resampling
from core.models.curves import calibration_table, lift_table
from core.models.encoding import FeatureInfo, Floats
from core.models.errors import EvaluationImpossible
from core.models.maturity import matured
from core.models.metrics import (
    auc_interval,
    average_precision,
    brier,
    calibration_error,
    calibration_noise,
    lift_at,
    log_loss,
)
from core.models.ranking import auc
from core.models.training import TrainConfig, held_out_ranks
from core.models.worked import WEIGHT

SEGMENTS = (2, 8)
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
class MaturedFigures:
    """The test rows whose window is over, wins and losses alike: what the youngest rows cannot flatter."""

    rows: int
    leads: int
    positives: int
    base_rate: float
    auc: float
    auc_ci95: tuple[float, float]
    brier: float
    ece: float


@dataclass(frozen=True)
class Caution:
    """A warning with its code of the closed list in recipes.md."""

    code: str
    message: str


@dataclass(frozen=True)
class Evaluation:
    """Figures on the test rows; calibration and lift are tables for charts.

    matured: the same of the rows whose window is over, None where that is all of them or one class only.
    """

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
    matured: MaturedFigures | None
    calibration: pl.DataFrame = field(repr=False)
    lift: pl.DataFrame = field(repr=False)
    cautions: tuple[Caution, ...] = ()

    def figures(self) -> dict[str, Any]:
        """The figures as plain JSON values, without tables and warnings."""
        left_out = {"calibration", "lift", "cautions"}
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in left_out}
        groups = {name: [_plain(one) for one in getattr(self, name)] for name in ("by_landmark", "by_segment")}
        matured = None if self.matured is None else _plain(self.matured)
        return {**plain, "auc_ci95": list(self.auc_ci95), "matured": matured, **groups}


def _plain(mark: LandmarkFigures | SegmentFigures | MaturedFigures) -> dict[str, Any]:
    return {**asdict(mark), "auc_ci95": None if mark.auc_ci95 is None else list(mark.auc_ci95)}


def evaluate(
    frame: pl.DataFrame,
    *,
    seed: int = 7,
    rounds: int = resampling.ROUNDS,
    segment: str | None = None,
    observed_until: datetime | None = None,
) -> Evaluation:
    """Figures of the test rows of a frame with lead_id, landmark, y, part and probability; by `segment`, if given.

    With `observed_until`, the end of the log, the rows whose label_known_at it reached are also told by themselves.
    The base rate of training is that of the train and calibration rows. Of rows with a WEIGHT the warning of poor
    calibration alone heeds it. Raises EvaluationImpossible where the test rows hold one class only.
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
    ripe = None if observed_until is None else _matured(tested, observed_until, seed, rounds)
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
        matured=ripe,
        calibration=calibration_table(y, p, leads),
        lift=lift_table(y, p),
        cautions=tuple(_cautions(tested, (_by_lead(tested), _by_lead(trained)), ripe)),
    )


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()


def _matured(tested: pl.DataFrame, observed_until: datetime, seed: int, rounds: int) -> MaturedFigures | None:
    """Figures of the rows whose window is over, where others are there too: those were decided early."""
    over = matured(tested, observed_until).drop_nulls("y")
    y, p = _floats(over["y"]), _floats(over["probability"])
    if len(over) == len(tested) or not 0 < y.sum() < len(y):
        return None
    leads = over["lead_id"]
    interval = auc_interval(y, p, leads.to_numpy(), seed, rounds)
    shares = float(y.mean()), auc(y, p), interval, brier(y, p), calibration_error(y, p)
    return MaturedFigures(len(over), leads.n_unique(), int(y.sum()), *shares)


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


def weighted_figures(tested: pl.DataFrame, weight: str) -> dict[str, float]:
    """The figures of test rows (y, probability) each counted by its weight, and the rates said and come to."""
    y, p, counted = (_floats(tested[name]) for name in ("y", "probability", weight))
    values = dict(zip(resampling.FIGURES, resampling.Ranked(y, p).figures(counted).tolist(), strict=True))
    total = float(counted.sum())
    rates = {"base_rate": float((counted * y).sum()) / total, "expected_rate": float((counted * p).sum()) / total}
    return {name: values[name] for name in ("auc", "brier", "log_loss", "ece")} | rates


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


def _by_lead(frame: pl.DataFrame) -> Floats:
    """The mean label of each lead: rows of one lead share its fate and count once."""
    return _floats(frame.group_by("lead_id", maintain_order=True).agg(pl.col("y").cast(pl.Float64).mean())["y"])


def _cautions(tested: pl.DataFrame, leads: tuple[Floats, Floats], matured: MaturedFigures | None) -> list[Caution]:
    """Warnings from the test rows, and from the mean label of each lead in test and in training."""
    (now, before), found = leads, []
    whole = "" if matured is None else f" Of the {matured.rows:,} whose window is over"
    if len(before) and _shifted(now, before):
        found.append(
            Caution(
                "base_rate_shift",
                f"The positive rate is {now.mean():.1%} among the test leads and was {before.mean():.1%} in training: "
                "ranks hold better than probabilities."
                + (f"{whole} it is {matured.base_rate:.1%}: the others were decided early." if matured else ""),
            )
        )
    error, noise, said = _missed(tested)
    if error > POOR_CALIBRATION and error > 2 * noise:
        found.append(
            Caution(
                "poorly_calibrated",
                f"Predicted and observed rates{said} differ by {error:.1%} on average (chance alone: {noise:.1%})."
                + (f"{whole} by {matured.ece:.1%}: the others were decided early." if matured and not said else ""),
            )
        )
    return found


def _missed(tested: pl.DataFrame) -> tuple[float, float, str]:
    """By how much probabilities miss the rates, by how much chance alone would, and what to say where rows weigh."""
    y = _floats(tested["y"])
    if WEIGHT not in tested.columns:
        return calibration_error(y, _floats(tested["probability"])), calibration_noise(y), ""
    noise = calibration_noise(y, _floats(tested[WEIGHT]))
    return weighted_figures(tested, WEIGHT)["ece"], noise, ", worked leads weighted,"


def _shifted(y: Floats, trained: Floats) -> bool:
    """Whether the rates of leads differ by over three standard errors and by over a fifth of the training rate."""
    before, now = float(trained.mean()), float(y.mean())
    error = np.sqrt(before * (1 - before) / len(trained) + now * (1 - now) / len(y))
    return abs(now - before) > SHIFTED * error and abs(now - before) > 0.2 * before


def held_out_auc(frame: pl.DataFrame, features: Sequence[FeatureInfo], config: TrainConfig) -> float | None:
    """AUC on the test rows of a model trained on the same frame: for another split, or with the suspected leaks.

    Of the whole model with its levels. None where training is refused for thin data or the test rows hold one class.
    """
    tested = _floats(frame.filter(pl.col("part") == "test")["y"])
    said = held_out_ranks(frame, features, config)
    if said is None or not 0 < tested.sum() < len(tested):
        return None
    return auc(tested, said)


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
