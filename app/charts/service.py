"""How the server runs: durations by stage, and the way of one decision in time."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank, named_rows
from app.theme import Tokens

ROW = 30


def stages(rows: pl.DataFrame, colours: Tokens) -> go.Figure:
    """Each stage from its median to its 99th percentile; columns `stage`, `p50`, `p95`, `p99` in milliseconds."""
    places = list(range(rows.height))
    figure = blank(colours, height=ROW * rows.height + 70, showlegend=True)
    for place, (low, high) in enumerate(rows.select("p50", "p99").iter_rows()):
        line = {"color": colours.flow, "width": 7}
        figure.add_shape(type="line", x0=low, x1=high, y0=place, y1=place, line=line, layer="below")
    for name, paint in (("p50", colours.gain), ("p95", colours.accent), ("p99", colours.loss)):
        figure.add_trace(
            go.Scatter(
                x=rows[name].to_list(),
                y=places,
                name=name,
                mode="markers",
                marker={"color": paint, "size": 10},
                customdata=rows["stage"].to_list(),
                hovertemplate=f"%{{customdata}} {name}: %{{x:,.2f}} ms<extra></extra>",
            )
        )
    named_rows(figure, colours, rows["stage"].to_list())
    ticks = {
        "tickvals": [0.1, 1, 10, 100, 1_000, 10_000],
        "ticktext": ["0.1 ms", "1 ms", "10 ms", "0.1 s", "1 s", "10 s"],
    }
    return figure.update_xaxes(type="log", showgrid=True, **ticks)


def waterfall(spans: pl.DataFrame, colours: Tokens) -> go.Figure:
    """One trace: a bar a span from its start on; columns `name`, `start_ms`, `ms`, `failed`, in order."""
    figure = blank(colours, height=ROW * spans.height + 60, bargap=0.35)
    paints = [colours.loss if failed else colours.gain for failed in spans["failed"]]
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=list(range(spans.height)),
            base=spans["start_ms"].to_list(),
            x=spans["ms"].to_list(),
            customdata=spans["name"].to_list(),
            marker_color=paints,
            text=[duration(ms) for ms in spans["ms"]],
            textposition="outside",
            textfont={"color": colours.ink},
            cliponaxis=False,
            hovertemplate="%{customdata}: from %{base:,.1f} ms, %{text}<extra></extra>",
        )
    )
    end = max((spans["start_ms"] + spans["ms"]).to_list(), default=1.0)
    named_rows(figure, colours, spans["name"].to_list())
    return figure.update_xaxes(title_text="milliseconds since the request", showgrid=True, range=[0, 1.14 * end or 1.0])


def duration(ms: float) -> str:
    """A duration as people read it: `0.4 ms`, `12 ms`, `1.3 s`."""
    if ms >= 1_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
