"""What the policy sees of each lead: the engine's values, else the lead's attribute, else the feature, else missing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.times import to_text
from core.policy.blocks import InputField
from core.policy.document import Policy
from core.policy.inputs import engine_fields, looked_up_fields

FEW_ROWS = 256
"""Up to so many rows a column is taken value by value, which starts faster."""


@dataclass(frozen=True)
class Measured:
    """What the engine itself knows of each row, in order: the score, ages in whole minutes, the model's health, and of
    how many sources the lead has events.
    """

    score: Sequence[float]
    score_age_min: Sequence[int]
    feature_age_min: Sequence[int]
    model_ok: Sequence[bool]
    evidence_tier: Sequence[int | None]


def batch_inputs(
    policy: Policy, measured: Measured, vectors: pl.DataFrame, attributes: pl.DataFrame
) -> Iterator[dict[str, Any]]:
    """One dict a row, without the fields about the lead's state.

    `vectors` has the features, `attributes` a column for each attribute that the policy reads, both in the order of
    `measured`. An age goes no further than its field allows: what is older than all is as old as can be said.
    """
    fields = policy.input_fields
    columns = {name: _engine(name, fields[name], measured) for name in engine_fields(policy)}
    for name in looked_up_fields(policy):
        columns[name] = _looked_up(name, vectors, attributes)
    kept = {name: values for name, values in columns.items() if values is not None}
    names = list(kept)
    for row in zip(*kept.values(), strict=True):
        yield dict(zip(names, row, strict=True))


def in_order(policy: Policy, found: Mapping[str, Any]) -> dict[str, Any]:
    """Every input field of the policy in the document's order; None where nothing was found."""
    return {name: found.get(name) for name in policy.input_fields}


def _engine(name: str, field: InputField, measured: Measured) -> Sequence[Any] | None:
    values = getattr(measured, name, None)
    if values is None or not name.endswith("_age_min") or field.max is None:
        return values
    return [min(age, int(field.max)) for age in values]


def _looked_up(name: str, vectors: pl.DataFrame, attributes: pl.DataFrame) -> list[Any]:
    for frame in (attributes, vectors):
        if name in frame.columns:
            return plain_column(frame[name])
    return [None] * attributes.height


def plain_column(column: pl.Series) -> list[Any]:
    """The column's values as a record keeps them."""
    if column.dtype.is_float() and len(column) <= FEW_ROWS:
        return [one if one is not None and math.isfinite(one) else None for one in column.to_list()]
    if column.dtype.is_float():
        return pl.select(pl.when(column.is_finite()).then(column)).to_series().to_list()
    values = column.to_list()
    return [plain(value) for value in values] if column.dtype.is_temporal() else values


def plain(value: object) -> object:
    """The value as a record keeps it: NaN and infinities as missing, moments as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return to_text(value) if isinstance(value, datetime) else value
