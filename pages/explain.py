"""What drives scores overall, and one lead's score."""

import streamlit as st

from app.components import empty_state, explain_parts, header
from app.queries import explain

TABS = ["Overall", "One feature", "Acting together", "Two groups", "Across retrains", "One lead"]

hashes = explain.runs()
if not hashes:
    header.plain("Explain", "What drives scores, overall and for one lead")
    empty_state.link("No lead has been decided yet, so no reasons are stored.", page="train", action="Go to Train")
    st.stop()

with header.show("Explain", "From the contributions stored with each decision, never computed again"):
    chosen = explain_parts.run(hashes)
if not explain_parts.is_known(hashes):
    st.stop()
found = explain.stored(chosen)
drawn = f"a sample of {found.leads:,} of " if found.leads < found.decided else ""
st.caption(f"Drawn from {drawn}{found.decided:,} leads: each counts once, with its newest decision.")

overall, feature, together, groups, retrains, lead = st.tabs(TABS, key="tab", bind="query-params")
if overall.open:
    with overall:
        st.fragment(explain_parts.overall)(found, "explain")
if feature.open:
    with feature:
        st.fragment(explain_parts.one_feature)(found, "explain")
if together.open:
    with together:
        explain_parts.together(found, chosen, "explain_together")
if groups.open:
    with groups:
        explain_parts.groups(found, "explain_groups")
if retrains.open:
    with retrains:
        explain_parts.stability(chosen, "explain_stability")
if lead.open:
    with lead:
        explain_parts.one_lead("explain_lead")
