"""How many independent sources support a lead's engagement: one noisy channel alone is one, however loud."""

from dataclasses import replace

import polars as pl

from core.features.document import Feature, FeatureSet
from core.kernel.expressions import Field, Kind
from core.kernel.times import DAY_US

WINDOW_DAYS = 90
NAME = "engine evidence_tier"
EVIDENCE = Feature(NAME, "distinct", of=Field("source", Kind.TEXT, optional=False), window=WINDOW_DAYS * DAY_US)


def with_evidence(feature_set: FeatureSet) -> FeatureSet:
    """The set with one more column: of how many sources the lead has an event in the last 90 days."""
    return replace(feature_set, features=(*feature_set.features, EVIDENCE))


def parted(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[int | None]]:
    """The frame of such a set without that column, and the tiers; null where the row has no as_of."""
    tiers = pl.when(pl.col("as_of").is_not_null()).then(pl.col(NAME))
    return frame.drop(NAME), frame.select(tiers).to_series().to_list()
