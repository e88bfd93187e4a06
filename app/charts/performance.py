"""What became of scored leads over time: what came, what is expected, and what is not known yet."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank
from app.charts.time import Mark, marked
from app.theme import Tokens

MOMENT = "%Y-%m-%dT%H:%M:%S"
"""How the customdata of a point says which period it is of."""


def cohorts(
    rows: pl.DataFrame, name: str, colours: Tokens, marks: Sequence[Mark] = (), *, form: str = ".2f"
) -> go.Figure:
    """A figure by cohort: what came with its interval (hollow where labels are still to come), what was expected.

    Columns `at`, `is_mature`, `rows`, `labelled`, `NAME`, `NAME_low`, `NAME_high`, `NAME_expected`, `NAME_least`,
    `NAME_most`.
    """
    figure = blank(colours, height=270, showlegend=True)
    known = rows.drop_nulls(f"{name}_expected")
    figure.add_trace(_edge(known, f"{name}_most", colours))
    figure.add_trace(_edge(known, f"{name}_least", colours, fill="tonexty"))
    figure.add_trace(
        go.Scatter(
            x=known["at"].to_list(),
            y=known[f"{name}_expected"],
            name="expected from the scores alone",
            mode="lines",
            line={"color": colours.neutral, "dash": "dash", "width": 1.6},
            customdata=known["at"].dt.strftime(MOMENT).to_list(),
            hovertemplate=f"%{{x|%d %b %Y}}: expected %{{y:{form}}}<extra></extra>",
        )
    )
    for is_mature, label in ((True, "came"), (False, "came so far: labels still to come")):
        part = rows.filter(pl.col("is_mature") == is_mature).drop_nulls(name)
        if part.height:
            figure.add_trace(_came(part, name, label, colours, form, is_mature=is_mature))
    figure.update_yaxes(tickformat=form)
    return marked(figure, colours, marks, rows["at"])


def _edge(rows: pl.DataFrame, column: str, colours: Tokens, fill: str | None = None) -> go.Scatter:
    return go.Scatter(
        x=rows["at"].to_list(),
        y=rows[column],
        mode="lines",
        line={"width": 0},
        fill=fill,
        fillcolor=colours.faint(colours.neutral, 0.18),
        hoverinfo="skip",
        showlegend=False,
    )


def _came(part: pl.DataFrame, name: str, label: str, colours: Tokens, form: str, *, is_mature: bool) -> go.Scatter:
    return go.Scatter(
        x=part["at"].to_list(),
        y=part[name],
        name=label,
        mode="lines+markers" if is_mature else "markers",
        line={"color": colours.gain, "width": 2},
        marker={"size": 9, "color": colours.gain, "symbol": "circle" if is_mature else "circle-open"},
        error_y={
            "type": "data",
            "array": part[f"{name}_high"] - part[name],
            "arrayminus": part[name] - part[f"{name}_low"],
            "color": colours.faint(colours.gain, 0.5),
            "thickness": 1.2,
            "width": 3,
        },
        customdata=part["at"].dt.strftime(MOMENT).to_list(),
        text=[f"{labelled:,} of {rows:,}" for labelled, rows in part.select("labelled", "rows").iter_rows()],
        hovertemplate=f"%{{x|%d %b %Y}}: %{{y:{form}}} (%{{text}} rows labelled)<extra></extra>",
    )


def inflation(rows: pl.DataFrame, colours: Tokens, marks: Sequence[Mark] = ()) -> go.Figure:
    """One band's share of leads (bars) and their conversion (line, hollow while young).

    Columns `at`, `share`, `conversion`, `is_mature`.
    """
    figure = blank(colours, height=250, showlegend=True, bargap=0.3)
    figure.add_trace(
        go.Bar(
            x=rows["at"].to_list(),
            y=rows["share"],
            name="share of leads",
            customdata=rows["at"].dt.strftime(MOMENT).to_list(),
            marker_color=colours.neutral,
            hovertemplate="%{x|%d %b %Y}: %{y:.1%} of the leads<extra></extra>",
        )
    )
    known = rows.drop_nulls("conversion")
    figure.add_trace(
        go.Scatter(
            x=known["at"].to_list(),
            y=known["conversion"],
            name="of them won",
            customdata=known["at"].dt.strftime(MOMENT).to_list(),
            mode="lines+markers",
            line={"color": colours.gain, "width": 2},
            marker={"size": 9, "symbol": ["circle" if ripe else "circle-open" for ripe in known["is_mature"]]},
            hovertemplate="%{x|%d %b %Y}: %{y:.1%} won<extra></extra>",
        )
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return marked(figure, colours, marks, rows["at"])


def fulfilment(rows: pl.DataFrame, bands: Sequence[str], colours: Tokens, marks: Sequence[Mark] = ()) -> go.Figure:
    """The self-fulfilment index by band over time; columns `band`, `at`, `index`, `low`, `high`."""
    figure = blank(colours, height=250, showlegend=True)
    for place, band in enumerate(bands):
        part = rows.filter(pl.col("band") == band)
        if not part.height:
            continue
        figure.add_trace(
            go.Scatter(
                x=part["at"].to_list(),
                y=part["index"],
                name=band,
                customdata=part["at"].dt.strftime(MOMENT).to_list(),
                mode="lines+markers",
                line={"color": colours.band(place), "width": 2},
                error_y={
                    "type": "data",
                    "array": part["high"] - part["index"],
                    "arrayminus": part["index"] - part["low"],
                    "color": colours.faint(colours.band(place), 0.5),
                    "thickness": 1.1,
                    "width": 3,
                },
                hovertemplate=f"{band}, %{{x|%d %b %Y}}: %{{y:.2f}}<extra></extra>",
            )
        )
    figure.update_yaxes(range=[-1.05, 1.05], title_text="0 foresees, 1 fulfils itself")
    return marked(figure, colours, marks, rows["at"])
