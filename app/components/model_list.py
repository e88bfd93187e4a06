"""The leaderboard of models, the one that is looked at, and a comparison."""

import polars as pl
import streamlit as st

from app import session
from app.components import chart, columns, export_menu, frame_table, glossary, linked
from app.queries import models
from core.models.store import ModelVersion

PARAMETER = "run"


def is_known(rows: pl.DataFrame, key: str) -> bool:
    """Whether the address names a model that is there, or none; another one is refused with the way to the newest."""
    return linked.is_known(PARAMETER, rows["version"].to_list(), "model of this store", "Open the newest model", key)


def choose(rows: pl.DataFrame, key: str) -> ModelVersion:
    """Draw the leaderboard; the model that is picked, which the address names."""
    asked = session.parameter(PARAMETER)
    known = rows["version"].to_list()
    with chart.card("Models, newest first", "Figures are on leads that the model had not seen."):
        picked = frame_table.pick(
            rows,
            f"{key}_rows",
            columns=_columns(),
            order=list(_columns()),
            start=known.index(asked) if asked in known else 0,
            alt="Models with their figures.",
            height=frame_table.fitting(min(rows.height, 6)),
        )
        export_menu.show(rows, "models", f"{key}_export", about={"List": "Models", "Figures": "on unseen leads"})
    version = known[picked or 0]
    session.address({PARAMETER: version})
    return models.version(version)


def _columns() -> dict[str, object]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "model": text("Model", width=66),
        "alias": text("Alias", help=glossary.term("champion"), width=78),
        "approved": text("Trust", help=glossary.term("trial"), width=62),
        "auc": number("AUC", format="%.3f", help=glossary.term("auc"), width=54),
        "interval": text("95 %", width=92),
        "lift_at_10": number("Lift", format="%.1f×", help=glossary.term("lift"), width=48),
        "brier": number("Brier", format="%.4f", help=glossary.term("brier"), width=60),
        "ece": number("Gap", format="percent", help=glossary.term("ece"), width=56),
        "trees": number("Trees", width=52),
        "registered_at": columns.moment("Trained"),
        "actor": text("By", width=60),
    }


def compare(rows: pl.DataFrame, key: str) -> list[ModelVersion]:
    """Draw the choice of models to compare with their figures; the models."""
    with chart.card("Compare"):
        known = rows["version"].to_list()
        chosen = st.multiselect(
            "Models",
            known,
            known[:2],
            format_func=lambda one: f"model {one}",
            max_selections=4,
            key="compare",
            bind="query-params",
            label_visibility="collapsed",
        )
        table = models.compared(chosen)
        config = {name: st.column_config.NumberColumn(name, format="%.4f") for name in table.columns[1:]}
        frame_table.show(table, f"{key}_figures", columns={"figure": "Figure", **config}, alt="Figures side by side.")
    return [models.version(one) for one in chosen]
