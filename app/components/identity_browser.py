"""Which ids are one lead, since when, who said so, and separating what does not belong together."""

from typing import Any

import polars as pl
import streamlit as st

from app import commands, session
from app.components import columns, empty_state, frame_table, kpi, permitted
from app.feedback import done, refusals
from app.queries import identities as reads
from app.queries import people
from core.governance.masking import MASK
from core.governance.permissions import Permission
from core.kernel.canonical import digest


def show(key: str) -> None:
    """Draw the counts, the leads of several ids, and the history of the one that is picked or asked for."""
    counts = reads.counts()
    kpi.tiles(
        [
            kpi.Kpi("Known leads", f"{counts['known']:,}"),
            kpi.Kpi("Visitors not known yet", f"{counts['visitors']:,}"),
            kpi.Kpi("Ids merged", f"{counts['merged']:,}", note=f"{counts['unmerged']:,} taken back"),
            kpi.Kpi("Disputed", f"{counts['disputed']:,}", note="wait in quarantine"),
        ],
        f"{key}_counts",
    )
    st.text_input("Id", key=f"{key}_asked", placeholder="Id of a lead or a visitor", icon=":material/search:",
                  label_visibility="collapsed", on_change=_look, args=(f"{key}_asked",))  # fmt: skip
    asked = session.parameter("lead").strip()
    merged = reads.merged()
    picked = people.id_of(asked) if asked else _picked(merged, key)
    if not picked:
        empty_state.show("No ids were merged. An identify or alias call, or a file with merged ids, joins them.")
        return
    if picked == MASK:
        st.info(people.NO_ADDRESS, icon=":material/person_search:")
        return
    with refusals():
        _history(reads.history(picked), key)


def _look(key: str) -> None:
    """Look for what was typed; an address, which may name a person, does not get into the page's address."""
    asked = session.value(key, "").strip()
    known = people.id_of(asked) if asked else ""
    session.address({"lead": people.refs([known])["ref"][0] if known else None})


def _picked(merged: pl.DataFrame, key: str) -> str | None:
    if merged.is_empty():
        return None
    config = {
        "lead_id": "Lead",
        "ids": "Ids",
        "last_merge_at": columns.moment("Latest merge"),
        "origins": "By",
    }
    shown = reads.masked(merged)
    row = frame_table.pick(shown, f"{key}_list", columns=config, order=list(config), alt="Leads of several ids.")
    return None if row is None else merged["lead_id"][row]


def _history(found: dict[str, Any], key: str) -> None:
    st.subheader(found["labels"][found["root"]])
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption("Ids of this lead, each with its own events")
        config = {
            "lead_id": "Id",
            "events": "Events",
            "first_at": columns.moment("First"),
            "last_at": columns.moment("Last"),
        }
        frame_table.show(found["members"], f"{key}_members", columns=config, order=list(config), alt="Ids.")
    with right:
        st.caption("Since when they belong together")
        config = {
            "from_id": "Id",
            "into_id": "Belongs to",
            "known_from": columns.moment("Known from"),
            "known_until": columns.moment("Until"),
            "origin": "By",
        }
        if found["intervals"].is_empty():
            st.caption("It came under this id alone.")
        else:
            frame_table.show(
                found["intervals"], f"{key}_intervals", columns=config, order=list(config), alt="Intervals."
            )
    _statements(found, key)
    with st.container(horizontal=True):
        _unmerge(found, key)
        _erase(found["root"], key)


def _statements(found: dict[str, Any], key: str) -> None:
    with st.expander(f"Who said so: {found['statements'].height} statements"):
        order = ["kind", "from_id", "into_id", "received_at", "origin", "state", "actor", "reason"]
        frame_table.show(found["statements"], f"{key}_said", order=order, alt="Statements of identity.")


def _unmerge(found: dict[str, Any], key: str) -> None:
    others = [one for one in found["labels"] if one != found["root"]]
    if not others:
        return
    with st.popover("Separate an id", icon=":material/call_split:", **permitted.by(Permission.CURATE)):
        lead = st.selectbox("Id", others, format_func=found["labels"].__getitem__, key=f"{key}_which")
        reason = st.text_input("Why", key=f"{key}_why", placeholder="The reason goes into the ledger")
        if st.button("Separate", key=f"{key}_unmerge", disabled=not lead or len(reason.strip()) < 3) and lead:
            with refusals():
                commands.unmerge(lead, reason.strip())
                done("Separated from now on.")
                st.rerun()


def _erase(lead_id: str, key: str) -> None:
    with st.popover("Erase this person", icon=":material/person_remove:", width=520, **permitted.by(Permission.ERASE)):
        st.caption("Nobody can open the personal values of these ids any more, for ever. Decisions and events stay.")
        place = f"{key}_request_{digest(lead_id)[7:19]}"
        request = st.text_input("Request", key=place, placeholder="The request that asks for it").strip()
        if st.button("Erase", key=f"{key}_erase", disabled=not request, icon=":material/delete_forever:"):
            with refusals():
                told = commands.erase(lead_id, request)
                st.success(f"Keys shredded: {told.keys:,}. What holds something of this person:")
                frame_table.show(pl.DataFrame(told.sinks), f"{key}_sinks", columns=SINKS, alt="What stays, and where.")
                address = " An id is itself an address: it stays wherever the id stands." if told.is_id_personal else ""
                st.caption(f"Copies made before - backups, exports, models - are not reached.{address}")


SINKS = {"sink": "Where", "rows": columns.count("Rows"), "state": "State"}
