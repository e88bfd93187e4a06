"""What drives scores overall: importance bars, beeswarm, dependence."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, named_rows
from app.theme import Tokens

ROW = 30


def bars(features: pl.DataFrame, colours: Tokens, *, most: int = 15) -> go.Figure:
    """Mean size of each feature's points; columns `label`, `importance` (probability), `role` (fit or engagement)."""
    top = features.sort("importance", descending=True)[:most].with_row_index("row")
    figure = blank(colours, height=ROW * top.height + 66, bargap=0.35, showlegend=True)
    for role, name, paint in (("engagement", "What they do", colours.gain), ("fit", "Who they are", colours.accent)):
        part = top.filter(pl.col("role") == role)
        figure.add_trace(
            go.Bar(
                orientation="h",
                name=name,
                y=part["row"],
                x=100 * part["importance"],
                width=0.62,
                marker_color=paint,
                customdata=part["label"],
                text=[f"{100 * value:.2f}" for value in part["importance"]],
                textposition="outside",
                cliponaxis=False,
                textfont={"color": colours.ink},
                hovertemplate="%{customdata}: %{x:.2f} points on average<extra></extra>",
            )
        )
    named_rows(figure, colours, top["label"].to_list())
    figure.update_layout(barmode="overlay", legend={"x": 1, "xanchor": "right"})
    largest = float(top["importance"].max() or 0.01)  # type: ignore[arg-type]
    about = {"title_text": "points on average, up or down", "showticklabels": False, "showgrid": False}
    return figure.update_xaxes(range=[0, 122 * largest], **about)


def beeswarm(points: pl.DataFrame, colours: Tokens, *, most: int = 10) -> go.Figure:
    """Every lead's points for the largest features; columns `label`, `points`, `rank`, `ref`.

    `rank` is the value's rank from 0 to 1; null (a category or a missing value) is drawn in the neutral colour.
    """
    size = (
        points.group_by("label").agg(pl.col("points").abs().mean().alias("size")).sort("size", descending=True)[:most]
    )
    order = size["label"].to_list()
    figure = blank(colours, height=34 * len(order) + 80)
    for position, label in enumerate(order):
        part = points.filter(pl.col("label") == label).sort("points")
        figure.add_trace(_swarm(part, position, label, colours))
    figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", line={"color": colours.neutral, "width": 1})
    named_rows(figure, colours, order)
    return figure.update_xaxes(title_text="points · blue: low value, red: high value")


def _swarm(part: pl.DataFrame, position: int, label: str, colours: Tokens) -> go.Scatter:
    paint = part["rank"].fill_null(0.5)
    return go.Scatter(
        x=100 * part["points"],
        y=position + _spread(part["points"]),
        mode="markers",
        customdata=part["ref"],
        marker={
            "size": 5,
            "color": paint,
            "colorscale": [[0, colours.accent], [0.5, colours.neutral], [1, colours.loss]],
            "cmin": 0,
            "cmax": 1,
            "opacity": 0.75,
        },
        hovertemplate=f"{label}: %{{x:+.1f}} points<br>%{{customdata}}<extra></extra>",
    )


def _spread(points: pl.Series, bins: int = 60, room: float = 0.36) -> pl.Series:
    low, high = float(points.min() or 0), float(points.max() or 0)  # type: ignore[arg-type]
    places = ((points - low) / ((high - low) or 1.0) * (bins - 1)).cast(pl.Int64)
    frame = pl.DataFrame({"bin": places})
    frame = frame.with_columns(nth=pl.int_range(pl.len()).over("bin"), size=pl.len().over("bin"))
    fullest = max(int(frame["size"].max() or 1), 2)  # type: ignore[arg-type]
    offset = (pl.col("nth") - (pl.col("size") - 1) / 2) * (2 * room / fullest)
    return frame.select(offset.alias("offset"))["offset"]


def dependence(points: pl.DataFrame, label: str, colours: Tokens, course: pl.DataFrame | None = None) -> go.Figure:
    """One feature's points against its value; columns `value` (number or text), `points`, `ref`.

    `course`: the mean of all leads by value, drawn as a line; columns `value`, `points`.
    """
    figure = blank(colours, height=320)
    if points["value"].dtype.is_numeric():
        figure.add_trace(
            go.Scatter(
                x=points["value"],
                y=100 * points["points"],
                mode="markers",
                customdata=points["ref"],
                marker={"size": 5, "color": colours.gain, "opacity": 0.5},
                hovertemplate="%{x}: %{y:+.1f} points<br>%{customdata}<extra></extra>",
            )
        )
        if course is not None and course.height > 1:
            figure.add_trace(
                go.Scatter(
                    x=course["value"], y=100 * course["points"], mode="lines",
                    line={"color": colours.accent, "width": 2.4}, hoverinfo="skip",
                )
            )  # fmt: skip
    else:
        order = (
            points.group_by("value").agg(pl.col("points").median()).sort("points", descending=True)["value"].to_list()
        )
        figure.add_trace(
            go.Box(
                x=points["value"], y=100 * points["points"], marker_color=colours.gain, line_width=1.2, boxpoints=False
            )
        )
        figure.update_xaxes(categoryorder="array", categoryarray=order)
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=0, y1=0, line={"color": colours.neutral, "width": 1})
    figure.update_yaxes(title_text="points")
    return figure.update_xaxes(title_text=label)


def pairs(rows: pl.DataFrame, colours: Tokens, *, most: int = 10) -> go.Figure:
    """What pairs of features do together; columns `label`, `other`, `size` (log-odds), `share`, strongest first."""
    top = rows[:most]
    names = [f"{one} × {other}" for one, other in top.select("label", "other").iter_rows()]
    figure = blank(colours, height=ROW * top.height + 60, bargap=0.35)
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=list(range(top.height)),
            x=top["size"],
            width=0.62,
            marker_color=colours.accent,
            customdata=list(zip(names, top["share"], strict=True)),
            text=[f"{size:.3f}" for size in top["size"]],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": colours.ink},
            hovertemplate="%{customdata[0]}: %{x:.3f} log-odds, %{customdata[1]:.0%} of what the pair does"
            "<extra></extra>",
        )
    )
    named_rows(figure, colours, names, 44)
    about = {"title_text": "what the pair does beyond its two, in log-odds", "showticklabels": False, "showgrid": False}
    largest = float(top["size"].max() or 0.01)  # type: ignore[arg-type]
    return figure.update_xaxes(range=[0, 1.2 * largest], **about)
