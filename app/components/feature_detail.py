"""One feature: can it be trusted, what does it tell apart, where does it come from, how is it calculated."""

import polars as pl
import streamlit as st

from app.charts import comparison
from app.components import chart, frame_table, glossary, lineage_file
from app.feedback import refused
from app.queries import feature_facts, people
from app.queries.feature_facts import TIERS, Facts
from core.features.document import Feature
from core.features.hindsight import VERDICTS as SAYS
from core.features.hindsight import Hindsight
from core.features.portrait import Spread
from core.kernel.errors import LeadbenchError

VERDICTS = {
    "stable": ("green", "check_circle"),
    "late_data": ("blue", "schedule"),
    "suspected_leak": ("red", "warning"),
    "undated": ("gray", "help"),
    "not_enough_data": ("gray", "help"),
}
CAUSES = {
    "late": "by events delivered late",
    "backdated": "by events written into the past",
    "corrected": "by corrections",
    "merged": "by merged leads",
    "attribute": "by values filled in later",
    "others": "by who is in the account",
}
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
    with left, chart.card("What its values tell, and whether they may be trusted"):
        _values(set_hash, feature, key)
    with right, chart.card("Where it comes from and who reads it", glossary.term("behaviour_hash")):
        st.mermaid_chart(feature_facts.lineage(set_hash, name), alt=f"Lineage of {feature.label}.")
        lineage_file.show(key)
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


def _values(set_hash: str, feature: Feature, key: str) -> None:
    tabs = st.tabs(["By outcome", "Over time", "Leak check"], key=f"{key}_values", on_change="rerun")
    parts = (_outcomes, _course, _check)
    for tab, part in zip(tabs, parts, strict=True):
        if tab.open:
            with tab:
                try:
                    part(set_hash, feature, key)
                except LeadbenchError as refusal:
                    refused(refusal)


def _outcomes(set_hash: str, feature: Feature, key: str) -> None:
    spread(feature_facts.spread(set_hash, feature.name), feature.label, f"{key}_spread_{feature.name}")


def _course(set_hash: str, feature: Feature, key: str) -> None:
    found = feature_facts.course(set_hash, feature.name)
    if found is not None:
        words = f"A sample of the leads there at each moment, as known then; {found.moments['leads'][-1]} at the last."
        figure = comparison.over_time(found.shares, chart.colours())
        chart.show(figure, f"{key}_course_{feature.name}", alt=f"{feature.label} over time.", words=words)


def _check(set_hash: str, feature: Feature, key: str) -> None:
    found = feature_facts.check(set_hash, feature.name)
    if found is None:
        return
    colour, icon = VERDICTS[found.verdict]
    st.markdown(
        f":{colour}-badge[:material/{icon}: {found.verdict.replace('_', ' ').capitalize()}] {SAYS[found.verdict]}",
        help=glossary.term("leak"),
    )
    causes = " · ".join(f"{count} {CAUSES[cause]}" for cause, count in found.causes.items())
    st.caption(f"{found.changed:,} of {found.rows:,} values differ in hindsight{f': {causes}' if causes else '.'}")
    if found.examples:
        frame_table.show(_examples(found), f"{key}_check_{feature.name}", height=180, alt="Values that differ.")


def _examples(found: Hindsight) -> pl.DataFrame:
    refs = dict(people.refs([one.lead_id for one in found.examples]).iter_rows())
    return pl.DataFrame(
        [
            {"lead": refs[one.lead_id], "as of": one.as_of, "outcome": one.outcome, "then": str(one.before),
             "now": str(one.after), "because": ", ".join(one.causes) or "who is in the account", "learnt": one.known_at}
            for one in found.examples
        ]
    )  # fmt: skip


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
