"""The registered feature sets, and the features of one of them."""

import polars as pl
import streamlit as st

from app.components import empty_state, frame_table, glossary
from app.queries import features as reads


def choice(listed: pl.DataFrame) -> str | None:
    """Draw the choice of a set; its hash, None where there is none."""
    if listed.is_empty():
        return None
    names = {
        row[
            "set_hash"
        ]: f"{row['name']} · {row['features']} features · {row['set_hash'][7:19]} · models {row['models']}"
        for row in listed.iter_rows(named=True)
    }
    return st.selectbox(
        "Feature set", list(names), format_func=names.__getitem__, key="set", bind="query-params",
        help=glossary.term("behaviour_hash"),
    )  # fmt: skip


def show(set_hash: str | None, key: str) -> None:
    """Draw the features of a set with what each one reads."""
    if set_hash is None:
        empty_state.show("No feature set is registered yet. Build one, or train: `auto` derives a first set.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input("Search", key=f"{key}_search", live=True, type="search", placeholder="Search features",
                             label_visibility="collapsed", width=280)  # fmt: skip
        role = st.pills("Role", ["fit", "engagement"], selection_mode="multi", key="role", bind="query-params",
                        label_visibility="collapsed")  # fmt: skip
    rows = reads.search(set_hash, text, tuple(role))
    config = {
        "label": st.column_config.TextColumn("Feature", width=300),
        "role": st.column_config.TextColumn("Role", help=glossary.term("fit"), width=96),
        "calculation": st.column_config.TextColumn("Calculation", width=130),
        "window": st.column_config.TextColumn("Window", width="small"),
        "reads": st.column_config.TextColumn("Reads", width="medium"),
        "dtype": st.column_config.TextColumn("Type", width="small"),
        "name": "Name",
        "hash": st.column_config.TextColumn("Hash", help=glossary.term("behaviour_hash")),
    }
    frame_table.show(
        rows.fill_null("–"), key, columns=config, order=list(config), alt="The features of the set.", height=600
    )
    st.caption(f"{rows.height} features shown.")


def download(set_hash: str) -> None:
    """Draw the button that takes the set away as YAML."""
    st.download_button(
        "YAML",
        data=lambda: reads.document(set_hash),
        file_name="features.yaml",
        key="features_yaml",
        icon=":material/download:",
        on_click="ignore",
    )
