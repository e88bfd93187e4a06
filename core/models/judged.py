"""The rows that a model's figures on unseen leads are made of, kept so that each figure can open them."""

import polars as pl

from core.models.curves import tenths
from core.models.model import Model
from core.models.segment_figures import level_of

COLUMNS = {
    "lead_id": pl.String, "as_of": pl.Datetime("us"), "landmark": pl.String, "segment": pl.String, "level": pl.String,
    "y": pl.Int8, "p": pl.Float64, "tenth": pl.Int8,
}  # fmt: skip


def judged_rows(model: Model, tested: pl.DataFrame, segment: str | None) -> pl.DataFrame:
    """One row a test row: lead_id, as_of, landmark, segment, level, y, p and tenth (1 the best) of the ranking.

    tested: the rows with y, probability and the features; segment: the feature that the figures are told by, if any.
    """
    nothing, level = pl.lit(None, dtype=pl.String), level_of(model)
    rows = tested.select(
        "lead_id",
        "landmark",
        "y",
        as_of="as_of" if "as_of" in tested.columns else pl.lit(None),
        segment=nothing if segment is None else pl.col(segment),
        level=nothing if level is None else level,
        p="probability",
        tenth=pl.Series(tenths(tested["probability"].to_numpy())),
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())
