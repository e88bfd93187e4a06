"""How a score came about: the waterfall from the base to the score, in probability points."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, named_rows
from app.theme import Tokens

ROW = 34


def waterfall(
    points: pl.DataFrame,
    base: float,
    colours: Tokens,
    *,
    most: int = 6,
    width: int = 24,
    ends: tuple[str, str] = ("Base", "Score"),
    rest: str = "other features",
) -> go.Figure:
    """Base, the `most` largest contributions, the rest as one, and the score; labels in lines of `width` characters.

    `points`: columns `label` (text) and `points` (probability, so 0.22 is 22 points), one row a feature. `ends` names
    what the steps lead from and to, `rest` what the smaller ones are.
    """
    steps = _steps(points, most, rest)
    labels = [ends[0], *steps["label"], ends[1]]
    values = [100 * base, *(100 * value for value in steps["points"])]
    total = sum(values)
    figure = blank(colours, height=ROW * len(labels) + 24, waterfallgap=0.28)
    figure.add_trace(
        go.Waterfall(
            orientation="h",
            y=list(range(len(labels))),
            customdata=labels,
            x=[*values, total],
            measure=["absolute", *["relative"] * (len(values) - 1), "total"],
            text=[f"{values[0]:.1f}", *(f"{value:+.1f}" for value in values[1:]), f"<b>{total:.1f}</b>"],
            textposition="outside",
            textfont={"color": colours.ink},
            cliponaxis=False,
            connector={"line": {"color": colours.grid, "width": 1}},
            increasing={"marker": {"color": colours.gain}},
            decreasing={"marker": {"color": colours.loss}},
            totals={"marker": {"color": colours.neutral}},
            hovertemplate="%{customdata}: %{text} points<extra></extra>",
        )
    )
    named_rows(figure, colours, labels, width)
    return figure.update_xaxes(visible=False, range=_range(values, total))


def _steps(points: pl.DataFrame, most: int, word: str) -> pl.DataFrame:
    ordered = points.select("label", "points").sort(pl.col("points").abs(), descending=True, maintain_order=True)
    shown, rest = ordered[:most].sort("points", descending=True), ordered[most:]
    if not rest.height:
        return shown
    other = pl.DataFrame({"label": [f"{rest.height} {word}"], "points": [float(rest["points"].sum())]})
    return pl.concat([shown, other])


def _range(values: list[float], total: float) -> list[float]:
    course, level = [0.0, total], 0.0
    for value in values:
        level += value
        course.append(level)
    room = 0.4 * (max(course) - min(course) or 1.0)
    return [min(course) - (room if min(course) < 0 else 0.0), max(course) + room]
