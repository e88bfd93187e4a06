"""Trying other values on a lead: what the model would score and the policy decide; nothing is stored."""

from typing import Any

import polars as pl
import streamlit as st

from app.charts.points import waterfall
from app.components import badges, chart, frame_table, glossary
from app.feedback import refused
from app.queries import lead as reads
from app.queries import versions, what_if
from core.decisions.record import Record
from core.kernel.errors import LeadbenchError

MOST = 8
OUTCOMES = ("disposition", "band", "priority", "pool", "sla_min", "action")


def show(record: Record, explained: dict[str, Any], key: str) -> None:
    """Draw a field for each feature picked, then score and decision as they are and as they would be."""
    with chart.card("What if", "Other values under the same model and policy; viewing changes nothing."):
        editable = what_if.editable(record.decision_id)
        picked = st.multiselect(
            "Features to change", list(editable), key=f"{key}_{record.decision_id}_picked", max_selections=MOST,
            format_func=lambda name: editable[name].label, placeholder="Pick features to change",
        )  # fmt: skip
        if not picked:
            st.caption("Pick a feature, give it another value, and see the score and the decision that would follow.")
            return
        with st.grid(4, min_column_width=220, key=f"{key}_fields"):
            changes = {name: _field(editable[name], f"{key}_{record.decision_id}_{name}") for name in picked}
        try:
            found = what_if.tried(record.decision_id, changes)
        except LeadbenchError as refusal:
            refused(refusal)
            return
        _compared(record, explained, found, key)


def _field(one: what_if.Editable, key: str) -> Any:
    """A field for the feature's type with its present value."""
    if one.dtype == "boolean":
        return st.toggle(one.label, value=bool(one.value), key=key)
    if one.dtype == "category":
        words = list(dict.fromkeys([*([one.value] if one.value else []), *one.levels]))
        return st.selectbox(one.label, words, key=key, accept_new_options=True)
    if one.dtype == "count":
        return st.number_input(one.label, value=int(one.value or 0), min_value=0, step=1, key=key)
    return st.number_input(one.label, value=None if one.value is None else float(one.value), key=key)


def _compared(record: Record, explained: dict[str, Any], found: what_if.Tried, key: str) -> None:
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        figure = waterfall(found.points, found.base, chart.colours(), most=8)
        words = f"In words: the score would be {found.score:.4f} instead of {record.score:.4f}."
        chart.show(figure, f"{key}_then", alt=f"Waterfall with the other values. {words}", words=words)
    with right:
        moved = 100 * (found.score - record.score)
        st.metric("Score then", f"{found.score:.4f}", f"{moved:+.1f} points", help=glossary.term("score"))
        rows = [
            (versions.output_name(one).capitalize(), reads.shown(getattr(record, one)), reads.shown(found.outcome[one]))
            for one in OUTCOMES
        ]
        frame = pl.DataFrame(rows, schema=["what", "now", "then"], orient="row")
        config = {"what": "Decision", "now": "Now", "then": "Then"}
        frame_table.show(frame, f"{key}_decision", columns=config, alt="The decision now and with the other values.")
        badges.show(badges.evidence("simulated"))
