"""Finding a lead: by id, or by a part of its name or company, with the best ranked ones to begin with.

What is typed may be a person's name, so it stays in the session; the address holds the lead that was found.
"""

from typing import Any

import streamlit as st

from app import session
from app.components import empty_state
from app.queries import data, leads, people
from app.queries import lead as reads
from core.governance.masking import MASK

MOST = 21
TEXT = "lead_search"


def search() -> str:
    """Draw the search; what is looked for and was not one lead, empty where nothing is."""
    st.text_input(
        "Lead", key=TEXT, placeholder="Id, name or company", icon=":material/person_search:", width=230, on_change=_look
    )
    return session.value(TEXT, "").strip()


def _look() -> None:
    text = session.value(TEXT, "").strip()
    known = reads.find(text) if text else None
    if known is not None:
        _open(known.ref)
    elif text:
        session.address({"id": None})


def _open(ref: str) -> None:
    session.remember(TEXT, "")
    session.address({"id": ref})


def show(text: str) -> None:
    """Offer the leads that match the text, or the best ranked ones."""
    found = leads.matching(leads.Filter("all", text=text)) if text else leads.waiting()
    if leads.board().is_empty():
        if data.totals()["events"]:
            empty_state.link(
                "No lead has been decided yet. Train a model, then decide.", page="train", action="Go to Train"
            )
        else:
            empty_state.link("No lead has been decided yet. Load events first.", page="data", action="Go to Data")
        return
    if found.is_empty():
        unknown = people.NO_ADDRESS if people.id_of(text) == MASK else f"No lead is called `{text}`."
        st.info(f"{unknown} Here are the best ranked ones.", icon=":material/person_search:")
        found, text = leads.waiting(), ""
    st.markdown("**Leads that match**" if text else "**Best ranked leads**")
    with st.grid(3, min_column_width=300, key="lead_finder"):
        for row in found.head(MOST).iter_rows(named=True):
            _card(row)


def _card(row: dict[str, Any]) -> None:
    known_as = None if row["lead"] == row["ref"] else row["ref"]
    about = " · ".join(part for part in (row["company"], known_as) if part)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f"**{row['lead']}**")
            st.caption(
                f"{about} · percentile {int(row['percentile'])}" if about else f"percentile {row['percentile']:.0f}"
            )
        st.button(
            "Open", key=f"lead_open_{row['ref']}", type="tertiary", icon=":material/arrow_forward:",
            on_click=_open, args=(row["ref"],), help=f"Open {row['lead']}",
        )  # fmt: skip
