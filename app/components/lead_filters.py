"""The one row of filters over the leads; all but the search, which may hold a name, live in the address."""

from typing import Any

import streamlit as st

from app import session
from app.components import empty_state, glossary, saved_views
from app.queries import desk, figures, funnel, leads, overrides, scope, versions
from app.queries.leads import Filter

Words = tuple[str, ...]
SEARCH = "leads_search"
REASONS = "reasons"
START = {
    "view": "all",
    "band": [],
    "pool": [],
    "region": [],
    "arm": [],
    "assignee": [],
    "segment": [],
    "feedback": [],
    "hand": [],
    SEARCH: "",
}
KEPT = ("view", "band", "pool", "region", "segment", "arm", "assignee", "feedback", "hand", REASONS)


def show() -> Filter:
    """Draw the filters; what they are set to."""
    bands = versions.bands()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = st.segmented_control(
            "View", list(leads.VIEWS), format_func=leads.VIEWS.__getitem__, default="queue", required=True, key="view",
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        text = st.text_input(
            "Search", key=SEARCH, live=True, type="search", placeholder="Search lead or company",
            label_visibility="collapsed", width=205,
        )  # fmt: skip
        band = st.pills(
            "Band", bands.order, selection_mode="multi", format_func=bands.label, key="band", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        more = _more()
        saved_views.show("leads", KEPT, "leads_views")
    return Filter(view or "queue", tuple(band), *more, **_stage(), text=text.strip())


def _stage() -> dict[str, Any]:
    """The stage that a link asks for and of which days, said beside the way out of it."""
    stage = session.parameter("stage")
    if stage not in funnel.STAGES:
        return {}
    days = scope.range_of(session.parameter("tr"))
    asked = {"stage": stage, "first": days.first if days else None, "last": days.last if days else None}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Only leads that came as far as **{Filter(**asked).stage_words()}**.")
        st.button(
            "Show all stages", key="leads_stage", type="tertiary", on_click=session.address,
            args=({"stage": None, "tr": None},),
        )  # fmt: skip
    return asked


def _more() -> tuple[Words, Words, Words, Words, Words, Words, Words]:
    used = sum(
        bool(session.value(name)) for name in ("pool", "region", "segment", "arm", "assignee", "feedback", "hand")
    )
    with st.popover(f"Filters · {used}" if used else "Filters", icon=":material/tune:"):
        pool = st.multiselect("Pool", leads.choices("pool"), key="pool", bind="query-params")
        region = st.multiselect("Region", leads.choices("region"), key="region", bind="query-params")
        arm = st.multiselect("Arm", leads.choices("arm"), key="arm", bind="query-params", help=glossary.term("arm"))
        segment = st.multiselect("Segment", leads.choices("segment"), key="segment", bind="query-params")
        who = st.multiselect(
            "Owner", leads.choices("assignee"), key="assignee", bind="query-params", help=glossary.term("assignee")
        )
        said = st.multiselect(
            "Feedback", list(desk.VERDICTS), format_func=desk.VERDICTS.__getitem__, key="feedback",
            bind="query-params", help=glossary.term("feedback"),
        )  # fmt: skip
        hand = st.multiselect(
            "By hand", list(overrides.KINDS), format_func=overrides.KINDS.__getitem__, key="hand", bind="query-params",
            help=glossary.term("by_hand"),
        )  # fmt: skip
        st.segmented_control(
            "Reasons", ["Panel", "Drawer"], default="Panel", required=True, key=REASONS, bind="query-params",
            help="The drawer leaves the whole width to the list; it opens when a lead is selected.",
        )  # fmt: skip
    return tuple(pool), tuple(region), tuple(arm), tuple(said), tuple(who), tuple(segment), tuple(hand)


def in_drawer() -> bool:
    """Whether reasons open in a drawer, for narrow screens."""
    return session.value(REASONS) == "Drawer"


def nothing_found() -> None:
    """Say that no lead matches, and offer to set every filter back."""
    told = figures.figures()
    mostly = f", mostly for {told.held_why}" if told.held_why else ""
    held = f" {told.held:,} leads are held{mostly}: see **Needs review**." if told.held else ""
    resting = leads.matching(Filter("snoozed")).height
    rest = f" {resting:,} leads rest for now: see **Snoozed**." if resting else ""
    empty_state.show(f"No lead matches these filters.{held}{rest}", icon="filter_alt_off")
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Clear filters", type="primary", key="leads_clear", on_click=_clear)


def _clear() -> None:
    session.address({"stage": None, "tr": None})
    for name, value in START.items():
        session.remember(name, value)
