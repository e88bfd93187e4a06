"""What a segment's levels reach on rows that no training saw, beside what the parent would reach on the same rows."""

from dataclasses import replace
from typing import Any

import polars as pl

from core.models import resampling
from core.models.metrics import log_loss
from core.models.model import Model
from core.models.ranking import auc
from core.models.scoring import probabilities
from core.models.segmenting import FACT

FEWEST_OF_A_CLASS = 10
AT = "segment level"


def by_level(model: Model, tested: pl.DataFrame) -> dict[str, Any]:
    """The facts' segments, each level with its `test` figures: rows, positives, auc, log_loss and `against` the parent.

    tested: lead_id, y, probability and the features. What is no level, rare or new, is told with the missing, as in
    training. `against`, the model minus its parent paired by lead, is of levels that have their own; figures are None
    under ten rows of a class.
    """
    told, at = model.facts[FACT], level_of(model)
    assert at is not None
    parent = pl.Series("parent", probabilities(replace(model, segments=None), tested))
    judged = tested.with_columns(parent, at.alias(AT))
    levels = [{**one, "test": _figures(judged, one)} for one in told["levels"]]
    return {**told, "levels": levels}


def level_of(model: Model) -> pl.Expr | None:
    """The level that a row is told with, null for what is none; None where the model has no segments."""
    told = model.facts.get(FACT)
    if told is None:
        return None
    levels = [one["level"] for one in told["levels"] if one["level"] is not None]
    return pl.when(pl.col(told["by"]).is_in(levels)).then(told["by"])


def _figures(judged: pl.DataFrame, level: dict[str, Any]) -> dict[str, Any]:
    rows = judged.filter(pl.col(AT).eq_missing(pl.lit(level["level"], dtype=pl.String)))
    y = rows["y"].cast(pl.Float64).to_numpy()
    found: dict[str, Any] = {"rows": len(y), "positives": int(y.sum()), "auc": None, "log_loss": None, "against": None}
    if min(y.sum(), len(y) - y.sum()) < FEWEST_OF_A_CLASS:
        return found
    ours, theirs = (rows[name].to_numpy() for name in ("probability", "parent"))
    found |= {"auc": auc(y, ours), "log_loss": log_loss(y, ours)}
    if level["why"] == "own":
        differences = resampling.compare(y, ours, theirs, rows["lead_id"].to_numpy())
        found["against"] = dict(resampling.summary(differences, ("auc", "brier", "log_loss")))
    return found
