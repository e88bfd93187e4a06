"""The guided tour: five steps through the pages, one strip each; the address says where it stands (`tour=1` ...)."""

from dataclasses import dataclass, field

import streamlit as st

from app import navigation, session
from app.queries import leads

PARAMETER = "tour"


@dataclass(frozen=True)
class Stop:
    """One step: the address of its page, what to look at, and the page's own parameters."""

    page: str
    title: str
    words: str
    parameters: dict[str, str] = field(default_factory=dict)


STOPS = (
    Stop(
        "",
        "Are we winning, and is anything wrong?",
        "The last days beside those before. **Needs somebody** lists what waits; **What changed** is the ledger.",
    ),
    Stop(
        "leads",
        "Who to call now, and why",
        "Leads by percentile. Select a row: the panel says what raises its score, and which rule sent it where.",
    ),
    Stop(
        "lead",
        "From an event to an action",
        "The trace of one decision: latest event, features as known then, score, rules, pool - each with its version.",
        {"tab": "Decision trace"},
    ),
    Stop(
        "policy",
        "What would happen if the rules changed?",
        "Move a threshold on the left: every lead is decided by both versions, and you see who would move where.",
        {"step": "simulate"},
    ),
    Stop(
        "approvals",
        "Who said so, and can we go back?",
        "Nobody approves their own work. **History** has the way back, **Audit** proves that the record still holds.",
    ),
)


def show(path: str) -> None:
    """Draw the strip of the step that the address names, where this is the step's page."""
    asked = session.parameter(PARAMETER)
    place = int(asked) if asked.isdecimal() else 0
    if not 1 <= place <= len(STOPS) or STOPS[place - 1].page != path:
        return
    stop = STOPS[place - 1]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="tour_strip"):
        with st.container(gap=None):
            st.markdown(f":primary[:material/explore:] **{place} of {len(STOPS)} · {stop.title}**")
            st.caption(stop.words)
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            _buttons(place)


def _buttons(place: int) -> None:
    if place > 1 and st.button("Back", key="tour_back", type="tertiary", icon=":material/arrow_back:"):
        go(place - 1)
    if st.button("End tour", key="tour_end", type="tertiary"):
        session.address({PARAMETER: None})
        st.rerun()
    if place < len(STOPS) and st.button("Next", key="tour_next", type="primary", shortcut="N"):
        go(place + 1)


def go(place: int) -> None:
    """Open the page of a step."""
    stop = STOPS[place - 1]
    parameters = {PARAMETER: str(place), **stop.parameters}
    if stop.page == "lead":
        parameters["id"] = next(iter(leads.names(1)), "")
    st.switch_page(navigation.script(stop.page), query_params=parameters)


def begin() -> None:
    """Draw the button that starts the tour."""
    if st.button("Take the tour", key="tour_begin", icon=":material/explore:", type="tertiary"):
        session.address({PARAMETER: "1"})
        st.rerun()
