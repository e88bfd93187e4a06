"""Which model is better, honestly: training, the leaderboard, and one model's figures."""

import streamlit as st

from app.components import (
    empty_state,
    header,
    model_cuts,
    model_figures,
    model_list,
    model_release,
    model_tables,
    retraining,
    train_form,
)
from app.queries import models

TABS = ["Quality", "Cut-offs and cost", "Compare", "Model card"]

board = models.leaderboard()
recipe = models.recipe_name()
counted = f"{board.height} model{'' if board.height == 1 else 's'}"
header.plain("Train", f"{counted}, last recipe **{recipe}**" if recipe else "No recipe has run yet")

side, main = st.columns([1, 2.75], gap="small")
with side:
    train_form.show("train")
if board.is_empty():
    with main:
        empty_state.show("No model is registered yet. Once a recipe has run, its model and honest figures are here.")
    st.stop()

with main:
    if not model_list.is_known(board, "train_models"):
        st.stop()
    chosen = model_list.choose(board, "train_models")
    model_figures.figures(chosen, "train_figures")
    quality, cuts, compared, card = st.tabs(TABS, key="tab", bind="query-params")
with side:
    model_release.trust(chosen, "train_trust")
if quality.open:
    with quality:
        left, right = st.columns(2, gap="small")
        with left:
            st.fragment(model_figures.calibration)(chosen, "train")
            st.fragment(model_figures.by_landmark)(chosen, "train")
        with right:
            st.fragment(model_figures.lift)(chosen, "train")
            st.fragment(model_figures.scores)(chosen, "train")
        st.fragment(model_tables.by_value)(chosen, "train")
        st.fragment(model_tables.by_segment)(chosen, "train")
        model_tables.against(chosen, "train")
        model_tables.suspects(chosen, "train")
        model_tables.scorecard(chosen, "train")
if cuts.open:
    with cuts:
        found = model_cuts.unseen(chosen)
        if found is not None:
            left, right = st.columns(2, gap="small")
            with left:
                st.fragment(model_cuts.capacity)(found, "train_capacity")
            with right:
                st.fragment(model_cuts.worth)(found, "train_worth")
if compared.open:
    with compared:
        models_compared = model_list.compare(board, "train_compare") or [chosen]
        left, right = st.columns(2, gap="small")
        with left:
            model_figures.capture(models_compared, "train")
        with right:
            model_figures.precision(models_compared, "train")
if card.open:
    with card:
        model_release.papers(chosen, "train_card")
with side:
    retraining.show("train_again")
