"""Things in time: what a lead did, how its score moved, and what was changed meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, vertical_mark
from app.theme import Tokens

NEAR_THE_END = 0.75
Mark = tuple[datetime, str]


def timeline(events: pl.DataFrame, colours: Tokens, marks: Sequence[Mark] = ()) -> go.Figure:
    """A lead's events by kind; columns `at`, `label`, `source`, optional `late` (received long after it happened).

    `marks` are moments with a name, such as a change of state.
    """
    order = events.group_by("label").agg(pl.len().alias("n")).sort("n", "label")["label"].to_list()
    sources = events["source"].unique(maintain_order=True).sort().to_list()
    figure = blank(colours, height=26 * len(order) + 90, showlegend=True)
    late = events["late"] if "late" in events.columns else pl.Series([False] * events.height)
    for source, paint in zip(sources, colours.series, strict=False):
        chosen = events["source"] == source
        part, hollow = events.filter(chosen), late.filter(chosen)
        figure.add_trace(
            go.Scatter(
                x=part["at"].to_list(),
                y=part["label"].to_list(),
                name=source.replace("_", " "),
                mode="markers",
                marker={
                    "size": 10,
                    "color": paint,
                    "symbol": ["circle-open" if one else "circle" for one in hollow],
                    "opacity": 0.85,
                },
                hovertemplate="%{y}<br>%{x|%d %b %Y, %H:%M} UTC<extra></extra>",
            )
        )
    room = [-0.6, len(order) - (0.1 if marks else 0.5)]
    figure.update_yaxes(categoryorder="array", categoryarray=order, range=room, tickfont={"color": colours.ink})
    return marked(figure, colours, marks, events["at"])


def course(
    history: pl.DataFrame, colours: Tokens, marks: Sequence[Mark] = (), cuts: dict[str, float] | None = None
) -> go.Figure:
    """A lead's score over time; columns `at`, `score` (probability); `cuts` are the thresholds by band."""
    figure = blank(colours, height=230)
    figure.add_trace(
        go.Scatter(
            x=history["at"].to_list(),
            y=history["score"].to_list(),
            mode="lines+markers",
            line={"color": colours.gain, "width": 2.2, "shape": "hv"},
            marker={"size": 6},
            fill="tozeroy",
            fillcolor=colours.faint(colours.gain, 0.1),
            hovertemplate="%{x|%d %b, %H:%M}: %{y:.1%}<extra></extra>",
        )
    )
    for name, cut in (cuts or {}).items():
        figure.add_shape(
            type="line", x0=0, x1=1, xref="paper", y0=cut, y1=cut,
            line={"color": colours.neutral, "dash": "dot", "width": 1.3},
        )  # fmt: skip
        figure.add_annotation(x=1, xref="paper", y=cut, text=name, showarrow=False, xanchor="right", yanchor="bottom")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", title_text="score")
    return marked(figure, colours, marks, history["at"])


def counts(
    series: pl.DataFrame, colours: Tokens, marks: Sequence[Mark] = (), barmode: Literal["stack", "group"] = "stack"
) -> go.Figure:
    """Counts over time, stacked by kind, or beside each other where their sum means nothing; `at`, `kind`, `n`."""
    figure = blank(colours, height=260, barmode=barmode, bargap=0.15, showlegend=True)
    for kind, paint in zip(series["kind"].unique(maintain_order=True).to_list(), colours.series, strict=False):
        part = series.filter(pl.col("kind") == kind)
        name, paint = str(kind).replace("_", " "), colours.outcome(str(kind), paint)
        figure.add_trace(go.Bar(x=part["at"].to_list(), y=part["n"], name=name, marker_color=paint))
    figure.update_yaxes(rangemode="nonnegative")
    return marked(figure, colours, marks, series["at"])


def marked(figure: go.Figure, colours: Tokens, marks: Sequence[Mark], shown: pl.Series) -> go.Figure:
    """The figure with a named line at each mark; `shown` are the moments on its axis."""
    moments = [*shown.to_list(), *(at for at, _ in marks)]
    for at, text in marks:
        near_the_end = at - min(moments) > NEAR_THE_END * (max(moments) - min(moments))
        vertical_mark(figure, colours, at, text, leftward=near_the_end)
    return figure
