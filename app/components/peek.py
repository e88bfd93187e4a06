"""The panel beside a list: one lead's rank, why it is there, and which rule put it there."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import navigation, session
from app.charts.points import waterfall
from app.components import badges, chart, glossary, lead_feedback, override_form
from app.feedback import refused
from app.queries import lead as reads
from app.queries import overrides, versions
from core.kernel.errors import LeadbenchError

LEAST_POINTS = 0.005


def show(row: Mapping[str, Any], key: str) -> None:
    """Draw the panel of one row of the board."""
    with st.container(border=True, key=f"{key}_panel", gap="small"):
        _who(row)
        _rank(row, key)
        try:
            explained = reads.explanation(row["decision_id"])
        except LeadbenchError as refusal:
            refused(refusal)
            return
        if row["by_hand"]:
            override_form.words(overrides.standing(overrides.of_lead(row["lead_id"])), f"{key}_words", ends=True)
        st.markdown(in_words(explained))
        _rule(row)
        _why(explained, row["feature_set_hash"], key)
        lead_feedback.show(row["lead_id"], row["ref"], f"{key}_feedback")
        st.page_link(
            navigation.script("lead"),
            label="Open Lead 360",
            icon=":material/open_in_new:",
            query_params={"id": row["ref"]},
        )


def drawer(row: Mapping[str, Any], key: str, *, among: int) -> None:
    """Open the panel as a drawer once for a row that is newly picked, unless it is one among several that are."""
    if among < 2 and session.value(f"{key}_opened", row["lead_id"]) != row["lead_id"]:
        st.dialog("Why this lead", position="right", width="medium")(show)(row, key)
    session.remember(f"{key}_opened", row["lead_id"])


def _who(row: Mapping[str, Any]) -> None:
    bands = versions.bands(row["policy_hash"])
    known_as = None if row["lead"] == row["ref"] else row["ref"]
    about = " · ".join(part for part in (row["company"], row["region"], known_as) if part)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f"**{row['lead']}**")
            if about:
                st.caption(about)
        with st.container(width="content"):
            badges.show(badges.band(row["band"], bands.label(row["band"]), bands.position(row["band"])))


def _rank(row: Mapping[str, Any], key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(key=f"big_score_{key}", width="content"):
            st.markdown(f"{int(row['percentile'])}")
        st.markdown(":gray[/ 100]", width="content", help=glossary.term("percentile"))
        st.space("stretch")
        st.markdown(_change(row["change"]), width="content")
    parts = (("fit", row["fit_grade"]), ("engagement", row["engagement_grade"]))
    grades = "".join(f" · {name} **{grade}**" for name, grade in parts if grade)
    st.caption(f"Score **{row['score']:.4f}**{grades}", help=glossary.term("score"))


def _change(change: int | None) -> str:
    if change is None:
        return ":gray[first decision]"
    colour, icon = ("green", "trending_up") if change > 0 else ("red", "trending_down")
    return f":{colour}[:material/{icon}: **{change:+d}**]" if change else ":gray[unchanged]"


def _why(explained: dict[str, Any], feature_set_hash: str, key: str) -> None:
    about = reads.by_family(reads.points(explained), feature_set_hash)
    figure = waterfall(about.select("label", "points"), explained["base"], chart.colours(), most=7, rest="smaller")
    chart.show(figure, f"{key}_waterfall", alt=f"Waterfall from the base to the score. {in_words(explained)}")


def in_words(explained: dict[str, Any]) -> str:
    """The two strongest gains and the strongest loss, in a sentence."""
    gains = [_named(one) for one in explained["points"] if one["points"] > LEAST_POINTS][:2]
    losses = [_named(one) for one in explained["points"] if one["points"] < -LEAST_POINTS][:1]
    if not gains and not losses:
        return "Nothing about this lead moves its score far from the base."
    raising = f"{' and '.join(gains)} {'raise' if len(gains) > 1 else 'raises'} it most" if gains else ""
    return "; ".join([*([raising] if gains else []), *(f"{one} holds it back" for one in losses)]) + "."


def _named(point: Mapping[str, Any]) -> str:
    return f"**{point['label']}** ({reads.shown(point['value'])})"


def _rule(row: Mapping[str, Any]) -> None:
    told = (f"`{rule}`" + (f" {code.replace('_', ' ')}" if code else "") for rule, code in reads.fired(row["reasons"]))
    fired = " ".join(told)
    pool = f"**{row['policy_pool']}**" if row["policy_pool"] else "**no pool**"
    pool += f", {row['policy_assignee']}" if row["policy_assignee"] else ""
    due = f" · {row['sla_min']} min" if row["sla_min"] else ""
    st.markdown(f":material/alt_route: {pool}{due} · {fired or 'no rule'}")
    names = f"policy {versions.policy_name(row['policy_hash'])} · {versions.model_name(row['model_hash'])}"
    st.markdown(f":small[:gray[{names}]] {badges.trial(row['arm'])}")
