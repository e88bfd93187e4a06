"""A model that waits for a second person: the button that trusts it, and its figures on leads it had not seen."""

import streamlit as st

from app import navigation, release_commands
from app.components import chart, glossary, model_figures, model_tables, permitted
from app.feedback import done, refusals
from app.queries import models
from core.governance.permissions import Permission
from core.models.store import ModelVersion


def show(name: str, key: str) -> None:
    """Draw who trained the model, the approval, and the evidence."""
    version = models.version(name)
    _approval(version, key)
    model_figures.figures(version, f"{key}_figures")
    first, second = st.columns(2, gap="small")
    with first:
        model_figures.calibration(version, key)
    with second:
        model_figures.lift(version, key)
    model_tables.suspects(version, key)


def _approval(version: ModelVersion, key: str) -> None:
    with chart.card(f"Model {version.version}", glossary.term("trial")):
        st.markdown(f"Trained by **{version.actor}** · `{version.model_hash[7:19]}`")
        st.caption("Until a second person approves it, decisions are a trial.")
        comment = st.text_input("Comment", key=f"{key}_comment", placeholder="What was looked at")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Approve model",
                key=f"{key}_approve",
                icon=":material/verified_user:",
                type="primary",
                shortcut="A",
                **permitted.by(Permission.APPROVE),
            ):
                _approve(version, comment.strip())
            st.page_link(
                navigation.script("train"), label="All its figures", icon=":material/arrow_forward:",
                query_params={"run": version.version},
            )  # fmt: skip


def _approve(version: ModelVersion, comment: str) -> None:
    with refusals():
        release_commands.approve_model(version.version, version.model_hash, comment)
        done(f"Model {version.version} is approved: what it decides from now on is live.")
        st.rerun()
