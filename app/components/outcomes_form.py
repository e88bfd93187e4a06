"""Outcomes from what is loaded already: from events that mean won or lost, or from a column of the leads."""

import streamlit as st

from app import commands, jobs
from app.components import import_wizard, permitted
from app.feedback import refusals
from app.queries import features as reads
from core.governance.permissions import Permission

ORIGINS = {"from_events": "Events", "column": "A column of the leads"}


def show(key: str) -> None:
    """Draw the form; a dry run counts, a load stores."""
    with st.container(border=True):
        origin = st.segmented_control(
            "Where outcomes stand", list(ORIGINS), default="from_events", required=True,
            format_func=ORIGINS.__getitem__, key=f"{key}_origin",
        )  # fmt: skip
        source = _from_events(key) if origin == "from_events" else _from_column(key)
        allowed = permitted.by(Permission.IMPORT, disabled=not _says_something(source))
        with st.container(horizontal=True):
            try_it = st.button("Dry run", key=f"{key}_dry", icon=":material/science:", **allowed)
            load = st.button("Load", key=f"{key}_load", type="primary", icon=":material/upload:", **allowed)
    if try_it or load:
        with refusals():
            name = import_wizard.LOAD if load else import_wizard.DRY_RUN
            jobs.start(name, commands.import_outcomes(source, dry_run=not load))
            st.rerun()
    import_wizard.outcome(key)


def _says_something(source: dict) -> bool:
    return bool(source.get("from_events") or source.get("won"))


def _from_events(key: str) -> dict:
    about = "A condition over the event log, such as type = 'closed_won'."
    won = st.text_input("Won where", key=f"{key}_won", placeholder="type = 'closed_won'", help=about)
    lost = st.text_input("Lost where", key=f"{key}_lost", placeholder="type = 'closed_lost'")
    return {"from_events": {name: text for name, text in (("won", won), ("lost", lost)) if text.strip()}}


def _from_column(key: str) -> dict:
    column = st.selectbox("Column", reads.attributes(), key=f"{key}_column")
    won = st.text_input("Won where", key=f"{key}_won_column", placeholder=f"{column or 'status'} = 'won'")
    lost = st.text_input("Lost where", key=f"{key}_lost_column")
    told = {"column": column, "won": won.strip(), "lost": lost.strip()}
    return {name: text for name, text in told.items() if text}
