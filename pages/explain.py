"""What drives scores overall, and one lead's score."""

import streamlit as st

from app.components import empty_state, explain_parts, header
from app.queries import explain

hashes = explain.runs()
if not hashes:
    header.plain("Explain", "What drives scores, overall and for one lead")
    empty_state.link("No lead has been decided yet, so no reasons are stored.", page="train", action="Go to Train")
    st.stop()

with header.show("Explain", "From the contributions stored with each decision, never computed again"):
    chosen = explain_parts.run(hashes)
found = explain.stored(chosen)
if found.leads < found.decided:
    st.caption(f"Drawn from a sample of {found.leads:,} of {found.decided:,} leads.")

overall, feature, groups, lead = st.tabs(
    ["Overall", "One feature", "Two groups", "One lead"], key="tab", bind="query-params"
)
if overall.open:
    with overall:
        explain_parts.overall(found, "explain")
        explain_parts.stability(chosen, "explain_stability")
if feature.open:
    with feature:
        explain_parts.one_feature(found, "explain")
if groups.open:
    with groups:
        explain_parts.groups(found, "explain_groups")
if lead.open:
    with lead:
        explain_parts.one_lead("explain_lead")
