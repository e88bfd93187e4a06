"""How two populations differ: one feature then and now, and verdicts over time."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, named_rows
from app.theme import Tokens

WORDS = "[A-Za-z]{2}"


def overlay(shares: pl.DataFrame, colours: Tokens, *, label: str) -> go.Figure:
    """A feature then and now; columns `bucket` (text, in order), `reference`, `current` (shares of leads).

    Words stand beside bars that lie, intervals under bars that stand.
    """
    if shares["bucket"].str.contains(WORDS).mean() > 0.5:  # type: ignore[operator]
        return _lying(shares, colours)
    figure = blank(colours, height=280, barmode="group", bargap=0.25, bargroupgap=0.06, showlegend=True)
    for name, column, paint in (("Reference", "reference", colours.neutral), ("Current", "current", colours.gain)):
        figure.add_trace(
            go.Bar(
                x=shares["bucket"],
                y=shares[column],
                name=name,
                marker_color=paint,
                hovertemplate=f"{name}, %{{x}}: %{{y:.1%}}<extra></extra>",
            )
        )
    figure.update_yaxes(tickformat=".0%", title_text="share of leads")
    return figure.update_xaxes(title_text=label, type="category")


def _lying(shares: pl.DataFrame, colours: Tokens) -> go.Figure:
    figure = blank(colours, height=34 * shares.height + 70, barmode="group", bargap=0.25, showlegend=True)
    for name, column, paint in (("Reference", "reference", colours.neutral), ("Current", "current", colours.gain)):
        figure.add_trace(
            go.Bar(
                y=list(range(shares.height)),
                x=shares[column],
                name=name,
                orientation="h",
                marker_color=paint,
                customdata=shares["bucket"],
                hovertemplate=f"{name}, %{{customdata}}: %{{x:.1%}}<extra></extra>",
            )
        )
    figure.update_xaxes(tickformat=".0%", title_text="share of leads", showgrid=True)
    return named_rows(figure, colours, shares["bucket"].to_list(), width=24)


def history(verdicts: pl.DataFrame, colours: Tokens) -> go.Figure:
    """Verdicts by feature and report; columns `label`, `at` (text), `statistic`, `threshold`, `verdict`."""
    labels, times = (
        verdicts["label"].unique(maintain_order=True).to_list(),
        verdicts["at"].unique(maintain_order=True).to_list(),
    )
    level = {"stable": 0.0, "not_enough_data": 0.5, "drift": 1.0}
    cells = {(row["label"], row["at"]): row for row in verdicts.iter_rows(named=True)}
    figure = blank(colours, height=26 * len(labels) + 60)
    figure.add_trace(
        go.Heatmap(
            z=[[level[cells[name, at]["verdict"]] if (name, at) in cells else None for at in times] for name in labels],
            x=times,
            y=labels,
            zmin=0,
            zmax=1,
            colorscale=[
                [0, colours.faint(colours.gain, 0.35)],
                [0.5, colours.faint(colours.neutral, 0.3)],
                [1, colours.loss],
            ],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}, %{x}<extra></extra>",
        )
    )
    return figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": colours.ink})
