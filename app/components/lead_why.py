"""Why a lead has its score, and what would bring it a better decision."""

from typing import Any

import polars as pl
import streamlit as st

from app.charts.points import waterfall
from app.components import badges, chart, columns, frame_table, glossary
from app.components.peek import in_words
from app.feedback import refusals, refused
from app.queries import behind
from app.queries import lead as reads
from core.decisions.record import Record
from core.kernel.errors import LeadbenchError

MOST = 5
LEAST = 0.0005


def show(record: Record, explained: dict[str, Any], key: str) -> None:
    """Draw the waterfall, the five strongest reasons each way, and what would change the decision."""
    points = reads.points(explained)
    left, right = st.columns([1.35, 1], gap="medium")
    with left, chart.card("From the base to the score, in probability points", glossary.term("points")):
        about = reads.by_family(points, record.feature_set_hash)
        figure = waterfall(about.select("label", "points"), explained["base"], chart.colours(), most=12, rest="smaller")
        words = (
            f"{in_words(explained)} Each bar sums the features of one kind of behaviour; beside are the single ones."
        )
        chart.show(figure, f"{key}_waterfall", alt=f"Waterfall from the base to the score. {words}", words=words)
        with st.expander("What each bar sums"):
            _sums(reads.with_families(points, record.feature_set_hash), f"{key}_sums")
    with right:
        _reasons("What speaks for it", points.filter(pl.col("points") >= LEAST), record, f"{key}_for")
        _reasons("What holds it back", points.filter(pl.col("points") <= -LEAST), record, f"{key}_against")
        _otherwise(record, f"{key}_otherwise")


def _sums(rows: pl.DataFrame, key: str) -> None:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config = {
        "about": text("About", width=150),
        "label": text("Feature", width=210),
        "value": text("Value", width=90),
        "points": number("Points", format="%+.2f", help=glossary.term("points"), width=64),
    }
    frame_table.show(rows, key, columns=config, height=360, alt="Every feature by what it is about.")


def _reasons(title: str, points: pl.DataFrame, record: Record, key: str) -> None:
    rows = points.head(MOST).select("label", "value", "feature", points=pl.col("points") * 100)
    with chart.card(title, "Pick a row to see the events that it counts, or the attribute."):
        if rows.is_empty():
            st.caption("Nothing.")
            return
        text = st.column_config.TextColumn
        number = st.column_config.NumberColumn("Points", format="%+.1f", help=glossary.term("points"), width=64)
        config = {"label": text("Feature", width=262), "value": text("Value", width=64), "points": number}
        alt = f"{title}: feature, value, points. A picked row opens what it was made of."
        picked = frame_table.pick(rows, key, columns=config, order=list(config), start=None, alt=alt)
        if picked is not None:
            with refusals():
                _behind(record, rows["feature"][picked], f"{key}_rows")


def _behind(record: Record, feature: str, key: str) -> None:
    """Draw the events, or the attribute, that a feature of the decision reads."""
    found = behind.behind(record, feature)
    st.caption(found.words)
    config = {
        "at": columns.moment("Happened"), "label": "Event", "source": "Source", "details": "Details",
        "attribute": "Attribute", "value": "Value", "known_from": columns.moment("Known from"),
    }  # fmt: skip
    order = [name for name in config if name in found.rows.columns]
    height = frame_table.fitting(min(found.rows.height, MOST))
    frame_table.show(found.rows, key, columns=config, order=order, height=height, alt="What the feature reads.")


def _otherwise(record: Record, key: str) -> None:
    with chart.card("What would change the decision"):
        if not st.button("Look for the smallest change", key=f"{key}_find", icon=":material/trending_up:"):
            st.caption("Asks the policy what could bring a better decision, then tries what somebody could do.")
            return
        try:
            found = reads.otherwise(record.decision_id)
        except LeadbenchError as refusal:
            refused(refusal)
            return
        badges.show(badges.evidence("proved" if found.proved else "simulated"))
        st.markdown(found.words)
        if found.changes.height:
            config = {"option": "Option", "feature": "Feature", "before": "Now", "after": "Then"}
            frame_table.show(found.changes, key, columns=config, alt="What would change, by option.")
