"""What came in, is it valid, and bringing more in."""

import streamlit as st

from app.components import (
    data_sources,
    empty_state,
    header,
    identity_browser,
    import_wizard,
    kpi,
    live_tail,
    outcomes_form,
    quarantine_list,
    source_contracts,
    sql_console,
)
from app.queries import data as reads

totals = reads.totals()
newest = totals["last_event_at"]
told = f"newest event {newest:%d %b %Y, %H:%M} UTC" if newest else "no events yet"
header.plain("Data", f"{kpi.counted(totals['batches'], 'file')} loaded · {told}")

sources, tail, load, outcomes, identity, contracts, quarantine, console = st.tabs(
    ["Sources", "Live", "Import", "Outcomes", "Identity", "Contracts", "Quarantine", "SQL console"],
    key="tab",
    bind="query-params",
)
if sources.open:
    with sources:
        if totals["batches"]:
            data_sources.show("data_sources")
        else:
            told = "Nothing was loaded yet. Drop a CSV, JSONL, Parquet or XES file."
            empty_state.link(told, page="data", action="Open Import", tab="Import")
if tail.open:
    with tail:
        live_tail.show("data_tail")
if load.open:
    with load:
        import_wizard.show("data_import")
if outcomes.open:
    with outcomes:
        outcomes_form.show("data_outcomes")
if identity.open:
    with identity:
        identity_browser.show("data_identity")
if contracts.open:
    with contracts:
        source_contracts.show("data_contracts")
if quarantine.open:
    with quarantine:
        quarantine_list.show("data_quarantine")
if console.open:
    with console:
        sql_console.show("data_console")
