"""The ranked leads as CRMs take them."""

import polars as pl
import streamlit as st

from app.queries import leads, versions
from app.queries.access import revision
from app.queries.leads import Filter
from core.exports.crm import RECORD_ID
from core.governance.permissions import Permission, Role, allowed

REASONS = 3
NO_KEY = "No lead's id is a HubSpot record id, and addresses stay here: HubSpot would find no contact."
DOWN, UP = "Declining", "Improving"


def has_hubspot_key() -> bool:
    """Whether any lead's id is a HubSpot record id: e-mail addresses are not shown, so nothing else finds a contact."""
    return _has_hubspot_key(revision("signals", "decisions"))


@st.cache_data(max_entries=2, show_spinner=False)
def _has_hubspot_key(revision: str) -> bool:
    return bool(leads.board()["lead_id"].str.contains(RECORD_ID).any())


def rows(chosen: Filter, seen_by: Role) -> pl.DataFrame:
    """Every lead that passes the filter as core.exports.crm takes it; addresses are masked or absent.

    A download runs outside the session, so the role is given.
    """
    found = leads.with_reasons(leads.matching(chosen, seen_by), most=REASONS)
    labels = versions.bands().labels
    policies = {one: versions.policy_name(one) for one in found["policy_hash"].unique().to_list()}
    models = {one: versions.model_name(one) for one in found["model_hash"].unique().to_list()}
    trend = pl.when(pl.col("change") > 0).then(pl.lit(UP)).when(pl.col("change") < 0).then(pl.lit(DOWN))
    shown = pl.col("lead_id" if allowed(seen_by, Permission.REVEAL) else "ref")
    return found.select(
        shown.alias("lead_id"),
        pl.lit(None, pl.String).alias("email"),
        "score",
        "score_before",
        pl.col("band").replace_strict(labels, default=None, return_dtype=pl.String).alias("label"),
        pl.col("band_before").replace_strict(labels, default=None, return_dtype=pl.String).alias("label_before"),
        "pool",
        trend.otherwise(pl.when(pl.col("change") == 0).then(pl.lit("Steady"))).alias("trend"),
        pl.col("why").list.eval(pl.element().str.slice(2) + " (" + pl.element().str.head(1) + ")").alias("reasons"),
        pl.col("policy_hash").replace_strict(policies, return_dtype=pl.String).alias("policy"),
        pl.col("model_hash").replace_strict(models, return_dtype=pl.String).alias("model"),
        pl.coalesce("as_of", "decided_at").alias("scored_at"),
    )
