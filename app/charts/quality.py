"""How good a model is: lift by decile, calibration, the spread of scores, capture by capacity."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, vertical_mark
from app.theme import Tokens


def lift(deciles: pl.DataFrame, base_rate: float, colours: Tokens) -> go.Figure:
    """Win rate by tenth of the ranking; columns `decile` (1 is the best), `rate`, `rows`; lifts named where above 1."""
    figure = blank(colours, height=260, bargap=0.35)
    paint = [colours.gain if rate >= base_rate else colours.neutral for rate in deciles["rate"]]
    figure.add_trace(
        go.Bar(
            x=deciles["decile"],
            y=deciles["rate"],
            marker_color=paint,
            customdata=deciles["rows"],
            text=[f"{rate / base_rate:.1f}×" if 0 < base_rate <= rate else "" for rate in deciles["rate"]],
            textposition="outside",
            textfont={"color": colours.ink, "size": 11},
            textangle=0,
            constraintext="none",
            cliponaxis=False,
            hovertemplate="Tenth %{x}: %{y:.1%} of %{customdata:,} won<extra></extra>",
        )
    )
    figure.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="paper",
        y0=base_rate,
        y1=base_rate,
        line={"color": colours.warn, "dash": "dash", "width": 1.3},
    )
    figure.add_annotation(
        x=1, xref="paper", y=base_rate, yanchor="bottom", xanchor="right", showarrow=False,
        text=f"base rate {base_rate:.1%}", font_color=colours.warn,
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", title_text="won")
    return figure.update_xaxes(dtick=1, title_text="tenth of the ranking, best first")


def calibration(bins: pl.DataFrame, colours: Tokens) -> go.Figure:
    """What was promised against what happened; columns `predicted`, `observed`, `rows` and optionally `low`, `high`."""
    figure = blank(colours, height=300)
    top = float(max(bins["predicted"].max() or 0, bins["observed"].max() or 0, 0.05)) * 1.08  # type: ignore[type-var, arg-type]
    figure.add_trace(
        go.Scatter(
            x=[0, top],
            y=[0, top],
            mode="lines",
            line={"color": colours.neutral, "dash": "dot", "width": 1.3},
            hoverinfo="skip",
        )
    )
    largest = max(int(bins["rows"].max() or 1), 1)  # type: ignore[arg-type]
    figure.add_trace(
        go.Scatter(
            x=bins["predicted"],
            y=bins["observed"],
            mode="lines+markers",
            line={"color": colours.gain, "width": 2},
            marker={"color": colours.gain, "size": [7 + 11 * (rows / largest) ** 0.5 for rows in bins["rows"]]},
            error_y=_interval(bins, colours),
            customdata=bins["rows"],
            hovertemplate="said %{x:.1%}, happened %{y:.1%} (%{customdata:,} rows)<extra></extra>",
        )
    )
    figure.update_yaxes(tickformat=".0%", range=[0, top], title_text="happened")
    return figure.update_xaxes(tickformat=".0%", range=[0, top], title_text="said by the model")


def _interval(bins: pl.DataFrame, colours: Tokens) -> dict[str, object] | None:
    if not {"low", "high"} <= set(bins.columns):
        return None
    above, below = bins["high"] - bins["observed"], bins["observed"] - bins["low"]
    return {"type": "data", "array": above, "arrayminus": below, "color": colours.neutral, "thickness": 1.2, "width": 3}


def histogram(counts: pl.DataFrame, colours: Tokens, cuts: dict[str, float] | None = None) -> go.Figure:
    """How the scores spread; columns `low`, `high` (bin edges, probability), `rows`; `cuts` are thresholds by band."""
    figure = blank(colours, height=240, bargap=0.06)
    figure.add_trace(
        go.Bar(
            x=(counts["low"] + counts["high"]) / 2,
            y=counts["rows"],
            width=(counts["high"] - counts["low"]) * 0.94,
            marker_color=colours.accent,
            customdata=counts.select("low", "high").to_numpy(),
            hovertemplate="%{customdata[0]:.0%} to %{customdata[1]:.0%}: %{y:,} leads<extra></extra>",
        )
    )
    for band, cut in (cuts or {}).items():
        vertical_mark(figure, colours, cut, band)
    figure.update_yaxes(title_text="leads")
    return figure.update_xaxes(tickformat=".0%", rangemode="tozero", title_text="score")


def capture(curves: dict[str, pl.DataFrame], colours: Tokens, today: float | None = None) -> go.Figure:
    """Share of all wins found by working the best leads first; each curve has columns `worked`, `found` (shares)."""
    figure = blank(colours, height=280, showlegend=True)
    _lines(figure, curves, ("worked", "found"), "%{x:.0%} worked, %{y:.0%} of wins found", colours)
    if today is not None:
        vertical_mark(figure, colours, today, "today's capacity")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], title_text="wins found")
    return figure.update_xaxes(tickformat=".0%", range=[0, 1], title_text="leads worked, best first")


def precision(curves: dict[str, pl.DataFrame], base_rate: float, colours: Tokens) -> go.Figure:
    """How many of those above a cut win, by the share of wins above it; each curve has `recall` and `precision`."""
    figure = blank(colours, height=280, showlegend=len(curves) > 1)
    _lines(figure, curves, ("recall", "precision"), "%{x:.0%} of wins found, %{y:.0%} of those worked win", colours)
    figure.add_shape(
        type="line", x0=0, x1=1, y0=base_rate, y1=base_rate, line={"color": colours.warn, "dash": "dash", "width": 1.3}
    )
    figure.add_annotation(
        x=0, y=base_rate, xanchor="left", yanchor="bottom", showarrow=False, text=f"everybody: {base_rate:.0%}",
        font_color=colours.warn,
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], title_text="win, of those worked")
    return figure.update_xaxes(tickformat=".0%", range=[0, 1], title_text="wins found")


def _lines(
    figure: go.Figure, curves: dict[str, pl.DataFrame], columns: tuple[str, str], told: str, colours: Tokens
) -> None:
    """One line a curve over its x and y columns, each in a dash of its own; `told` is what is said at a point."""
    for (name, curve), (dash, paint) in zip(curves.items(), _styles(colours), strict=False):
        figure.add_trace(
            go.Scatter(
                x=curve[columns[0]],
                y=curve[columns[1]],
                name=name,
                mode="lines",
                line={"color": paint, "dash": dash, "width": 2.2 if dash == "solid" else 1.6},
                hovertemplate=f"{name}: {told}<extra></extra>",
            )
        )


def _styles(colours: Tokens) -> list[tuple[str, str]]:
    """Dash and colour of up to four curves."""
    return [("solid", colours.gain), ("dot", colours.neutral), ("dash", colours.accent), ("dashdot", colours.warn)]
