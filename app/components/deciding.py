"""Deciding the leads anew on what the store holds now: after a file was loaded, or another model was released."""

import streamlit as st

from app import jobs, navigation, work_commands
from app.components import permitted
from app.feedback import refusals
from app.queries import models
from core.governance.permissions import Permission

DECIDE = "Decide the open leads"


def show(key: str) -> None:
    """Draw the button that decides every open lead, and how far that is; nothing where no model is there to score."""
    if models.leaderboard().is_empty():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            DECIDE,
            key=f"{key}_decide",
            icon=":material/rule:",
            **permitted.by(Permission.SCORE, help="By the model and the policy in force."),
        ):
            with refusals():
                jobs.start(DECIDE, work_commands.score())
                st.rerun()
        job = jobs.current(DECIDE)
        if job is not None and job.result is not None and st.button("Open Leads", key=f"{key}_leads", type="tertiary"):
            st.switch_page(navigation.script("leads"))
    if job is not None:
        jobs.show(job, f"{key}_decide_job")
        if job.result is not None:
            told = job.result["decisions"]
            st.caption(f"{told['count']:,} open leads, {told['added']:,} of them decided anew.")
