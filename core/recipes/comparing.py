"""The two sides of a drift comparison, and which source each feature reads."""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from core.decisions.freshness import sources_by_feature
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.times import naive
from core.recipes.drifting import ATTRIBUTES
from core.recipes.population import Population
from core.recipes.rooms import Rooms
from core.recipes.windows import window

if TYPE_CHECKING:
    from core.recipes.steps import Studied

KEYS = ("lead_id", "as_of", "known_at")


def population(rooms: Rooms, studied: "Studied", name: str) -> pl.DataFrame:
    """One side of the comparison, with the attributes that policies read beside the features; raises WindowInvalid.

    A stretch of time holds every landmark in it, also those whose label is still to come.
    """
    end, chosen = Population.of(rooms.signals).observed_until, studied.featured.feature_set
    stretch = window(name, end)
    if name == "decided":
        frame = features.build(rooms.db, chosen, rooms.decisions.latest().select(KEYS))
    elif stretch is None:
        frame = matured(studied.part(name), end)
    else:
        columns, waiting = (*KEYS, "y", *chosen.feature_names), studied.prepared.waiting
        frame = stretch.rows(matured(studied.featured.frame, end)).select(columns)
        if waiting is not None and (coming := stretch.rows(waiting)).height:
            frame = pl.concat([frame, features.build(rooms.db, chosen, coming).select(columns)])
    wide = rooms.signals.attributes_wide()
    extra = [column for column in wide.columns if column not in frame.columns]
    return frame.join(wide.select("lead_id", *extra), on="lead_id", how="left", maintain_order="left")


def matured(rows: pl.DataFrame, end: datetime | None) -> pl.DataFrame:
    """The rows with y null where the label's window is not over at the end of the log.

    Wins are known before losses, so the rows of a window that is not over would seem to win too often.
    """
    if end is None:
        return rows
    over = pl.col("label_known_at").is_null() | (pl.col("label_known_at") <= naive(end))
    return rows.with_columns(pl.when(over).then("y").alias("y"))


def features_by_source(db: Database, feature_set: FeatureSet) -> dict[str, tuple[str, ...]]:
    """By event source the features that read it, and under `lead attributes` those that read attributes."""
    reading = sources_by_feature(db, feature_set)
    sources = sorted({source for found in reading.values() for source in found})
    found = {source: tuple(name for name, read in reading.items() if source in read) for source in sources}
    return found | {ATTRIBUTES: tuple(one.name for one in feature_set.features if one.attribute is not None)}
