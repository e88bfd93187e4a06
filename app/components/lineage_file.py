"""Taking the lineage of the whole store away, for catalogues that read OpenLineage."""

import streamlit as st

from app import session
from app.components import glossary, permitted
from app.queries import data
from core.governance.permissions import Permission


def show(key: str) -> None:
    """Draw the button; the file is made when it is taken, and the permission is asked again then."""
    actor = session.identity()
    st.download_button(
        "OpenLineage", data=lambda: data.lineage(actor), file_name="leadbench-lineage.ndjson",
        mime="application/x-ndjson", key=f"{key}_lineage", icon=":material/account_tree:", on_click="ignore",
        type="tertiary", **permitted.by(Permission.EXPORT, help=glossary.term("open_lineage")),
    )  # fmt: skip
