"""The leads behind a figure: what was said of each and what came; the one that is picked opens."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from app import navigation
from app.components import chart, columns, export_menu, frame_table
from app.queries import judged
from app.queries.access import role
from core.models.store import ModelVersion

if TYPE_CHECKING:
    from app.charts.base import Figure

CLICK = "Click a point for its leads."
NOT_KEPT = "Its rows are not kept (any more): they are with every model trained since, and with what was judged last."


def figure(drawn: "Figure", key: str, name: str, words: str) -> list[dict[str, Any]]:
    """Draw a figure whose points open their rows; the points that were clicked."""
    return chart.show(drawn, key, alt=f"{name}. {words}", words=f"{words} {CLICK}", select=True)


def show(rows: pl.DataFrame, title: str, key: str, about: Mapping[str, str]) -> None:
    """Draw the rows of app.queries.judged under what they are; `about` goes into exports."""
    if rows.is_empty():
        st.caption(NOT_KEPT)
        return
    first = f", the {judged.MOST_LISTED} of the highest scores" if rows.height > judged.MOST_LISTED else ""
    st.markdown(f"**{title}** · {rows.height:,} row{'' if rows.height == 1 else 's'}{first}")
    table = judged.listed(rows)
    config = {
        "lead": st.column_config.TextColumn("Lead", width=108),
        "said": st.column_config.NumberColumn("Said", format="percent", width=62, help="The score then."),
        "came": st.column_config.TextColumn("Came", width=70),
        "at": columns.moment("Looked at"),
        "company": "Company",
    }
    alt = f"{title}: the leads, highest score first. A picked row opens Lead 360."
    picked = frame_table.pick(table, f"{key}_rows", columns=config, order=list(config), start=None, height=240, alt=alt)
    by = role()
    export_menu.show(lambda: judged.every(rows, by), "rows", f"{key}_rows_export", about={"List": title, **about})
    if picked is not None:
        st.switch_page(navigation.script("lead"), query_params={"id": table["ref"][picked]})


def of_model(rows: pl.DataFrame, title: str, key: str, version: ModelVersion) -> None:
    """Draw the rows that a figure of the model is of."""
    show(rows, title, key, {"Model": f"model {version.version}", "Rows": "unseen in training"})


def period(points: list[dict[str, Any]]) -> datetime | None:
    """The period of the first point that was clicked, as app.charts.performance writes it; None where none was."""
    told = points[0].get("customdata") if points else None
    return None if told is None else datetime.fromisoformat(str(told))


def clicked(points: list[dict[str, Any]]) -> int | None:
    """The number of the first point that was clicked, None where none was."""
    return None if not points else int(points[0]["point_index"])
