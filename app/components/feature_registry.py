"""The registered feature sets, and the features of one of them."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from app.components import chart, empty_state, feature_detail, frame_table, glossary
from app.queries import feature_facts
from app.queries import features as reads
from app.queries.feature_facts import TIERS, Facts

DRIFT = ("Drift", "Stable", "Not enough data")


def choice(listed: pl.DataFrame) -> str | None:
    """Draw the choice of a set; its hash, None where there is none."""
    if listed.is_empty():
        return None
    names = {row["set_hash"]: _called(row) for row in listed.iter_rows(named=True)}
    return st.selectbox(
        "Feature set", list(names), format_func=names.__getitem__, key="set", bind="query-params",
        help=glossary.term("behaviour_hash"),
    )  # fmt: skip


def _called(row: dict[str, Any]) -> str:
    used = f"used by model {row['models']}" if row["models"][:1].isdigit() else "used by no model yet"
    return f"{row['name']} · {row['features']} features · {row['set_hash'][7:19]} · {used}"


def show(set_hash: str | None, key: str) -> None:
    """Draw the features of a set with their freshness, gaps and users; the picked one opens below."""
    if set_hash is None:
        empty_state.show("No feature set is registered yet. Build one, or train: `auto` derives a first set.")
        return
    facts = feature_facts.facts(set_hash)
    rows = _filtered(set_hash, facts, key)
    place = frame_table.pick(
        rows, key, columns=_columns(), order=list(_columns()), alt="The features of the set.", height=400
    )
    st.caption(f"{rows.height} features shown. Missing: of the leads active last.")
    if place is not None:
        name = rows["name"][place]
        feature_detail.show(set_hash, name, facts[name], f"{key}_detail")


def _filtered(set_hash: str, facts: Mapping[str, Facts], key: str) -> pl.DataFrame:
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input("Search", key=f"{key}_search", live=True, type="search", placeholder="Search features",
                             label_visibility="collapsed", width=280)  # fmt: skip
        role = st.pills("Role", ["fit", "engagement"], selection_mode="multi", key="role", bind="query-params",
                        label_visibility="collapsed")  # fmt: skip
        fresh = st.pills("Freshness", list(TIERS), selection_mode="multi", key="tier", bind="query-params",
                         label_visibility="collapsed", help="How old a value may be.")  # fmt: skip
    rows = reads.search(set_hash, text, tuple(role))
    told = [facts[name] for name in rows["name"]]
    rows = rows.with_columns(
        pl.Series("tier", [[one.tier, "stale"] if one.stale else [one.tier] for one in told], dtype=pl.List(pl.String)),
        pl.Series("age", [one.age for one in told], dtype=pl.String),
        pl.Series("missing", [one.missing for one in told], dtype=pl.Float64),
        pl.Series("drift", [[one.drift] if one.drift else [] for one in told], dtype=pl.List(pl.String)),
        pl.Series("used_by", [", ".join(one.used_by) or None for one in told], dtype=pl.String),
    )
    return rows.filter(pl.col("tier").list.first().is_in(fresh)) if fresh else rows


def _columns() -> dict[str, Any]:
    column, colours = st.column_config, chart.colours()
    fresh = [f"{paint}33" for paint in (colours.gain, colours.accent, colours.neutral, colours.loss)]
    verdicts = [f"{paint}44" for paint in (colours.loss, colours.gain, colours.neutral)]
    return {
        "label": column.TextColumn("Feature", width=280),
        "role": column.TextColumn("Role", help=glossary.term("fit"), width=96),
        "calculation": column.TextColumn("Calculation", width=120),
        "window": column.TextColumn("Window", width=72),
        "tier": column.MultiselectColumn("Freshness", options=[*TIERS, "stale"], color=fresh, width=110),
        "age": column.TextColumn("Delivered", help="Before the newest delivery of any source.", width=84),
        "missing": column.ProgressColumn("Missing", format="percent", min_value=0, max_value=1, width=110),
        "drift": column.MultiselectColumn(
            "Drift", options=list(DRIFT), color=verdicts, help=glossary.term("drift"), width=90
        ),
        "used_by": column.TextColumn("Used by", width=150),
        "reads": column.TextColumn("Reads", width="medium"),
        "dtype": column.TextColumn("Type", width="small"),
        "name": "Name",
        "hash": column.TextColumn("Hash", help=glossary.term("behaviour_hash")),
    }


def download(set_hash: str) -> None:
    """Draw the button that takes the set away as YAML."""
    st.download_button(
        "YAML",
        data=lambda: reads.document(set_hash),
        file_name="features.yaml",
        key="features_yaml",
        icon=":material/download:",
        on_click="ignore",
    )
