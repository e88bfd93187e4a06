"""What may be done with many leads at once: route, assign, snooze, and say what they are worth."""

from collections.abc import Sequence
from functools import partial

import polars as pl
import streamlit as st

from app import work_commands
from app.components import glossary, override_form, permitted
from app.components.override_form import CONFIRM_OVER, TITLES, counted
from app.feedback import refusals
from app.queries import desk, leads
from app.queries.leads import Filter, Ranked
from core.decisions.store_overrides import Kind
from core.governance.feedback import Verdict
from core.governance.permissions import Permission

PICKED, MATCHING = "picked", "matching"
ICONS = {Kind.ROUTE: "alt_route", Kind.ASSIGN: "person_add", Kind.SNOOZE: "snooze"}
SHORTCUTS = {Kind.ROUTE: "P", Kind.ASSIGN: "A", Kind.SNOOZE: "S"}


def show(found: Ranked, picked: Sequence[str], chosen: Filter, key: str) -> None:
    """Draw the actions on the leads that are picked, or on all open ones that pass the filter."""
    names = {PICKED: f"{len(picked):,} selected", MATCHING: f"All {found.open:,} open that match"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        scope = st.segmented_control(
            "Act on", list(names), format_func=names.__getitem__, default=PICKED, required=True, key=f"{key}_scope",
            label_visibility="collapsed", help=f"More than {CONFIRM_OVER} are asked about once more.",
        )  # fmt: skip
        nobody = not (found.open if scope == MATCHING else picked)
        for kind in Kind:
            if st.button(
                TITLES[kind], key=f"{key}_{kind}", icon=f":material/{ICONS[kind]}:", shortcut=SHORTCUTS[kind],
                **permitted.by(Permission.OVERRIDE, disabled=nobody),
            ):  # fmt: skip
                override_form.dialog(_ids(scope, picked, chosen), f"{key}_form", kind)
        if st.button(
            "Feedback", key=f"{key}_feedback", icon=":material/thumbs_up_down:", shortcut="F",
            **permitted.by(Permission.NOTE, disabled=nobody),
        ):  # fmt: skip
            ids = _ids(scope, picked, chosen)
            st.dialog(f"Feedback on {counted(len(ids))}")(feedback)(ids, f"{key}_say")
        override_form.undo(key)


def _ids(scope: str | None, picked: Sequence[str], chosen: Filter) -> list[str]:
    return leads.open_ids(chosen) if scope == MATCHING else list(picked)


def feedback(lead_ids: list[str], key: str) -> None:
    """Draw what the dialog holds: what the leads are worth, and the button that says it."""
    said = st.segmented_control(
        "Feedback", list(desk.VERDICTS), format_func=desk.VERDICTS.__getitem__, key=f"{key}_verdict",
        help=glossary.term("feedback"),
    )  # fmt: skip
    is_sure = override_form.confirmed(len(lead_ids), key)
    if st.button("Say it", type="primary", key=f"{key}_do", disabled=said is None or not is_sure):
        with refusals():
            before = _said(lead_ids)
            work_commands.give_feedback_to(dict.fromkeys(lead_ids, Verdict(said)))
            words = f"{desk.VERDICTS[Verdict(said)]}: {counted(len(lead_ids))}."
            override_form.remember(words, partial(work_commands.give_feedback_to, before))


def _said(lead_ids: list[str]) -> dict[str, Verdict | None]:
    """What was said of each of the leads last."""
    rows = pl.DataFrame({"lead_id": lead_ids}).join(desk.feedback(), on="lead_id", how="left")
    return {one: Verdict(said) if said else None for one, said in rows.select("lead_id", "verdict").iter_rows()}
