"""Where leads go: the funnel, the matrix of moves, and the same moves as a flow."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank
from app.theme import Tokens

UNKNOWN = "not known yet"
TO = "→"
"""Stands between the two values of a move."""


def funnel(stages: pl.DataFrame, colours: Tokens) -> go.Figure:
    """Leads by stage; columns `stage`, `leads` (null: not known), in order."""
    first = stages["leads"][0] or 1
    told = [UNKNOWN if one is None else f"{one:,} · {one / first:.0%}" for one in stages["leads"]]
    figure = blank(colours, height=46 * stages.height + 20, funnelgap=0.22)
    figure.add_trace(
        go.Funnel(
            y=stages["stage"],
            x=stages["leads"].fill_null(0),
            text=told,
            textinfo="text",
            textposition="auto",
            insidetextfont={"color": colours.surface},
            outsidetextfont={"color": colours.ink},
            marker={"color": colours.gain},
            connector={"fillcolor": colours.faint(colours.neutral, 0.1)},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    for stage, text in zip(stages["stage"], told, strict=True):
        if text == UNKNOWN:
            figure.add_annotation(x=0, y=stage, text=text, showarrow=False, font_color=colours.muted)
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(showgrid=False, tickfont={"color": colours.ink})


def matrix(moves: pl.DataFrame, order: Sequence[str], colours: Tokens, *, before: str, after: str) -> go.Figure:
    """Moves as a table of counts; columns `before`, `after`, `leads`; `order` best first.

    A heat map cannot be clicked, so an unseen mark lies over each cell that has leads; its `customdata` is
    `before→after`.
    """
    counts = {(a, b): n for a, b, n in moves.select("before", "after", "leads").iter_rows()}
    grid = [[counts.get((row, column), 0) for column in order] for row in order]
    moved = [[0 if row == column else counts.get((row, column), 0) for column in order] for row in order]
    figure = blank(colours, height=48 * len(order) + 70)
    figure.add_trace(
        go.Heatmap(
            z=moved,
            zmin=0,
            zmax=max(max(map(max, moved), default=0), 1),
            x=list(order),
            y=list(order),
            text=[[f"{n:,}" if n else "·" for n in row] for row in grid],
            texttemplate="%{text}",
            textfont={"color": colours.ink, "size": 13},
            colorscale=[[0, colours.faint(colours.neutral, 0.06)], [1, colours.faint(colours.warn, 0.55)]],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate=f"{before} %{{y}} → {after} %{{x}}: %{{text}} leads<extra></extra>",
        )
    )
    cells = [(row, column) for row in order for column in order if counts.get((row, column))]
    figure.add_trace(
        go.Scatter(
            x=[column for _, column in cells],
            y=[row for row, _ in cells],
            customdata=[f"{row}{TO}{column}" for row, column in cells],
            mode="markers",
            marker={"size": 34, "opacity": 0, "symbol": "square"},
            hoverinfo="skip",
        )
    )
    figure.update_yaxes(autorange="reversed", title_text=before, showgrid=False, tickfont={"color": colours.ink})
    return figure.update_xaxes(side="top", title_text=after, tickfont={"color": colours.ink})


def sankey(moves: pl.DataFrame, order: Sequence[str], colours: Tokens, *, before: str, after: str) -> go.Figure:
    """Moves as a flow, colour for movers only; columns `before`, `after`, `leads`; `order` best first."""
    rows = moves.select("before", "after", "leads").filter(pl.col("leads") > 0)
    place = {name: position for position, name in enumerate(order)}
    left = {name: int(rows.filter(pl.col("before") == name)["leads"].sum()) for name in order}
    right = {name: int(rows.filter(pl.col("after") == name)["leads"].sum()) for name in order}
    paint = {name: colours.band(position) for name, position in place.items()}
    figure = blank(colours, height=285)
    figure.add_trace(
        go.Sankey(
            arrangement="fixed",
            textfont={"color": colours.ink, "size": 13, "family": "Inter, sans-serif", "shadow": "none"},
            node={
                "label": [f"{name}  {left[name]:,}" for name in order] + [f"{name}  {right[name]:,}" for name in order],
                "color": [paint[name] for name in order] * 2,
                "x": [0.001] * len(order) + [0.999] * len(order),
                "y": _places(left, order) + _places(right, order),
                "pad": 14,
                "thickness": 14,
                "line": {"width": 0},
            },
            link={
                "source": [place[name] for name in rows["before"]],
                "target": [len(order) + place[name] for name in rows["after"]],
                "value": rows["leads"],
                "color": [
                    colours.faint(colours.neutral, 0.18) if a == b else colours.faint(paint[b], 0.6)
                    for a, b in rows.select("before", "after").iter_rows()
                ],
                "hovertemplate": "%{source.label} → %{target.label}<br>%{value:,} leads<extra></extra>",
            },
        )
    )
    for name, x, side in ((before, 0, "left"), (after, 1, "right")):
        figure.add_annotation(
            x=x, y=1.04, xref="paper", yref="paper", text=name, showarrow=False, xanchor=side, yanchor="bottom"
        )
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 28, "b": 8})


def _places(counts: dict[str, int], order: Sequence[str]) -> list[float]:
    total = sum(counts.values()) or 1
    places, level = [], 0.0
    for name in order:
        share = counts[name] / total
        places.append(min(max(level + share / 2, 0.001), 0.999))
        level += share
    return places
