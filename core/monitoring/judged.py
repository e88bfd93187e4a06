"""The rows that a performance report judges, kept so that each of its figures can open them."""

from collections.abc import Sequence

import polars as pl

from core.models.worked import stands_for_all
from core.monitoring.cohorts import maturity

COLUMNS = {
    "lead_id": pl.String, "as_of": pl.Datetime("us"), "cohort": pl.Datetime("us"), "y": pl.Int8, "p": pl.Float64,
    "band": pl.String, "arm": pl.String, "explored": pl.Boolean, "worked": pl.Boolean, "levels": pl.List(pl.String),
    "counted": pl.Boolean,
}  # fmt: skip


def kept(rows: pl.DataFrame, work: pl.DataFrame, segments: Sequence[str]) -> pl.DataFrame:
    """The judged rows with whether the lead was worked, and in `levels` the segments it is in, as `level` says them.

    counted: whether ranking, calibration and segments count the row; groups, bands and what is not known see them all.
    """
    levels = [pl.format("{}: {}", pl.lit(name), pl.col(name).cast(pl.String)) for name in segments]
    none = pl.lit([], dtype=pl.List(pl.String))
    joined = rows.join(work.select("lead_id", "worked"), on="lead_id", how="left", maintain_order="left")
    told = joined.with_columns(
        levels=pl.concat_list(levels).list.drop_nulls() if levels else none, counted=stands_for_all(rows)
    )
    known = {name: pl.col(name) if name in told.columns else pl.lit(None) for name in COLUMNS}
    return told.select(value.cast(COLUMNS[name]).alias(name) for name, value in known.items())


def level(name: str, value: object) -> str:
    """`region: EMEA`: how a level of a segment is named."""
    return f"{name}: {value}"


def mature(rows: pl.DataFrame) -> pl.DataFrame:
    """The labelled rows of mature cohorts; undated rows are one cohort."""
    ripe = maturity(rows).filter("is_mature").select("cohort")
    return rows.join(ripe, on="cohort", how="semi", nulls_equal=True).drop_nulls("y")


def latest(rows: pl.DataFrame) -> pl.DataFrame:
    """Each lead's latest row."""
    ordered = rows.sort("as_of", nulls_last=False, maintain_order=True)
    return ordered.unique("lead_id", keep="last", maintain_order=True)


def latest_labelled(rows: pl.DataFrame) -> pl.DataFrame:
    """Each lead's latest row of those with a label: what segments are judged by."""
    return latest(rows.drop_nulls("y"))


def once_a_cohort(rows: pl.DataFrame) -> pl.DataFrame:
    """Each lead's last row in each cohort: what bands are judged by."""
    return rows.drop_nulls("cohort").unique(["lead_id", "cohort"], keep="last", maintain_order=True)
