"""May this go live, who said so, and can we go back: inbox, history, and the record."""

import streamlit as st

from app.components import approval_history, approval_inbox, audit, header
from app.queries import policies

live = policies.live()
waiting = len(approval_inbox.waiting(live, "approvals_inbox"))
deciding = f"**{policies.title(live)}** decides now" if live else "no policy decides yet"
header.plain("Approvals", f"{waiting} waiting · {deciding}")

inbox, history, record = st.tabs(["Inbox", "History", "Audit"], key="tab", bind="query-params")
if inbox.open:
    with inbox:
        approval_inbox.show(live, "approvals_inbox")
if history.open:
    with history:
        approval_history.show(live, "approvals_history")
if record.open:
    with record:
        audit.show("approvals_audit")
