"""What drives scores overall: importance, every lead's points, one feature, two groups of leads."""

from typing import Any

import polars as pl
import streamlit as st

from app import navigation
from app.charts import importance
from app.components import chart, columns, empty_state, export_menu, frame_table, glossary, lead_why, linked, what_if
from app.feedback import refusals, refused
from app.queries import explain, lead, leads, people, versions
from app.queries.explain import Stored
from core.kernel.errors import LeadbenchError

MOST_PAIRED, MOST_PICKED = 6, 100
GROUPS = {"region": "Region", "segment": "Segment", "band": "Band", "pool": "Pool"}


def is_known(hashes: list[str]) -> bool:
    """Whether the address names a model that decided, or none; another one is refused with the way on."""
    return linked.is_known(
        "run", _by_version(hashes), "model that decided leads", "Open the model that decides", "explain_run"
    )


def _by_version(hashes: list[str]) -> dict[str, str]:
    return {versions.model_name(one).removeprefix("model "): one for one in hashes}


def run(hashes: list[str]) -> str:
    """Draw the choice of a model; its hash."""
    by_version = _by_version(hashes)
    names = {version: versions.model_name(one) for version, one in by_version.items()}
    return by_version[linked.select("Model", names, "run", "explain_run", label_visibility="collapsed", width=160)]


def overall(found: Stored, key: str) -> None:
    """Draw importance and every lead's points side by side."""
    rows = found.importance
    left, right = st.columns(2, gap="small")
    with left, chart.card("What moves scores most", glossary.term("points")):
        first, second = rows["label"][0], rows["label"][min(1, rows.height - 1)]
        words = (
            f"In words: {first} moves a score by {100 * rows['importance'][0]:.1f} points on average, {second} by "
            f"{100 * rows['importance'][min(1, rows.height - 1)]:.1f}."
        )
        chart.show(
            importance.bars(rows, chart.colours()), f"{key}_bars", alt=f"Importance by feature. {words}", words=words
        )
    with right, chart.card("Every lead's points", glossary.term("points")):
        words = (
            "In words: each dot is a lead; dots to the right raise its score, red dots have a high value. Click one."
        )
        figure = importance.beeswarm(explain.swarm(found), chart.colours())
        clicked = chart.show(
            figure, f"{key}_swarm", alt=f"Points of leads by feature. {words}", words=words, select=True
        )
    _picked(_refs(clicked), f"{key}_swarm")
    _table(found, key)


def _refs(clicked: list[dict[str, Any]]) -> list[str]:
    return [str(point["customdata"]) for point in clicked if point.get("customdata")]


def _picked(refs: list[str], key: str) -> None:
    """Draw the leads of these refs, and the way to the one that is picked."""
    if not refs:
        return
    rows = explain.picked(refs)
    with chart.card(f"{rows.height:,} picked lead{'' if rows.height == 1 else 's'}"):
        config = {
            "lead": "Lead",
            "company": "Company",
            "percentile": columns.score("Percentile", help=glossary.term("percentile")),
            "score": st.column_config.NumberColumn("Score", format="%.4f", help=glossary.term("score")),
            "band": st.column_config.TextColumn("Band", help=glossary.term("band")),
            "pool": st.column_config.TextColumn("Pool", help=glossary.term("pool")),
        }
        chosen = frame_table.pick(rows, f"{key}_picked", columns=config, order=list(config), alt="The picked leads.")
        _open(rows["ref"][chosen or 0])


def _open(ref: str) -> None:
    st.page_link(
        navigation.script("lead"), label=f"Open Lead 360 of {ref}", icon=":material/open_in_new:",
        query_params={"id": ref},
    )  # fmt: skip


def together(found: Stored, model_hash: str, key: str) -> None:
    """Draw which of the weightiest features act together, beyond what each does alone."""
    features = tuple(found.importance["feature"].head(MOST_PAIRED))
    with chart.card("Which features act together", glossary.term("interaction")), refusals():
        told = explain.together(model_hash, features)
        if few := explain.too_few(told.leads):
            st.caption(few)
            return
        if told.pairs.is_empty():
            st.caption("The model reads one feature only.")
            return
        first = told.pairs.row(0, named=True)
        pair = f"**{first['label']}** and **{first['other']}**"
        told_share = f"{first['share']:.1%} of what the two do comes from both at once"
        hardly = "the weightiest features hardly act together, their effects add up; most of all " * (
            first["share"] < 0.01
        )
        words = (
            f"In words: {hardly}{pair} act together{'' if hardly else ' most'}: {told_share}. Friedman's H on "
            f"{told.leads} leads that the model decided, one decision each, among its {len(features)} weightiest "
            "features, in log-odds."
        )
        figure = importance.pairs(told.pairs, chart.colours())
        chart.show(figure, f"{key}_pairs", alt=f"Pairs of features. {words}", words=words)
        about = {"List": "Features that act together", "Leads": f"{told.leads}", "Unit": "log-odds"}
        export_menu.show(told.pairs, "interactions", f"{key}_export", about=about)


