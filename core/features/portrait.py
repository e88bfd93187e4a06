"""What a feature's values are like: how many are missing, how they are spread, by outcome and over time."""

from dataclasses import dataclass

import polars as pl

from core.features import distribution
from core.features.document import Feature, FeatureSet
from core.features.engine import build
from core.features.sample import closed_rows, rows
from core.features.store_moments import evenly, leads_at
from core.kernel.database import Database

MOMENTS = 8
LEADS_A_MOMENT = 400
LOOKED_AT = 500


@dataclass(frozen=True)
class Spread:
    """Shares of closed leads by bucket and outcome, and how many there are by outcome."""

    shares: pl.DataFrame
    leads: dict[str, int]


@dataclass(frozen=True)
class Course:
    """A feature over time: a row a moment, and the shares of its leads by bucket.

    `moments` has as_of, leads, missing (share) and mean (null for categories); the columns of `shares` are bucket, then
    one a moment, named by its text.
    """

    moments: pl.DataFrame
    shares: pl.DataFrame


@dataclass(frozen=True)
class Portrait:
    """`rows` leads were looked at as of now; `missing` is a share of them, `shares` has bucket and share."""

    rows: int
    missing: float
    shares: pl.DataFrame
    by_outcome: Spread | None
    course: Course


def portrait(db: Database, feature: Feature) -> Portrait:
    """The feature as it is now, by outcome and over the time of the log; raises NothingToBuild."""
    now = rows(db, FeatureSet("look", (feature,)), LOOKED_AT)[feature.name]
    shares = distribution.shares(now, pl.repeat("share", now.len(), eager=True))
    missing = now.null_count() / max(now.len(), 1)
    return Portrait(now.len(), missing, shares, spread_by_outcome(db, feature), course(db, feature))


def spread_by_outcome(db: Database, feature: Feature) -> Spread | None:
    """How a feature differs between outcomes, just before each came; None without closed leads."""
    found = closed_rows(db, FeatureSet("look", (feature,)))
    if found.is_empty():
        return None
    counts = found["outcome"].value_counts(sort=True)
    return Spread(distribution.shares(found[feature.name], found["outcome"]), dict(counts.iter_rows()))


def course(db: Database, feature: Feature) -> Course:
    """The feature of a sample of the leads there at equal steps of the log's time, as known then.

    Raises NothingToBuild.
    """
    spine = leads_at(db, evenly(db, MOMENTS), LEADS_A_MOMENT)
    values = build(db, FeatureSet("look", (feature,)), spine).rename({feature.name: "value"})
    by_moment = values.group_by("as_of", maintain_order=True).agg(
        leads=pl.len(), missing=pl.col("value").null_count() / pl.len(), mean=_mean(values["value"].dtype)
    )
    moments = values["as_of"].dt.strftime("%Y-%m-%d %H:%M")
    return Course(by_moment, distribution.shares(values["value"], moments))


def _mean(dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, pl.Float64) if dtype == pl.String else pl.col("value").cast(pl.Float64).mean()
