"""Who to call now, and why: the ranked leads with their reasons, and one of them in detail."""

import streamlit as st

from app.components import (
    empty_state,
    export_menu,
    header,
    lead_figures,
    lead_filters,
    lead_grid,
    lead_hands,
    live_refresh,
    override_form,
    owners,
    peek,
)
from app.queries import crm, leads, reason_codes
from app.queries.access import role

if leads.board().is_empty():
    header.plain("Leads", "Who to call now, and why")
    empty_state.link("No lead has been decided yet. Train a model, then decide.", page="train", action="Go to Train")
    st.stop()

basis = leads.basis()
with header.show("Leads", f"{basis.leads:,} leads ranked by the probability of a win · {basis.words()}"):
    actions = st.container(width="content")
lead_figures.show("leads_figures")
chosen = lead_filters.show()
found = leads.ranked(chosen)

if found.rows.is_empty():
    override_form.undo("leads_hands")
    lead_filters.nothing_found()
    st.stop()

seen_by = role()
with actions:
    export_menu.show(
        lambda: leads.to_export(chosen, seen_by),
        "leads",
        "leads_export",
        about=basis.about(chosen),
        crm=lambda: crm.rows(chosen, seen_by),
        without={} if crm.has_hubspot_key() else {"_hubspot": crm.NO_KEY},
        reasons=lambda: reason_codes.rows(chosen, seen_by),
    )
bar = st.container()
if lead_filters.in_drawer():
    row, picked = lead_grid.show(found, "leads_grid")
    peek.drawer(row, "leads_peek", among=len(picked))
else:
    grid, panel = st.columns([2.9, 1], gap="small")
    with grid:
        row, picked = lead_grid.show(found, "leads_grid")
    with panel:
        peek.show(row, "leads_peek")
with bar:
    lead_hands.show(found, picked, chosen, "leads_hands")
owners.show("leads_owners")
live_refresh.follow("decisions", key="leads")
