"""Each source's contract: what it may send, whether it is held back, and what came too late to be seen."""

from typing import Any

import polars as pl
import streamlit as st
import yaml

from app import commands
from app.components import columns, empty_state, frame_table, glossary, permitted
from app.feedback import done, refusals
from app.queries import sources as reads
from app.queries.access import may
from core.governance.permissions import Permission

BREAKERS = {"closed": "let in", "open": "held back"}
STATES = {"confirmed": "This contract holds.", "learned": "Nothing holds yet; this is what the source's past suggests."}


BOUNDS = {
    "lateness_hours": "how long after it happened an event may come and still be on time",
    "max_silence_hours": "the longest time without any event",
    "most_per_day, least_per_day": "how many events a day are usual",
    "most_duplicate, most_late, most_skewed": "the share (0 to 1) that may be repeated, late, or dated ahead",
    "missing": "by field, the share that may have no value",
    "types, most_unknown_types": "the kinds of event that come, and the share that may be another",
    "values, most_unknown_values": "by field, the values that come, and the share that may be another",
    "burst_per_minute": "events of one lead in a minute beyond which features see no more",
    "bots": "whether known robots are kept out of features",
    "least_rows": "smaller batches are not judged",
}


def show(key: str) -> None:
    """Draw the sources, the contract of the one that is picked, and the decisions that came too early."""
    found = reads.sources()
    if found.is_empty():
        empty_state.show("No event has come yet. A source appears with its first event.")
        return
    config = {
        "source": "Source",
        "events": columns.count("Events"),
        "late": columns.count("Late"),
        "duplicate": columns.count("Repeated"),
        "flagged": columns.count("Robots, bursts"),
        "last_received_at": columns.moment("Latest"),
        "watermark": columns.moment("Watermark", help=glossary.term("watermark")),
        "contract": st.column_config.TextColumn("Contract", help=glossary.term("data_contract")),
        "breaker": st.column_config.TextColumn("Events are", help=glossary.term("breaker")),
    }
    told = found.with_columns(pl.col("breaker").replace(BREAKERS), pl.col("contract").replace("none", "not confirmed"))
    row = frame_table.pick(told, f"{key}_list", columns=config, order=list(config), alt="Sources.") or 0
    source = found.row(min(row, found.height - 1), named=True)
    _silence(source)
    if source["breaker"] == "open":
        _breaker(source["source"], source["why"], key)
    _contract(source["source"], key)
    _late(key)


def _silence(source: dict[str, Any]) -> None:
    if source["silent"]:
        st.warning(
            f"{source['source']} is silent: nothing came since {source['last_received_at']:%d %b %Y, %H:%M} UTC."
        )
    elif source["quiet"]:
        st.info(f"{source['source']} sent {source['last_day']:,} events in its last 24 hours, fewer than it should.")


def _breaker(source: str, why: str, key: str) -> None:
    st.warning(f"What {source} sends waits in quarantine: {why}", icon=":material/pause_circle:")
    with st.popover("Let it in again", icon=":material/play_circle:", **permitted.by(Permission.CURATE)):
        reason = st.text_input("What was repaired", key=f"{key}_why", placeholder="The reason goes into the ledger")
        if st.button("Close the breaker", key=f"{key}_close", disabled=len(reason.strip()) < 3):
            with refusals():
                commands.close_breaker(source, reason.strip())
                done(f"{source} may send again; re-drive what waits under Quarantine.")
                st.rerun()


def _contract(source: str, key: str) -> None:
    state, document = reads.contract(source)
    st.subheader(f"Contract of {source}")
    st.caption(f"{STATES[state]} A batch outside the bounds waits in quarantine as a whole, until a person lets it in.")
    with st.expander("What each bound means"):
        st.markdown("\n".join(f"- `{name}`: {meaning}" for name, meaning in BOUNDS.items()))
    text = st.text_area("Bounds", yaml.safe_dump(document, sort_keys=False), height=300, key=f"{key}_text_{source}",
                        label_visibility="collapsed", disabled=not may(Permission.CURATE))  # fmt: skip
    if st.button(
        "Confirm", type="primary", key=f"{key}_confirm", icon=":material/check:", **permitted.by(Permission.CURATE)
    ):
        with refusals():
            commands.confirm_contract(source, text)
            done(f"From now on a batch of {source} that breaks this waits in quarantine.")
            st.rerun()


def _late(key: str) -> None:
    st.subheader("Decisions that would see other features now")
    found = reads.outdated_decisions()
    if found.is_empty():
        st.caption("None: nothing came later about a lead that was decided.")
        return
    config = {
        "lead_id": st.column_config.TextColumn("Lead", width=90),
        "as_of": columns.moment("Decided as of"),
        "causes": st.column_config.TextColumn("Because of", width=130),
        "features": st.column_config.TextColumn("Features", width=660),
    }
    frame_table.show(found, f"{key}_late", columns=config, order=list(config), alt="Decisions that came too early.")
