"""What a cut lets through and what it is worth."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, vertical_mark
from app.theme import Tokens


def value(rows: pl.DataFrame, colours: Tokens, *, best: float, chosen: float) -> go.Figure:
    """Value per 1,000 leads by the share worked; columns share, value, low, high; `best` and `chosen` are shares."""
    figure = blank(colours, height=280)
    for column, fill in (("high", None), ("low", "tonexty")):
        figure.add_trace(
            go.Scatter(
                x=rows["share"], y=rows[column], mode="lines", line={"width": 0}, fill=fill,
                fillcolor=colours.faint(colours.gain, 0.16), hoverinfo="skip",
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=rows["share"], y=rows["value"], mode="lines", line={"color": colours.gain, "width": 2.2},
            customdata=rows["threshold"],
            hovertemplate="%{x:.0%} worked, scores from %{customdata:.1%}: %{y:,.0f}<extra></extra>",
        )
    )  # fmt: skip
    vertical_mark(figure, colours, best, "best", leftward=best > 0.5)
    if abs(chosen - best) > 0.02:
        figure.add_shape(
            type="line", x0=chosen, x1=chosen, y0=0, y1=1, yref="paper",
            line={"color": colours.neutral, "dash": "dot", "width": 1.3},
        )  # fmt: skip
    figure.update_yaxes(title_text="per 1,000 leads", tickformat=",.0f")
    return figure.update_xaxes(tickformat=".0%", range=[0, 1], title_text="leads worked, best first")


def cuts(bands: pl.DataFrame, colours: Tokens) -> go.Figure:
    """Where each band would begin, with its 95 % interval; columns band, enter, enter_low, enter_high, live."""
    figure = blank(colours, height=52 * bands.height + 84, showlegend=True)
    rows = list(range(bands.height))
    figure.add_trace(
        go.Scatter(
            x=bands["enter"], y=rows, mode="markers", name="proposed",
            marker={"size": 11, "color": [colours.band(place) for place in rows]},
            error_x={
                "type": "data", "array": bands["enter_high"] - bands["enter"],
                "arrayminus": bands["enter"] - bands["enter_low"], "color": colours.neutral, "thickness": 1.4,
            },
            customdata=bands.select("enter_low", "enter_high").to_numpy(),
            hovertemplate="%{x:.1%}, 95 % from %{customdata[0]:.1%} to %{customdata[1]:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=bands["live"], y=rows, mode="markers", name="live policy",
            marker={"size": 12, "symbol": "line-ns-open", "color": colours.warn, "line": {"width": 2}},
            hovertemplate="live policy: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=rows, ticktext=bands["band"].to_list(), range=[bands.height - 0.5, -0.5], showgrid=False,
        tickfont={"color": colours.ink, "size": 12},
    )  # fmt: skip
    return figure.update_xaxes(tickformat=".0%", rangemode="tozero", showgrid=True, title_text="score from which on")
