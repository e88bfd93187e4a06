"""Two counts side by side: what is now, and what would be."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank
from app.theme import Tokens


def before_after(counts: pl.DataFrame, colours: Tokens, *, before: str, after: str) -> go.Figure:
    """Leads by value under two versions; columns `value` (text, in order), `before`, `after` (leads)."""
    figure = blank(colours, height=34 * counts.height + 70, barmode="group", bargap=0.32, bargroupgap=0.08)
    for column, name, paint in (("after", after, colours.gain), ("before", before, colours.neutral)):
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=counts["value"],
                x=counts[column],
                name=name,
                marker_color=paint,
                text=[f"{count:,}" for count in counts[column]],
                textposition="outside",
                textfont={"color": colours.ink, "size": 11},
                cliponaxis=False,
                hovertemplate=f"{name}, %{{y}}: %{{x:,}} leads<extra></extra>",
            )
        )
    figure.update_layout(showlegend=True, legend={"traceorder": "reversed"})
    largest = max(int(counts["before"].max() or 0), int(counts["after"].max() or 0), 1)  # type: ignore[arg-type]
    figure.update_xaxes(visible=False, range=[0, 1.18 * largest])
    return figure.update_yaxes(autorange="reversed", showgrid=False, type="category", tickfont={"color": colours.ink})


def by_group(shares: pl.DataFrame, colours: Tokens, *, label: str) -> go.Figure:
    """A feature's values by group; column `bucket` (text, in order), then a column a group (shares of its leads)."""
    figure = blank(colours, height=280, barmode="group", bargap=0.25, bargroupgap=0.06, showlegend=True)
    paints = {"won": colours.gain, "lost": colours.neutral}
    for place, name in enumerate(column for column in shares.columns if column != "bucket"):
        figure.add_trace(
            go.Bar(
                x=shares["bucket"],
                y=shares[name],
                name=name.capitalize(),
                marker_color=paints.get(name, colours.series[place % len(colours.series)]),
                hovertemplate=f"{name}, %{{x}}: %{{y:.1%}}<extra></extra>",
            )
        )
    figure.update_yaxes(tickformat=".0%", title_text="share of leads")
    return figure.update_xaxes(title_text=label, type="category")
