"""A table of rows in the house form."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

ROW_HEIGHT = 36
HEADER_HEIGHT = 32
MOST_ROWS_SHOWN = 14
MISSING = "–"


def show(
    frame: pl.DataFrame,
    key: str,
    *,
    columns: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    height: int | None = None,
    alt: str | None = None,
) -> None:
    """Draw the rows; `columns` are Streamlit column configurations or labels by column name."""
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=dict(columns or {}),
        column_order=order,
        height=height or fitting(frame.height),
        row_height=ROW_HEIGHT,
        placeholder=MISSING,
        alt=alt,
    )


def pick(
    frame: pl.DataFrame,
    key: str,
    *,
    columns: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    height: int | None = None,
    start: int | None = 0,
    alt: str | None = None,
) -> int | None:
    """Draw the rows and return the number of the one that is picked; `start` is picked at first (None: none)."""
    if not frame.height:
        show(frame, key, columns=columns, order=order, alt=alt)
        return None
    required = start is not None
    state = st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=dict(columns or {}),
        column_order=order,
        height=height or fitting(frame.height),
        row_height=ROW_HEIGHT,
        placeholder=MISSING,
        on_select="rerun",
        selection_mode="single-row-required" if required else "single-row",
        selection_default={"selection": {"rows": [min(start, frame.height - 1)]}} if required else None,  # type: ignore[arg-type]
        alt=alt,
    )
    rows = state["selection"]["rows"]  # type: ignore[index]
    return rows[0] if rows and rows[0] < frame.height else None


def pick_many(
    frame: pl.DataFrame,
    key: str,
    *,
    columns: Mapping[str, Any],
    order: Sequence[str],
    height: int,
    start: Sequence[int],
    alt: str,
) -> list[int]:
    """Draw the rows and return the numbers of those that are picked, in order; `start` are picked at first."""
    state = st.dataframe(
        frame, key=key, hide_index=True, column_config=dict(columns), column_order=order, height=height,
        row_height=ROW_HEIGHT, placeholder=MISSING, on_select="rerun", selection_mode="multi-row",
        selection_default={"selection": {"rows": list(start)}}, alt=alt,  # type: ignore[arg-type]
    )  # fmt: skip
    return sorted(row for row in state["selection"]["rows"] if row < frame.height)  # type: ignore[index]


def fitting(rows: int) -> int:
    """Height in pixels that shows all rows up to fourteen of them."""
    return HEADER_HEIGHT + ROW_HEIGHT * max(1, min(rows, MOST_ROWS_SHOWN)) + 2
