"""One feature: can it be trusted, what does it tell apart, where does it come from, how is it calculated."""

import streamlit as st

from app.charts import comparison
from app.components import chart, glossary
from app.feedback import refused
from app.queries import feature_facts
from app.queries.feature_facts import TIERS, Facts
from core.features.document import Feature
from core.features.portrait import Spread
from core.kernel.errors import LeadbenchError

LANGUAGES = {"YAML": "yaml", "SQL": "sql", "Polars": "python"}


def show(set_hash: str, name: str, facts: Facts, key: str) -> None:
    """Draw the feature of that name."""
    feature = feature_facts.feature(set_hash, name)
    if feature is None:
        return
    st.subheader(feature.label, anchor=False)
    st.caption(feature.description or f"`{feature.name}`")
    _figures(facts)
    left, right = st.columns(2, gap="medium")
    with left, chart.card("How won and lost leads differ", "Its value just before each closed lead was won or lost."):
        _outcomes(set_hash, feature, key)
    with right, chart.card("Where it comes from and who reads it", glossary.term("behaviour_hash")):
        st.mermaid_chart(feature_facts.lineage(set_hash, name), alt=f"Lineage of {feature.label}.")
    _code(feature, key)


def _figures(facts: Facts) -> None:
    boxes = [box.container(border=True, height="stretch") for box in st.columns(4)]
    missing = "–" if facts.missing is None else f"{facts.missing:.0%}"
    boxes[0].metric("Missing", missing, help="Among the leads that were active last.")
    limit, about = facts.max_age and f"max {facts.max_age}", f"Its value may be as old as: {TIERS[facts.tier]}."
    boxes[1].metric("Freshness", facts.tier, delta=limit, delta_color="off", delta_arrow="off", help=about)
    stale, about = "stale" if facts.stale else None, "Before the newest delivery of any source."
    boxes[2].metric("Newest delivery", facts.age or "–", delta=stale, delta_color="inverse", help=about)
    users = ", ".join(facts.used_by) or None
    boxes[3].metric("Used by", str(len(facts.used_by)), delta=users, delta_color="off", delta_arrow="off")


def _outcomes(set_hash: str, feature: Feature, key: str) -> None:
    try:
        spread(feature_facts.spread(set_hash, feature.name), feature.label, f"{key}_spread_{feature.name}")
    except LeadbenchError as refusal:
        refused(refusal)


def spread(found: Spread | None, label: str, key: str) -> None:
    """Draw how a feature's values differ between outcomes."""
    if found is None:
        st.caption("No lead has an outcome with a time yet.")
        return
    words = " and ".join(f"{count:,} {outcome}" for outcome, count in found.leads.items())
    figure = comparison.by_group(found.shares, chart.colours(), label=label)
    chart.show(figure, key, alt=f"{label} by outcome.", words=f"{words}; each as of the moment before it closed.")


def _code(feature: Feature, key: str) -> None:
    try:
        written = feature_facts.code(feature)
    except LeadbenchError as refusal:
        refused(refusal)
        return
    tabs = st.tabs(list(written), key=f"{key}_code")
    for tab, (name, text) in zip(tabs, written.items(), strict=True):
        tab.code(text, language=LANGUAGES[name], wrap_lines=name == "YAML")
