"""Whether a challenger should be trained: the triggers with their evidence, and one thing to do about them."""

from typing import Any

import streamlit as st

from app import jobs, work_commands
from app.components import chart, permitted
from app.components.train_form import TRAIN
from app.feedback import refusals
from app.queries import models
from core.governance.permissions import Permission

TITLES = {"schedule": "Age", "labels": "New labels", "drift": "Drift", "calibration": "Calibration"}
NOTE = "It proposes and publishes nothing: a challenger scores in shadow until a second person releases it."


def show(key: str) -> None:
    """Draw the triggers, those that are due first, and the button that trains a challenger by the recipe."""
    with chart.card("Train a challenger?", NOTE), refusals():
        found = models.proposals()
        for one in sorted(found["triggers"], key=lambda one: not one["is_due"]):
            badge = ":orange-badge[due]" if one["is_due"] else ":gray-badge[not due]"
            st.markdown(f"{badge} **{TITLES[one['trigger']]}**")
            st.caption(one["evidence"])
        if found["challenger"] is not None:
            st.caption(f"Model {found['challenger']} was trained since: compare it before another is trained.")
            with refusals():
                st.caption(in_shadow(models.shadow()))
        if st.button(
            "Train a challenger",
            key=f"{key}_train",
            type="primary" if found["proposed"] else "secondary",
            icon=":material/model_training:",
            width="stretch",
            **permitted.by(Permission.TRAIN, disabled=not models.guard().is_met),
        ):
            jobs.start(TRAIN, work_commands.train(models.settings("recipe")))
            st.rerun()


def in_shadow(found: dict[str, Any]) -> str:
    """What the challenger would do to the leads that the champion decided, in a sentence."""
    if not found["leads"]:
        return "It has scored nobody in shadow yet: the next decisions bring that."
    ranks, crossing = found["rank_correlation"], found["crossing"]
    agrees = "" if ranks is None else f"ranks correlate by {ranks['value']:.2f}, "
    share = f"{crossing['share']:.1%} ({crossing['low']:.1%} to {crossing['high']:.1%})"
    return f"In shadow on {found['leads']:,} leads: {agrees}{share} would be in another band."
