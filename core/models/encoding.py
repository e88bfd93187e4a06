"""From a feature frame to the numbers that LightGBM reads, with category codes frozen at training time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from core.models.errors import ColumnsMissing, FeatureTypeInvalid

Floats = npt.NDArray[np.float64]
DType = Literal["count", "boolean", "number", "category"]
Role = Literal["fit", "engagement"]

RAREST_CATEGORY = 5
MOST_CATEGORIES = 64
OTHER = "(other)"
FEW_ROWS = 64
"""Up to so many rows a column is taken value by value, which starts faster."""


@dataclass(frozen=True)
class FeatureInfo:
    """A model input: its column, type, role (fit: who they are; engagement: what they do) and business name."""

    name: str
    dtype: DType
    role: Role
    label: str


def learn_categories(frame: pl.DataFrame, features: Sequence[FeatureInfo]) -> dict[str, tuple[str, ...]]:
    """The levels of each category feature, commonest first; levels of under 5 rows share one code, `(other)`."""
    return {feature.name: _levels(frame[feature.name]) for feature in features if feature.dtype == "category"}


def _levels(column: pl.Series) -> tuple[str, ...]:
    counted = column.cast(pl.String).drop_nulls().value_counts(name="rows")
    ordered = counted.sort(["rows", column.name], descending=[True, False])
    kept = ordered.filter(pl.col("rows") >= RAREST_CATEGORY)[column.name].to_list()[:MOST_CATEGORIES]
    levels = [level for level in kept if level != OTHER]
    return (*levels, OTHER) if len(levels) < len(ordered) else tuple(levels)


def matrix(frame: pl.DataFrame, features: Sequence[FeatureInfo], categories: Mapping[str, tuple[str, ...]]) -> Floats:
    """Rows x features as float64, missing as NaN; raises ColumnsMissing and FeatureTypeInvalid."""
    absent = tuple(feature.name for feature in features if feature.name not in frame.columns)
    if absent:
        raise ColumnsMissing(absent)
    columns = [_encode(frame[feature.name], feature, categories.get(feature.name, ())) for feature in features]
    return np.ascontiguousarray(np.column_stack(columns)) if columns else np.empty((len(frame), 0))


def _encode(column: pl.Series, feature: FeatureInfo, levels: tuple[str, ...]) -> Floats:
    if feature.dtype == "category":
        return _codes(column, levels)
    if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
        raise FeatureTypeInvalid(feature.name, feature.dtype, str(column.dtype))
    if len(column) <= FEW_ROWS:
        values = np.array([np.nan if value is None else value for value in column.to_list()], dtype=np.float64)
    else:
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def _codes(column: pl.Series, levels: tuple[str, ...]) -> Floats:
    """Codes of known levels; a level never seen in training is missing, a rare one `(other)`."""
    known = {level: float(code) for code, level in enumerate(levels)}
    if len(column) <= FEW_ROWS and column.dtype == pl.String:
        return np.array([known.get(level, np.nan) for level in column.to_list()], dtype=np.float64)
    codes = column.cast(pl.String).replace_strict(known, default=None, return_dtype=pl.Float64)
    return codes.fill_null(float("nan")).to_numpy()
