"""Labels that can be judged by: wins are known before losses, so rows of a window that is not over win too often."""

from datetime import datetime

import polars as pl

from core.kernel.times import naive


def matured(rows: pl.DataFrame, end: datetime | None) -> pl.DataFrame:
    """The rows (y, label_known_at) with y null where the label's window is not over at the end of the log.

    end: None where nothing is dated, so that every label counts.
    """
    if end is None:
        return rows
    over = pl.col("label_known_at").is_null() | (pl.col("label_known_at") <= naive(end))
    return rows.with_columns(pl.when(over).then("y").alias("y"))
