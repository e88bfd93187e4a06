"""Wins by how many leads a day somebody gets to."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, vertical_mark
from app.theme import Tokens


def by_slots(
    curve: pl.DataFrame,
    colours: Tokens,
    *,
    before: str,
    after: str,
    today: float | None,
    chosen: tuple[float, float] | None = None,
) -> go.Figure:
    """Wins expected by slots; columns slots, before, after, low, high; `today` is marked where it is known.

    `chosen` is a point (slots, wins) that somebody asks about.
    """
    figure = blank(colours, height=280, showlegend=True)
    shade = colours.faint(colours.gain, 0.16)
    for column, fill in (("high", None), ("low", "tonexty")):
        figure.add_trace(
            go.Scatter(x=curve["slots"], y=curve[column], mode="lines", line={"width": 0}, fill=fill, fillcolor=shade,
                       showlegend=False, hoverinfo="skip")
        )  # fmt: skip
    lines = ((before, "before", colours.neutral, "dot"), (after, "after", colours.gain, "solid"))
    for name, column, paint, dash in lines:
        figure.add_trace(
            go.Scatter(
                x=curve["slots"], y=curve[column], mode="lines", name=name,
                line={"color": paint, "width": 2.4, "dash": dash},
                hovertemplate=f"{name}, %{{x:,.0f}} a day: %{{y:,.1f}} wins<extra></extra>",
            )
        )  # fmt: skip
    if chosen is not None:
        figure.add_trace(
            go.Scatter(x=[chosen[0]], y=[chosen[1]], mode="markers", showlegend=False, hoverinfo="skip",
                       marker={"color": colours.gain, "size": 11})
        )  # fmt: skip
        if today is None or round(today) != round(chosen[0]):
            vertical_mark(figure, colours, chosen[0], f"{chosen[0]:,.0f} a day")
    if today is not None:
        vertical_mark(figure, colours, today, f"today: {today:,.0f} a day")
    figure.update_yaxes(title_text="wins expected in four weeks", rangemode="tozero")
    return figure.update_xaxes(title_text="leads a day that somebody gets to", rangemode="tozero")
