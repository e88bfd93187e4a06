"""A chart with its statement, its words, and the colours of the theme that is shown."""

from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.theme import Tokens, tokens

if TYPE_CHECKING:
    from app.charts.base import Figure

CONFIG = {"displayModeBar": "hover", "displaylogo": False, "showTips": False, "modeBarButtons": [["toImage"]]}
"""Only one button, shown under the pointer: the chart as a picture."""


def colours() -> Tokens:
    """The colours of the theme that this browser shows; pass them to a chart's function."""
    return tokens(st.context.theme.type)


def show(figure: "Figure", key: str, *, alt: str, words: str = "", select: bool = False) -> list[dict[str, Any]]:
    """Draw a figure of app.charts; `alt` says in words what it shows, `words` is the sentence under it.

    With `select` the result is the list of clicked points (dicts with `x`, `y`, `customdata`, ...), else empty.
    """
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "points"} if select else {}
    picture = {"format": "png", "filename": f"leadbench-{key.replace('_', '-')}", "scale": 2}
    config = CONFIG | {"toImageButtonOptions": picture}
    figure.update_layout(modebar={"bgcolor": "rgba(0,0,0,0)", "color": colours().muted})
    state = st.plotly_chart(figure, theme=None, key=key, config=config, alt=alt, **options)
    if words:
        st.caption(words)
    return list(state["selection"]["points"]) if select else []  # type: ignore[index]


def card(title: str, note: str = "") -> DeltaGenerator:
    """A bordered card with a statement as its title; draw inside `with card(...)`."""
    box = st.container(border=True, gap="small")
    box.markdown(f"**{title}**", help=note or None)
    return box
