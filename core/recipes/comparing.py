"""The two sides of a drift comparison, and which source each feature reads."""

from collections.abc import Sequence

import polars as pl

from core.decisions.freshness import sources_by_feature
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.models.maturity import matured
from core.models.worked import WEIGHT
from core.recipes.drifting import ATTRIBUTES
from core.recipes.products import Studied
from core.recipes.rooms import Rooms
from core.recipes.windows import window

KEYS = ("lead_id", "as_of", "known_at")


def population(rooms: Rooms, studied: Studied, name: str) -> pl.DataFrame:
    """One side of the comparison, with the attributes that policies read beside the features; raises WindowInvalid.

    A stretch of time holds every landmark in it, also those whose label is still to come. Where the label weights, the
    labelled rows have WEIGHT, and those still to come the share that each of all leads counts beside them.
    """
    end, chosen = studied.prepared.observed_until, studied.featured.feature_set
    stretch = window(name, end)
    if name == "decided":
        frame = features.build(rooms.db, chosen, rooms.decisions.latest().select(KEYS))
    elif stretch is None:
        frame = matured(studied.part(name), end)
    else:
        labelled, coming = (
            stretch.rows(one) for one in (matured(studied.featured.frame, end), studied.prepared.waiting)
        )
        frame = with_waiting(rooms, studied, labelled, coming, (*KEYS, "y", *chosen.feature_names))
    return with_attributes(rooms, frame)


def with_waiting(
    rooms: Rooms, studied: Studied, labelled: pl.DataFrame, coming: pl.DataFrame, columns: Sequence[str]
) -> pl.DataFrame:
    """These columns of the labelled rows, and of the coming ones, whose label is still to come, with features built.

    Where the label weights, with WEIGHT: coming rows are of all leads, labelled ones stand for all, window over or not.
    """
    chosen, weighting = studied.featured.feature_set, studied.prepared.weighting
    if weighting is not None:
        columns, coming = [*columns, WEIGHT], coming.with_columns(pl.lit(weighting.share).alias(WEIGHT))
    found = labelled.select(columns)
    return pl.concat([found, features.build(rooms.db, chosen, coming).select(columns)]) if coming.height else found


def with_attributes(rooms: Rooms, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the attributes of their leads beside the columns that are there."""
    wide = rooms.signals.attributes_wide()
    extra = [name for name in wide.columns if name not in rows.columns]
    return rows.join(wide.select("lead_id", *extra), on="lead_id", how="left", maintain_order="left")


def features_by_source(db: Database, feature_set: FeatureSet) -> dict[str, tuple[str, ...]]:
    """By event source the features that read it, and under `lead attributes` those that read attributes."""
    reading = sources_by_feature(db, feature_set)
    sources = sorted({source for found in reading.values() for source in found})
    found = {source: tuple(name for name, read in reading.items() if source in read) for source in sources}
    return found | {ATTRIBUTES: tuple(one.name for one in feature_set.features if one.attribute is not None)}
