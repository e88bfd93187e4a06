"""What all charts share: a bare frame in the colours of the theme."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from app.theme import Tokens

Figure = go.Figure
FONT = "Inter, sans-serif"


def blank(colours: Tokens, *, height: int = 280, **layout: Any) -> go.Figure:
    """An empty figure of the house: no background, quiet grid, numbers in the text's own colour; height in pixels."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": colours.muted},
        hoverlabel={
            "bgcolor": colours.surface,
            "bordercolor": colours.grid,
            "font": {"family": FONT, "color": colours.ink},
        },
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"color": colours.ink},
        },
        showlegend=False,
        separators=".,",
    )
    axis = {
        "gridcolor": colours.grid,
        "zeroline": False,
        "linecolor": colours.grid,
        "ticks": "",
        "automargin": True,
        "title_font_size": 12,
    }
    figure.update_xaxes(**axis, showgrid=False, title_standoff=8)
    figure.update_yaxes(**axis, title_standoff=8)
    return figure.update_layout(**layout)


def vertical_mark(figure: go.Figure, colours: Tokens, at: Any, text: str, *, leftward: bool = False) -> go.Figure:
    """Draw a dashed line at a place on the horizontal axis, with its name at its right, or `leftward` of it."""
    figure.add_shape(
        type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"color": colours.warn, "dash": "dash", "width": 1.3}
    )
    return figure.add_annotation(
        x=at,
        y=1,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="right" if leftward else "left",
        xshift=-5 if leftward else 5,
        yanchor="top",
        font_color=colours.warn,
    )


def named_rows(figure: go.Figure, colours: Tokens, labels: Sequence[str], width: int = 28) -> go.Figure:
    """Name the rows 0, 1, ... of a horizontal chart from the top down, in two lines of `width` characters at most."""
    return figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[two_lines(label, width) for label in labels],
        range=[len(labels) - 0.4, -0.6],
        showgrid=False,
        tickfont={"color": colours.ink, "size": 11.5},
    )


def two_lines(text: str, width: int) -> str:
    """Text broken into at most two lines, at its last comma where both halves fit; the rest is an ellipsis."""
    first, comma, second = text.rpartition(", ")
    if comma and len(text) > width and len(first) < width and len(second) <= width:
        return f"{first},<br>{second}"
    return "<br>".join(wrap(text, width, max_lines=2, placeholder="…"))
