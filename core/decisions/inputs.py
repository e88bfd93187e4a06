"""What the policy sees of each lead: the engine's values, else the lead's attribute, else the feature, else missing."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.times import to_text
from core.policy.document import Policy
from core.policy.inputs import engine_fields, looked_up_fields

AGES = ("score_age_min", "feature_age_min")


def batch_inputs(
    policy: Policy, score: pl.Series, vectors: pl.DataFrame, attributes: pl.DataFrame, *, model_ok: bool
) -> Iterator[dict[str, Any]]:
    """One dict a row, without the fields about the lead's state.

    `vectors` has the features, `attributes` a column for each attribute that the policy reads, both in the order of
    `score`. Scores and features are fresh in a batch, so their ages are 0.
    """
    columns = {name: _engine(name, score, model_ok=model_ok) for name in engine_fields(policy)}
    for name in looked_up_fields(policy):
        columns[name] = _looked_up(name, vectors, attributes)
    kept = {name: values for name, values in columns.items() if values is not None}
    names = list(kept)
    for row in zip(*kept.values(), strict=True):
        yield dict(zip(names, row, strict=True))


def in_order(policy: Policy, found: Mapping[str, Any]) -> dict[str, Any]:
    """Every input field of the policy in the document's order; None where nothing was found."""
    return {name: found.get(name) for name in policy.input_fields}


def _engine(name: str, score: pl.Series, *, model_ok: bool) -> list[Any] | None:
    if name == "score":
        return score.to_list()
    if name in AGES:
        return [0] * len(score)
    return [model_ok] * len(score) if name == "model_ok" else None


def _looked_up(name: str, vectors: pl.DataFrame, attributes: pl.DataFrame) -> list[Any]:
    for frame in (attributes, vectors):
        if name in frame.columns:
            return plain_column(frame[name])
    return [None] * attributes.height


def plain_column(column: pl.Series) -> list[Any]:
    """The column's values as a record keeps them."""
    if column.dtype.is_float():
        return pl.select(pl.when(column.is_finite()).then(column)).to_series().to_list()
    values = column.to_list()
    return [plain(value) for value in values] if column.dtype.is_temporal() else values


def plain(value: object) -> object:
    """The value as a record keeps it: NaN and infinities as missing, moments as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return to_text(value) if isinstance(value, datetime) else value
