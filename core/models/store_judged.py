"""Where the rows stay that a model's figures on unseen leads are made of."""

import polars as pl

from core.kernel.database import Change, Database
from core.models.judged import COLUMNS

TABLE = "model_test_rows"


def add(change: Change, model_hash: str, rows: pl.DataFrame) -> None:
    """Keep the rows of a model that is registered in the same change."""
    change.insert(TABLE, rows.with_row_index("place").with_columns(model_hash=pl.lit(model_hash)))


def rows_of(db: Database, model_hash: str) -> pl.DataFrame:
    """The model's judged rows in the order of its test rows; empty where it was registered without them."""
    return db.read(f"SELECT {', '.join(COLUMNS)} FROM {TABLE} WHERE model_hash = ? ORDER BY place", [model_hash])
