"""Shares of groups side by side."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank
from app.theme import Tokens


def by_group(shares: pl.DataFrame, colours: Tokens, *, label: str) -> go.Figure:
    """A feature's values by group; column `bucket` (text, in order), then a column a group (shares of its leads)."""
    figure = blank(colours, height=280, barmode="group", bargap=0.25, bargroupgap=0.06, showlegend=True)
    for place, name in enumerate(column for column in shares.columns if column != "bucket"):
        figure.add_trace(
            go.Bar(
                x=shares["bucket"],
                y=shares[name],
                name=name.capitalize(),
                marker_color=colours.outcome(name, colours.series[place % len(colours.series)]),
                hovertemplate=f"{name}, %{{x}}: %{{y:.1%}}<extra></extra>",
            )
        )
    figure.update_yaxes(tickformat=".0%", title_text="share of leads")
    return figure.update_xaxes(title_text=label, type="category")


def over_time(shares: pl.DataFrame, colours: Tokens) -> go.Figure:
    """A feature's values by moment, stacked; column `bucket` (text, in order), then a column a moment (shares)."""
    figure = blank(colours, height=280, barmode="stack", bargap=0.15, showlegend=True)
    moments = [name for name in shares.columns if name != "bucket"]
    for place, row in enumerate(shares.iter_rows(named=True)):
        paint = colours.neutral if row["bucket"] == "missing" else colours.series[place % len(colours.series)]
        figure.add_trace(
            go.Bar(
                x=[moment[:10] for moment in moments],
                y=[row[moment] for moment in moments],
                name=row["bucket"],
                marker_color=paint,
                hovertemplate=f"{row['bucket']}, %{{x}}: %{{y:.1%}}<extra></extra>",
            )
        )
    figure.update_yaxes(tickformat=".0%", title_text="share of leads", range=[0, 1])
    return figure.update_xaxes(type="category")
