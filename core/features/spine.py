"""The rows to build: which lead, as of when, and as known when."""

from datetime import datetime

import polars as pl

from core.features.document import FeatureSet
from core.features.errors import SpineInvalid

MOMENT = pl.Datetime("us")
EVER = datetime(9999, 12, 31)
LEAD_NO = "#lead"
"""The column of a row's lead by its number, where it was looked up before: no feature can have that name."""


def spine_rows(feature_set: FeatureSet, spine: pl.DataFrame) -> pl.DataFrame:
    """row_no, lead_id, as_of and known_at (default as_of, EVER where undated) as naive UTC; raises SpineInvalid."""
    for column in ("lead_id", "as_of"):
        if column not in spine.columns:
            raise SpineInvalid(f"The spine has no column `{column}`.", column, "Give lead_id, as_of and known_at.")
    clash = sorted(set(feature_set.feature_names) & set(spine.columns))
    if clash:
        raise SpineInvalid(f"The spine already has a column `{clash[0]}`.", clash[0], "Drop it or rename the feature.")
    as_of = moments(spine, "as_of")
    known = moments(spine, "known_at").fill_null(as_of) if "known_at" in spine.columns else as_of.fill_null(EVER)
    return pl.DataFrame(
        {
            "row_no": pl.Series(range(len(spine)), dtype=pl.Int64),
            "lead_id": spine["lead_id"].cast(pl.String),
            "as_of": as_of,
            "known_at": known,
        }
    )


def moments(spine: pl.DataFrame, column: str) -> pl.Series:
    """A column of moments as naive UTC; raises SpineInvalid where it holds anything else."""
    series = spine[column]
    if series.dtype == pl.Null:
        return series.cast(MOMENT)
    if not isinstance(series.dtype, pl.Datetime):
        remedy = f"Give `{column}` as UTC timestamps."
        raise SpineInvalid(f"The spine's `{column}` holds {series.dtype} values.", str(series.dtype), remedy)
    if series.dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return series.cast(MOMENT)
