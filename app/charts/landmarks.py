"""How well a model knows at each moment of a lead's life."""

import plotly.graph_objects as go
import polars as pl

from app.charts.base import blank
from app.theme import Tokens


def intervals(rows: pl.DataFrame, colours: Tokens) -> go.Figure:
    """AUC with its interval; columns `after` (text, in order), `auc`, `low`, `high`, `rows`, `positives`."""
    figure = blank(colours, height=260)
    figure.add_trace(
        go.Scatter(
            x=rows["after"],
            y=rows["auc"],
            mode="lines+markers+text",
            text=[f"{value:.2f}" if value is not None else "" for value in rows["auc"]],
            textposition="top center",
            textfont={"color": colours.ink, "size": 11},
            line={"color": colours.gain, "width": 2},
            marker={"color": colours.gain, "size": 8},
            error_y={
                "type": "data",
                "array": rows["high"] - rows["auc"],
                "arrayminus": rows["auc"] - rows["low"],
                "color": colours.neutral,
                "thickness": 1.2,
                "width": 4,
            },
            customdata=rows.select("rows", "positives").to_numpy(),
            hovertemplate="%{x}: %{y:.3f} (%{customdata[0]:,} rows, %{customdata[1]:,} won)<extra></extra>",
        )
    )
    figure.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="paper",
        y0=0.5,
        y1=0.5,
        line={"color": colours.neutral, "dash": "dot", "width": 1},
    )
    figure.update_yaxes(range=[0.45, 1.02], title_text="AUC", tickformat=".1f")
    return figure.update_xaxes(type="category", title_text="after the lead was created")
