"""Cut-offs proposed for the model that scores, on leads that it has not seen."""

from datetime import timedelta
from typing import Any

import polars as pl

from core.features import engine
from core.models import cutoffs
from core.models.cutoffs import Capacity, CapacityInvalid
from core.models.scoring import probabilities
from core.recipes import training_data
from core.recipes.errors import NothingTrained
from core.recipes.learning import rounded
from core.recipes.population import Population
from core.recipes.rivals import RowsSeen
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared

RECENT_DAYS = 30


def propose(rooms: Rooms, prepared: Prepared, capacity: Capacity) -> dict[str, Any]:
    """The proposed bands on the first test row of each lead; raises NothingTrained, RowsSeen and CapacityInvalid."""
    champion = rooms.models.champion()
    if champion is None:
        raise NothingTrained("models cutoffs")
    model = rooms.models.get(champion.version)
    if not training_data.is_unseen(model.facts, prepared):
        raise RowsSeen(champion.version)
    tested = prepared.rows.filter(pl.col("part") == "test")
    firsts = tested.sort("lead_id", "as_of", nulls_last=True).unique("lead_id", keep="first", maintain_order=True)
    chosen = rooms.features.get(str(champion.feature_set_hash))
    frame = engine.build(rooms.db, chosen, firsts.select("lead_id", "as_of", "known_at"))
    found = cutoffs.propose(firsts["y"].cast(pl.Float64).to_numpy(), probabilities(model, frame), capacity)
    told = {"model": champion.version, "leads": len(firsts), "leads_a_day": capacity.leads_a_day}
    told |= {"workable_a_day": float(capacity.workable), "break_even": capacity.break_even}
    return rounded({**told, "bands": [one.to_json() for one in found]})


def leads_a_day(population: Population) -> float:
    """How many leads came a day in the thirty days up to the newest lead, or in as many as there are.

    Leads without an outcome came too, so all count. Raises CapacityInvalid without dates.
    """
    born = population.leads["created_at"].drop_nulls().to_list()
    if not born:
        raise CapacityInvalid("leads_a_day", None, "The leads carry no dates: give --leads-a-day.")
    days = min(max((max(born) - min(born)) / timedelta(days=1), 1.0), RECENT_DAYS)
    return sum(moment >= max(born) - timedelta(days=days) for moment in born) / days
