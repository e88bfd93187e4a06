"""Cut-offs and their worth on leads that a model has not seen; the leads are scored once, numbers change at once."""

from typing import Any

import polars as pl
import streamlit as st

from app.queries import people, versions
from app.queries.access import revision, role
from app.services import workbench
from core.models.costs import Costs, Worth, by_share, cross_fitted
from core.models.cutoffs import Capacity
from core.recipes import cutting
from core.recipes.cutting import Unseen

MOST_LISTED = 500
KINDS = {"enter": pl.Float64, "enter_low": pl.Float64, "enter_high": pl.Float64}


def unseen(version: str) -> Unseen:
    """The leads that the model has not seen, scored by it; raises NothingRun and RowsSeen."""
    return _unseen(revision("signals", "models", "features"), version)


@st.cache_resource(max_entries=4, show_spinner="Scoring the leads that the model has not seen")
def _unseen(revision: str, version: str) -> Unseen:
    return workbench().runner.unseen(version)


def leads_a_day() -> float:
    """How many leads come a day, to the newest one; raises CapacityInvalid where the store cannot say."""
    return _leads_a_day(revision("signals"))


@st.cache_data(max_entries=2, show_spinner=False)
def _leads_a_day(revision: str) -> float:
    return workbench().runner.leads_a_day()


def proposed(found: Unseen, capacity: Capacity) -> tuple[dict[str, Any], pl.DataFrame]:
    """What is said of the capacity, and a row a band with `live`, where the deciding policy begins it."""
    told = cutting.propose(found, capacity)
    live = versions.bands().enter
    rows = [one | {"live": live.get(one["band"])} for one in told["bands"]]
    return told, pl.DataFrame(rows, schema_overrides={**KINDS, "live": pl.Float64})


def above(found: Unseen, enter: float, most: int = MOST_LISTED) -> pl.DataFrame:
    """ref, lead, company, said (the score) and won of the leads from the cut on, best first, up to so many of them."""
    rows = pl.DataFrame({"lead_id": found.leads, "said": found.p.round(4), "won": found.y == 1})
    chosen = rows.filter(pl.col("said") >= enter).sort("said", "lead_id", descending=[True, False]).head(most)
    cards = people.cards(chosen["lead_id"].to_list(), role())
    return chosen.join(cards, on="lead_id", how="left", maintain_order="left").select(
        "ref", "lead", "company", "said", "won"
    )


def worth(found: Unseen, costs: Costs) -> pl.DataFrame:
    """The table of core.models.costs.by_share."""
    return _worth(revision("signals", "models", "features"), found.version, costs, found)


@st.cache_data(max_entries=8, show_spinner=False)
def _worth(revision: str, version: str, costs: Costs, _found: Unseen) -> pl.DataFrame:
    return by_share(_found.y, _found.p, costs, weight=_found.weight)


def worth_of_best(found: Unseen, costs: Costs) -> Worth:
    """What the best cut is worth on leads that had no say in it."""
    return _worth_of_best(revision("signals", "models", "features"), found.version, costs, found)


@st.cache_data(max_entries=8, show_spinner=False)
def _worth_of_best(revision: str, version: str, costs: Costs, _found: Unseen) -> Worth:
    return cross_fitted(_found.y, _found.p, costs, weight=_found.weight)
