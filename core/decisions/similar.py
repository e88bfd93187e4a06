"""Leads that converted and were like this one when they were as old as it is now.

Their features are built as they were known at that age, or at their outcome where that came first, so no outcome is
seen. Likeness is Gower's (J. Gower, A general coefficient of similarity and some of its properties, 1971) over ranks,
each feature weighted by the points that it has in this lead's score: alike in what made the score.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from core.decisions.record import Record
from core.decisions.store_similar import ConvertedStore
from core.features import engine
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.times import from_text, naive
from core.models.model import Model

MOST_COMPARED = 400


@dataclass(frozen=True)
class Alike:
    """A lead that converted: likeness 0 to 1, when it was looked at, when it closed, and values beside this lead's.

    `shared` has the (label, value, this lead's value) of the weightiest features.
    """

    lead_id: str
    likeness: float
    as_of: datetime | None
    closed_at: datetime | None
    shared: tuple[tuple[str, Any, Any], ...]


def similar(db: Database, feature_set: FeatureSet, model: Model, record: Record, most: int = 5) -> list[Alike]:
    """The converted leads most like the record's, the most alike first; none where nobody converted by then."""
    store = ConvertedStore(db)
    known = record.known_at or record.as_of
    moment = None if known is None else naive(from_text(known))
    outcome = str(model.facts.get("label", {}).get("positive", "won"))
    others = store.converted(outcome, record.lead_id, moment, MOST_COMPARED)
    if others.is_empty():
        return []
    spine = _at_the_same_age(others, store.created_at(record.lead_id), record)
    frame = engine.build(db, feature_set, spine)
    weights = {name: abs(points) for name, points in record.points}
    near = _likeness(feature_set, frame, dict(record.features), weights)
    order = sorted(range(frame.height), key=lambda row: (-near[row], frame["lead_id"][row]))[:most]
    labels = {one.name: one.label for one in feature_set.features}
    top = sorted(weights, key=lambda name: (-weights[name], name))[:3]
    return [
        Alike(
            frame["lead_id"][row],
            float(near[row]),
            frame["as_of"][row],
            others["closed_at"][row],
            tuple((labels[name], frame[name][row], dict(record.features)[name]) for name in top),
        )
        for row in order
    ]


def _at_the_same_age(others: pl.DataFrame, created_at: datetime | None, record: Record) -> pl.DataFrame:
    """lead_id, as_of and known_at of the others when they were as old as the record's lead was."""
    dated = record.as_of is not None
    age = naive(from_text(record.as_of)) - created_at if record.as_of and created_at else None
    then = pl.min_horizontal(pl.col("created_at") + pl.lit(age), "closed_at") if age else pl.col("closed_at")
    moment = then if dated else pl.lit(None, dtype=pl.Datetime("us"))
    return others.select("lead_id", as_of=moment.cast(pl.Datetime("us")), known_at=moment.cast(pl.Datetime("us")))


def _likeness(
    feature_set: FeatureSet, frame: pl.DataFrame, own: dict[str, Any], weights: dict[str, float]
) -> np.ndarray:
    total = sum(weights.values()) or 1.0
    apart = np.zeros(frame.height)
    for one in feature_set.features:
        if weights.get(one.name):
            apart += weights[one.name] / total * _apart(frame[one.name], own.get(one.name), one.dtype)
    return 1.0 - apart


def _apart(column: pl.Series, own: Any, dtype: str) -> np.ndarray:
    """0 for the lead's own value, up to 1: the share of leads between; missing is like missing only."""
    if dtype in ("category", "boolean"):
        return (column.ne_missing(pl.Series([own], dtype=column.dtype))).to_numpy().astype(float)
    values = np.append(
        column.cast(pl.Float64).fill_null(float("nan")).to_numpy(), np.nan if own is None else float(own)
    )
    missing = np.isnan(values)
    ranks = pl.Series(values).fill_nan(None).rank("average").fill_null(0).to_numpy() / max(int((~missing).sum()), 1)
    gap = np.abs(ranks[:-1] - ranks[-1])
    return np.where(missing[:-1] != missing[-1], 1.0, np.where(missing[:-1], 0.0, gap))
