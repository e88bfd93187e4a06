"""The record: the ledger's entries, the chain, stored decisions made again, and the evidence to take away."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from app import jobs, release_commands, session
from app.components import chart, export_menu, frame_table, glossary, kpi
from app.feedback import refusals
from app.queries import audit as reads
from core.kernel.database import Narrowed
from core.kernel.ledger import STREAMS, Verification

REPLAY = "Replay"
FOUND = "approvals_verified"
PLACE = ("before", "after")
"""Where the page of the ledger begins, in the address: the number of an entry."""
COLUMNS = {
    "seq": st.column_config.NumberColumn("No.", width="small"),
    "at": st.column_config.DatetimeColumn("At (UTC)", format="D MMM YYYY, HH:mm:ss", timezone="UTC", width=160),
    "stream": st.column_config.TextColumn("Stream", width=104),
    "kind": "What",
    "actor": st.column_config.TextColumn("Who", width="small"),
    "body": st.column_config.TextColumn("Body", width="large"),
    "hash": "Hash",
    "prev": "Before",
}


def show(key: str) -> None:
    """Draw verifying, replaying and exporting, then the ledger."""
    verify, replay, take = st.columns([1, 1.4, 1], gap="small")
    with verify, chart.card("Does the chain hold?", glossary.term("ledger")):
        _verify(key)
    with replay, chart.card("Would we decide the same again?", glossary.term("replay")):
        _replay(key)
    with take, chart.card("Evidence"):
        st.markdown("Ledger, records and a verifier that needs only Python.")
        _evidence(key)
    _ledger(key)


def _evidence(key: str) -> None:
    if why := reads.withheld():
        st.button("Evidence ZIP", disabled=True, help=why, key=f"{key}_zip", icon=":material/folder_zip:")
        return
    st.download_button(
        "Evidence ZIP", data=reads.export, file_name="leadbench-evidence.zip", mime="application/zip",
        key=f"{key}_zip", icon=":material/folder_zip:", on_click="ignore",
    )  # fmt: skip


def _verify(key: str) -> None:
    if st.button("Verify chain", key=f"{key}_verify", type="primary", icon=":material/link:"):
        with refusals():
            session.remember(FOUND, (release_commands.verify(), datetime.now(UTC)))
    kept: tuple[Verification, datetime] | None = session.value(FOUND)
    if kept is None:
        st.caption("Walks every entry and compares the head with the mark outside the database.")
        return
    found, moment = kept
    if found.ok:
        st.success(f"The chain holds: {found.entries:,} entries.", icon=":material/verified:")
    else:
        broken = found.first_broken or {"reason": f"the high-water mark is {found.high_water}"}
        st.error(f"The chain is broken: {json.dumps(broken)}", icon=":material/link_off:")
    st.caption(f"Head `{found.head[7:23]}` · {moment:%H:%M:%S} UTC · high water {found.high_water}")


def _replay(key: str) -> None:
    total = reads.decisions()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input("Decision", key=f"{key}_decision", placeholder="id, or blank for a sample")
        sample = st.number_input("Sample", 1, max(total, 1), min(100, max(total, 1)), key=f"{key}_sample", width=130)
        if st.button(REPLAY, key=f"{key}_replay", icon=":material/replay:", disabled=not total):
            with refusals():
                one = asked.strip() or None
                work = release_commands.replay(decision_id=one, sample=None if one else int(sample))
                jobs.start(REPLAY, work)
                st.rerun()
    job = jobs.current(REPLAY)
    if job is None:
        st.caption(f"{total:,} decisions are stored. A sample is drawn with a seed, so it can be drawn again.")
        return
    jobs.show(job, f"{key}_job")
    if job.result is not None:
        _replayed(job.result.to_json(), key)


def _replayed(found: dict[str, Any], key: str) -> None:
    kpi.tiles(
        [
            kpi.Kpi("Replayed", f"{found['replayed']:,}", note=f"{found['seconds']:.1f} s"),
            kpi.Kpi("Bit for bit equal", f"{found['equal']:,}"),
            kpi.Kpi("Differences", f"{len(found['differences']):,}"),
        ],
        f"{key}_replayed",
    )
    if found["differences"]:
        rows = [{name: str(value) for name, value in one.items()} for one in found["differences"]]
        frame_table.show(pl.DataFrame(rows), f"{key}_differences", alt="Fields that came out differently.")
    levels = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found["levels"].items() if count)
    unchecked = found["unchecked"]["assignee"]
    told = f" The assignee of {unchecked:,} was not checked: what its choice saw was not kept." if unchecked else ""
    st.caption(f"Levels: {levels}.{told}")


def _ledger(key: str) -> None:
    with chart.card("Ledger, newest first"):
        with st.container(horizontal=True, vertical_alignment="center"):
            asked = _asked()
            st.space("stretch")
            export_menu.show(lambda: reads.everything(asked), "ledger", f"{key}_export",
                             about={"List": "Ledger entries"})  # fmt: skip
        found = reads.page(asked, *(session.number(name) for name in PLACE))
        picked = frame_table.pick(found.rows, f"{key}_rows", columns={**COLUMNS}, order=list(COLUMNS), start=None,
                                  alt="Ledger entries.")  # fmt: skip
        _turn(found, key)
        if picked is not None:
            st.code(reads.body(found.rows["seq"][picked]), language="json", height=300)


def _asked() -> Narrowed:
    streams = st.pills("Stream", STREAMS, selection_mode="multi", key="stream", bind="query-params",
                       label_visibility="collapsed", on_change=_begin)  # fmt: skip
    who, what = (
        st.selectbox(label, words, index=None, key=name, bind="query-params", placeholder=nothing, on_change=_begin,
                     label_visibility="collapsed", width=180)
        for label, name, words, nothing in (("Who", "who", reads.actors(), "Anybody"),
                                            ("What", "what", reads.kinds(), "Anything"))
    )  # fmt: skip
    return Narrowed(tuple(streams), who, what)


def _begin() -> None:
    """Back to the newest entries: another list begins."""
    session.address(dict.fromkeys(PLACE))


def _turn(found: reads.Page, key: str) -> None:
    """Draw which entries are shown, and the ways to newer and older ones."""
    with st.container(horizontal=True, vertical_alignment="center"):
        numbers = found.rows["seq"]
        shown = f"No. {numbers[0]:,} to {numbers[-1]:,} · " if len(numbers) else ""
        st.caption(f"{shown}{found.matching:,} entries match.")
        st.space("stretch")
        for label, name, place, icon in (
            ("Newer", "after", found.newer, "arrow_back"),
            ("Older", "before", found.older, "arrow_forward"),
        ):
            st.button(
                label, key=f"{key}_{name}", icon=f":material/{icon}:", disabled=place is None,
                on_click=session.address, args=({**dict.fromkeys(PLACE), name: str(place)},),
            )  # fmt: skip
