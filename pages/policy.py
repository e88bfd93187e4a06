"""What would happen if the rules were changed: draft, check, simulate, approve, roll out."""

import streamlit as st

from app.components import empty_state, header, policy_draft, policy_head, policy_steps
from app.feedback import refused
from app.queries import policies
from core.kernel.errors import LeadbenchError

live = policies.live()
if live is None:
    header.plain("Policy studio", "No policy decides yet")
    empty_state.link(
        "No policy is in force yet: the shipped one enters with the first decisions.", page="data", action="Load data"
    )
    st.stop()

try:
    draft = policy_draft.current(live)
except LeadbenchError as refusal:
    header.plain("Policy studio", "This version is not known")
    refused(refusal)
    policy_head.to_live("policy")
    st.stop()

with header.show("Policy studio", policy_head.caption(draft, live)):
    policy_head.buttons(draft, live, "policy")
policy_steps.show(policy_steps.choose(draft, "policy"), draft, live, "policy")
