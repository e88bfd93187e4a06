"""What we know of a lead, how it is calculated, and building more of it."""

import streamlit as st

from app.components import empty_state, feature_builder, feature_compare, feature_registry, header
from app.queries import features as reads

listed = reads.sets()
caption = f"{listed.height} registered; a set is known by the hash of its meaning" if listed.height else "No set yet"
with header.show("Features", caption):
    actions = st.container(width="content")

if reads.kinds().is_empty() and not reads.attributes():
    empty_state.link("No events and no leads yet. Import a file first.", page="data", action="Go to Data")
    st.stop()

chosen = feature_registry.choice(listed)
registry, builder, comparison = st.tabs(["Registry", "Builder", "Compare"], key="tab", bind="query-params")
if registry.open:
    with registry:
        feature_registry.show(chosen, "features_registry")
if builder.open:
    with builder:
        feature_builder.show(chosen, "features_builder")
if comparison.open:
    with comparison:
        feature_compare.show(listed, chosen, "features_compare")
if chosen:
    with actions:
        feature_registry.download(chosen)
