"""Codes of values: the n-th different value that a column has shown is n."""

import numpy as np
import polars as pl

from core.features.online.layout import MISSING

FEW_ROWS = 64
"""Up to so many rows a column is taken value by value, which starts faster."""


class Dictionary:
    """The values of one column by code; it only grows, so a code stays good for every reader."""

    def __init__(self) -> None:
        self.values: list[str | bool] = []
        self._codes: dict[str | bool, int] = {}

    def codes(self, column: pl.Series) -> np.ndarray:
        """The code of every value, new ones added; MISSING for null."""
        if len(column) <= FEW_ROWS:
            return np.array([MISSING if one is None else self._code(one) for one in column.to_list()], dtype=np.int64)
        distinct = column.unique().drop_nulls()
        known = [self._code(value) for value in distinct]
        if not known:
            return np.full(len(column), MISSING, dtype=np.int64)
        codes = pl.Series(known, dtype=pl.Int64)
        return column.replace_strict(distinct, codes, default=MISSING, return_dtype=pl.Int64).to_numpy()

    def _code(self, value: str | bool) -> int:
        code = self._codes.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code
