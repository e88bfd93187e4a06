"""What all charts share: a bare frame in the colours of the theme."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.theme import Tokens

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
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": colours.ink}},
        showlegend=False,
        separators=".,",
    )
    axis = {"gridcolor": colours.grid, "zeroline": False, "linecolor": colours.grid, "ticks": "", "automargin": True}
    figure.update_xaxes(**axis, showgrid=False, title_standoff=8)
    figure.update_yaxes(**axis, title_standoff=8)
    return figure.update_layout(**layout)


def vertical_mark(figure: go.Figure, colours: Tokens, at: Any, text: str) -> go.Figure:
    """Draw a dashed line at a place on the horizontal axis, with its name."""
    figure.add_shape(
        type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"color": colours.warn, "dash": "dash", "width": 1.3}
    )
    return figure.add_annotation(
        x=at,
        y=1,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="left",
        xshift=5,
        yanchor="top",
        font_color=colours.warn,
    )


def wrapped(texts: Sequence[str], most: int = 34) -> list[str]:
    """Labels cut to `most` characters, the last of them an ellipsis."""
    return [text if len(text) <= most else f"{text[: most - 1].rstrip()}…" for text in texts]
