"""A row of figures, each with its change and its course."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

Direction = Literal["normal", "inverse", "off"]
NO_CHANGE = re.compile(r"\s*[+\-−±]?0(\.0+)?(?![\d.,])")
"""A change that rounds to nothing, whatever its unit: `+0`, `-0.0`, `+0.0 pts`."""


@dataclass(frozen=True)
class Kpi:
    """A figure as shown; `better` says whether a rise is good, bad (`inverse`) or neither (`off`)."""

    label: str
    value: str
    change: str | None = None
    note: str | None = None
    course: Sequence[float] = ()
    better: Direction = "normal"
    help: str | None = None
    chart: Literal["line", "area", "bar"] = "area"


def counted(number: int, thing: str) -> str:
    """`1 file`, `1,200 files`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def tiles(figures: Sequence[Kpi], key: str, across: int | None = None) -> None:
    """Draw the figures as tiles in one row, or so many `across`, wrapping on narrow screens."""
    with st.grid(across or len(figures), min_column_width=190, key=key):
        for figure in figures:
            tile(figure)


def tile(figure: Kpi) -> None:
    """Draw one figure; a note without a change stands in grey where the change would be."""
    same = bool(NO_CHANGE.match(figure.change or ""))
    signed = bool(figure.change) and not same and (figure.change or "").lstrip()[:1] in "+-−"
    st.metric(
        figure.label,
        figure.value,
        "unchanged" if same else figure.change or figure.note,
        delta_color=figure.better if figure.change and not same else "off",
        delta_description=figure.note if figure.change else None,
        delta_arrow="auto" if signed else "off",
        chart_data=list(figure.course) if len(figure.course) > 1 else None,
        chart_type=figure.chart,
        border=True,
        help=figure.help,
        height="stretch",
    )
