"""What stands beside a model's figures as tables: simpler methods, suspected leaks, segments, the scorecard."""

import streamlit as st

from app.components import chart, frame_table, glossary, rows_behind
from app.queries import judged, models, segments, versions
from core.models.store import ModelVersion


def against(version: ModelVersion, key: str) -> None:
    """Draw the baselines, and the figures that look better than they are."""
    told = version.metrics
    with chart.card("Against simpler methods", glossary.term("baseline")):
        config = {
            "method": "Method",
            "auc": st.column_config.NumberColumn("AUC", format="%.3f", help=glossary.term("auc")),
            "brier": st.column_config.NumberColumn("Brier", format="%.4f", help=glossary.term("brier")),
            "ahead": st.column_config.TextColumn(
                "Model ahead by", help="AUC of this model minus the method's on the same rows; 95 % by lead."
            ),
            "verdict": st.column_config.TextColumn("Verdict", help="Credible where the interval leaves zero out."),
            "note": st.column_config.TextColumn("What it is", width="medium"),
        }
        frame_table.show(models.against(version), f"{key}_against", columns=config, alt="The model and its baselines.")
        if told.get("auc_random_split") is not None and models.is_timed(told):
            st.warning(
                f"A random split would claim AUC {told['auc_random_split']:.3f}: it mixes past and future.",
                icon=":material/shuffle:",
            )
        elif not models.is_timed(told):
            st.warning(
                "These leads carry no usable time, so the split is not by time: no forecast.", icon=":material/shuffle:"
            )


def suspects(version: ModelVersion, key: str) -> None:
    """Draw what was left out because it carries the outcome."""
    rows, told = models.suspects(version), version.metrics
    with chart.card("Suspected leaks", glossary.term("suspected_leak")):
        if rows.is_empty():
            st.markdown(":green[:material/check_circle:] Nothing separates winners too well to be believed.")
            return
        if told.get("auc_with_suspects") is not None:
            st.warning(
                f"With them AUC would be {told['auc_with_suspects']:.3f}: not believable, so they are left out.",
                icon=":material/water_drop:",
            )
        config = {
            "name": st.column_config.TextColumn("Name", width=190),
            "auc_alone": st.column_config.NumberColumn("AUC alone", format="%.3f", width=74),
            "evidence": st.column_config.TextColumn("Evidence", width="large"),
            "accepted": st.column_config.CheckboxColumn("Accepted", width=76),
        }
        frame_table.show(rows, f"{key}_suspects", columns=config, order=list(config), alt="What was left out, and why.")
        with st.expander("The evidence in whole"):
            for name, evidence in rows.select("name", "evidence").iter_rows():
                st.caption(f"`{name}` {evidence}")


def by_value(version: ModelVersion, key: str) -> None:
    """Draw the figures on unseen leads by the values of one attribute; the leads of the one that is picked."""
    rows = segments.values(version)
    if rows.is_empty():
        return
    attribute = versions.named(str(version.metrics["segment"]))
    with chart.card(f"How well it knows, by {attribute}", "On the leads that the model had not seen; 95 % by lead."):
        number = st.column_config.NumberColumn
        config = {
            "value": st.column_config.TextColumn(attribute[:1].upper() + attribute[1:]),
            "rows": number("Unseen rows", format="localized"),
            "positives": number("Won", format="localized"),
            "rate": number("Won share", format="percent"),
            "auc": number("AUC", format="%.3f", help=glossary.term("auc")),
            "between": st.column_config.TextColumn("AUC, 95 %"),
        }
        alt = f"Figures by {attribute}. A picked row opens its leads."
        picked = frame_table.pick(rows, f"{key}_values", columns=config, order=list(config), start=None, alt=alt)
        if picked is not None:
            value = rows["segment"][picked]
            rows_behind.of_model(
                judged.of_segment(version, value), f"Leads of {rows['value'][picked]}", f"{key}_values", version
            )


def by_segment(version: ModelVersion, key: str) -> None:
    """Draw which levels of the segment have trees of their own, why others have not, and what each reaches."""
    rows = segments.levels(version)
    if rows.is_empty():
        return
    told = "Levels with trees of their own, and those that all leads' trees score; gain in log loss a row."
    with chart.card(f"Segments by {segments.by(version)}", told):
        config = {
            "level": "Level",
            "scored_by": "Scored by",
            "why": st.column_config.TextColumn("Why", width="medium"),
            "rows": st.column_config.NumberColumn("Training rows", format="localized", width="small"),
            "won": st.column_config.NumberColumn("Won", format="localized", width="small"),
            "lost": st.column_config.NumberColumn("Lost", format="localized", width="small"),
            "gain": st.column_config.TextColumn("Gain, 95 %", width="medium"),
            "unseen": st.column_config.NumberColumn("Unseen rows", format="localized", width="small"),
            "auc": st.column_config.NumberColumn("AUC", format="%.3f", width="small"),
            "auc_all": st.column_config.NumberColumn("AUC, all leads' trees", format="%.3f", width="small"),
        }
        alt = "Segments and their figures. A picked row opens the leads of it that the model had not seen."
        picked = frame_table.pick(rows, f"{key}_levels", columns=config, order=list(config), start=None, alt=alt)
        if picked is not None:
            level = segments.level(version, picked)
            rows_behind.of_model(
                judged.of_level(version, level), f"Leads of {rows['level'][picked]}", f"{key}_levels", version
            )


def scorecard(version: ModelVersion, key: str) -> None:
    """Draw the readable scorecard that the model is measured against."""
    rows = models.table(version, "scorecard")
    if rows.is_empty():
        return
    with chart.card("Scorecard, the baseline that can be read aloud", glossary.term("baseline")):
        config = {
            "label": st.column_config.TextColumn("Feature", width="large"),
            "bin": "Value",
            "points": st.column_config.NumberColumn("Points", format="%+d", width="small"),
            "share": st.column_config.NumberColumn("Leads", format="percent", width="small"),
            "rate": st.column_config.NumberColumn("Won", format="percent", width="small"),
        }
        frame_table.show(rows, f"{key}_card", columns=config, order=list(config), height=320, alt="Points by value.")