def _table(found: Stored, key: str) -> None:
    with chart.card("All features"):
        config = {
            "label": st.column_config.TextColumn("Feature", width=230),
            "role": st.column_config.TextColumn("Role", help=glossary.term("fit"), width=84),
            "size": st.column_config.NumberColumn("Mean points", format="%.2f", help=glossary.term("points"), width=84),
            "share": columns.share("Share of all"),
            "raises": columns.share("Raises"),
            "lowers": columns.share("Lowers"),
        }
        alt = "Every feature with its importance. A picked row opens the leads that it moves most."
        row = frame_table.pick(
            found.importance, f"{key}_table", columns=config, order=list(config), height=330, start=None, alt=alt
        )
        about = {"List": "Global importance", "Leads": f"{found.leads:,} of {found.decided:,}"}
        export_menu.show(found.importance, "importance", f"{key}_export", about=about)
    if row is not None:
        _picked(explain.most_moved(found, found.importance["feature"][row])[:MOST_PICKED], f"{key}_rows")


def stability(model_hash: str, key: str) -> None:
    """Draw how far this model's reasons agree with another model's on the same leads."""
    with chart.card("Across retrains"), refusals():
        others = explain.others(model_hash)
        if not others:
            empty_state.link(
                "No other model reads the same features; train again to see whether the reasons hold.",
                page="train", action="Go to Train",
            )  # fmt: skip
            return
        other = linked.select("Compared with", others, "with", f"{key}_with", width=200)
        found = explain.stability(model_hash, other)
        if few := explain.too_few(found.leads):
            st.caption(few)
            return
        st.markdown(f"Order of importance alike by **{found.alike:+.2f}** (1: the same) on {found.leads:,} leads.")
        config = {
            "label": st.column_config.TextColumn("Feature", width="large"),
            "share": columns.share("Share of all"),
            "share_before": columns.share(f"In {others[other]}"),
            "place": st.column_config.NumberColumn("Place"),
            "place_before": st.column_config.NumberColumn("Place there"),
        }
        alt = "Importance in two models on the same leads."
        frame_table.show(found.rows, f"{key}_table", columns=config, order=list(config), height=330, alt=alt)


def one_feature(found: Stored, key: str) -> None:
    """Draw one feature's points against its value, and the leads that are clicked."""
    names = dict(found.importance.select("feature", "label").iter_rows())
    feature = linked.select("Feature", names, "f", f"{key}_feature")
    rows = explain.dependence(found, feature)
    with chart.card(f"{names[feature]}: value and points", glossary.term("points")):
        course = explain.course(rows)
        figure = importance.dependence(
            rows if course.is_empty() else explain.dots(rows), names[feature], chart.colours(), course
        )
        words = _dependence_words(rows)
        clicked = chart.show(
            figure,
            f"{key}_dependence_{feature}",
            alt=f"Points by value of {names[feature]}. {words}",
            words=words,
            select=True,
        )
        refs = _refs(clicked)
        if course.is_empty() and rows.height:
            words_there = rows["value"].value_counts(sort=True)["value"].head(12).to_list()
            value = st.pills("Leads with", words_there, key=f"{key}_value_{feature}")
            refs = explain.of_value(rows, value)[:MOST_PICKED] if value else []
        about = {"List": f"Values and points of {names[feature]}", "Leads": f"{rows.height:,}"}
        export_menu.show(rows, "feature-points", f"{key}_one_export", about=about)
    _picked(refs, f"{key}_one")


def _dependence_words(rows: pl.DataFrame) -> str:
    low, high = explain.bent(rows)
    if low != low or high != high:
        return "In words: boxes show how many points each value brings; leads without a value are left out."
    return f"In words: lower values bring {100 * low:+.1f} points on average, higher ones {100 * high:+.1f}."


def groups(found: Stored, key: str) -> None:
    """Draw what sets two groups of leads apart."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox("Group by", list(GROUPS), format_func=GROUPS.__getitem__, key=f"{key}_by")
        values = leads.choices(column)
        if len(values) < 2:
            st.caption("The leads of this store do not differ in it.")
            return
        first = st.selectbox("This group", values, 0, key=f"{key}_first_{column}")
        second = st.selectbox("Against", values, 1, key=f"{key}_second_{column}")
    rows = explain.contrast(found, column, first, second)
    if rows.is_empty():
        empty_state.show("One of the groups has no lead that this model decided.", icon="groups")
        return
    with chart.card(f"{first} against {second}: mean points", glossary.term("points")):
        config = {
            "label": st.column_config.TextColumn("Feature", width="large"),
            "first": st.column_config.NumberColumn(first, format="%+.2f"),
            "second": st.column_config.NumberColumn(second, format="%+.2f"),
            "gap": st.column_config.NumberColumn("Gap", format="%+.2f"),
        }
        alt = "Mean points of two groups. A picked row opens their leads that the feature moves most."
        row = frame_table.pick(rows, f"{key}_groups", columns=config, order=list(config), start=None, alt=alt)
        top = rows.row(0, named=True)
        st.caption(f"In words: {top['label']} sets them apart most, by {top['gap']:+.1f} points.")
        about = {"List": f"Mean points: {first} against {second}", "Grouped by": GROUPS[column]}
        export_menu.show(rows, "groups", f"{key}_export", about=about)
    if row is not None:
        moved = explain.most_moved(found, rows["feature"][row])
        _picked(explain.of_groups(moved, column, [first, second])[:MOST_PICKED], f"{key}_rows")


def one_lead(key: str) -> None:
    """Draw one lead's waterfall, reasons and what would lift it a band."""
    ref = linked.select("Lead", leads.names(500), "lead", f"{key}_id", any_word=True)
    try:
        record = lead.record(people.id_of(ref))
        explained = lead.explanation(record.decision_id)
        lead_why.show(record, explained, key)
        what_if.show(record, explained, f"{key}_what_if")
    except LeadbenchError as refusal:
        refused(refusal)
        return
    _open(ref)
