"""Which rows train, calibrate and test: by time, by row order, or at random for a stated reason.

A lead is in one part only. A training label must be known before the cut, else the row is dropped. The
calibration part is the latest 20 % of the training leads (a random 20 % under a random split).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl

from core.kernel.times import naive, utc
from core.models.errors import SplitImpossible, SplitUnreasoned

CALIBRATION_FRACTION = 0.2
PARTS = ("train", "calibration", "test", "dropped")


@dataclass(frozen=True)
class SplitSpec:
    """How to split: by `time` of creation, `order` of rows or `random`; test_from overrides test_fraction."""

    by: Literal["time", "order", "random"] = "time"
    test_fraction: float = 0.25
    test_from: datetime | None = None
    gap_us: int = 0
    reason: str | None = None
    seed: int = 7


@dataclass(frozen=True)
class Split:
    """The rows with their column `part`, and the moment or row number from which leads are test leads."""

    rows: pl.DataFrame
    cut_at: datetime | None
    cut_order: int | None

    def count(self, part: str) -> int:
        """Rows in one part: train, calibration, test or dropped."""
        return int((self.rows["part"] == part).sum())


def split(rows: pl.DataFrame, spec: SplitSpec) -> Split:
    """The rows of labels.landmark_rows with a `part` each; raises SplitImpossible and SplitUnreasoned."""
    if spec.by == "random":
        return _by_chance(rows, spec)
    return _by_key(rows, spec, "created_at" if spec.by == "time" else "created_order")


def _by_key(rows: pl.DataFrame, spec: SplitSpec, key: str) -> Split:
    leads = rows.filter(pl.col(key).is_not_null()).select("lead_id", key).unique("lead_id", keep="first")
    ordered = leads.sort(key, "lead_id")
    if ordered.is_empty():
        raise SplitImpossible(
            spec.by,
            f"no lead has a `{key}`",
            "Map created_at (or created_at: {order_of_rows: true} where rows are in order of time), "
            "or split at random with a stated reason.",
        )
    cut = _cut(ordered, spec, key)
    last_train = cut if key == "created_order" else cut - pl.duration(microseconds=spec.gap_us)
    known = pl.col("label_known_at").is_null() | (pl.col("label_known_at") < last_train)
    part = (
        pl.when(pl.col(key).is_null())
        .then(pl.lit("dropped"))
        .when(pl.col(key) >= cut)
        .then(pl.lit("test"))
        .when((pl.col(key) < last_train) & (known if spec.by == "time" else pl.lit(True)))
        .then(pl.lit("train"))
        .otherwise(pl.lit("dropped"))
    )
    parted = rows.with_columns(part.alias("part"))
    _refuse_empty(parted, spec)
    moment = ordered.select(cut).item() if spec.by == "time" else None
    order = ordered.select(cut).item() if spec.by == "order" else None
    latest = _latest(parted, key)
    return Split(_calibrated(parted, latest), None if moment is None else utc(moment), order)


def _cut(ordered: pl.DataFrame, spec: SplitSpec, key: str) -> pl.Expr:
    if spec.test_from is not None and key == "created_at":
        return pl.lit(naive(spec.test_from), dtype=pl.Datetime("us"))
    place = min(len(ordered) - 1, round(len(ordered) * (1 - spec.test_fraction)))
    return pl.lit(ordered[key][place], dtype=ordered.schema[key])


def _latest(parted: pl.DataFrame, key: str) -> list[str]:
    """The latest 20 % of the training leads, ties by lead_id."""
    leads = parted.filter(pl.col("part") == "train").select("lead_id", key).unique("lead_id", keep="first")
    ordered = leads.sort(key, "lead_id")["lead_id"].to_list()
    return ordered[len(ordered) - round(len(ordered) * CALIBRATION_FRACTION) :]


def _calibrated(parted: pl.DataFrame, lead_ids: list[str]) -> pl.DataFrame:
    chosen = (pl.col("part") == "train") & pl.col("lead_id").is_in(lead_ids)
    return parted.with_columns(pl.when(chosen).then(pl.lit("calibration")).otherwise("part").alias("part"))


def _by_chance(rows: pl.DataFrame, spec: SplitSpec) -> Split:
    if not spec.reason:
        raise SplitUnreasoned
    lead_ids = rows["lead_id"].unique().sort().to_numpy()
    shuffled = np.random.default_rng(spec.seed).permutation(lead_ids).tolist()
    tested = round(len(shuffled) * spec.test_fraction)
    held = tested + round((len(shuffled) - tested) * CALIBRATION_FRACTION)
    part = pl.when(pl.col("lead_id").is_in(shuffled[:tested])).then(pl.lit("test")).otherwise(pl.lit("train"))
    parted = rows.with_columns(part.alias("part"))
    _refuse_empty(parted, spec)
    return Split(_calibrated(parted, shuffled[tested:held]), None, None)


def _refuse_empty(parted: pl.DataFrame, spec: SplitSpec) -> None:
    for part, remedy in (
        ("train", "Use a later test_from, a smaller test_fraction or a shorter horizon."),
        ("test", "Use an earlier test_from or a larger test_fraction."),
    ):
        if not (parted["part"] == part).any():
            raise SplitImpossible(spec.by, f"no row is left for the {part} part", remedy)
