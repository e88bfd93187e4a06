"""Cut-offs proposed for a model, on leads that it has not seen."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl

from core.models import cutoffs
from core.models.cutoffs import Capacity, CapacityInvalid
from core.models.encoding import Floats
from core.models.store import ModelVersion
from core.models.worked import effective, weights_of
from core.recipes import rivals
from core.recipes.learning import rounded
from core.recipes.population import Population
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared

RECENT_DAYS = 30


@dataclass(frozen=True)
class Unseen:
    """What cuts are proposed from: ids, labels 0/1 and probabilities of leads, by one model on their first test row.

    weight: what each lead counts, where the label weights: the worked leads then stand for all.
    """

    version: str
    leads: pl.Series = field(repr=False)
    y: Floats = field(repr=False)
    p: Floats = field(repr=False)
    weight: Floats | None = field(default=None, repr=False)


def unseen(rooms: Rooms, prepared: Prepared, version: ModelVersion) -> Unseen:
    """The leads that the model has not seen and whose window is over, scored by it; raises as rivals.compare."""
    rows = rivals.standing(rooms, prepared, rivals.tested(prepared), version)
    model, rows = rivals.judged(rooms, prepared, version, rows)
    firsts = rows.sort("lead_id", "as_of", nulls_last=True).unique("lead_id", keep="first", maintain_order=True)
    probability, y = rivals.scored(rooms, model, firsts)[1], firsts["y"].cast(pl.Float64).to_numpy()
    return Unseen(version.version, firsts["lead_id"], y, probability, weights_of(firsts))


def propose(found: Unseen, capacity: Capacity) -> dict[str, Any]:
    """The proposed bands; raises CapacityInvalid."""
    bands = cutoffs.propose(found.y, found.p, capacity, weight=found.weight)
    told = {"model": found.version, "leads": len(found.y), "leads_a_day": capacity.leads_a_day}
    told |= {"weighted": found.weight is not None, "effective_leads": effective(found.weight, len(found.y))}
    told |= {"workable_a_day": float(capacity.workable), "break_even": capacity.break_even}
    return rounded({**told, "bands": [one.to_json() for one in bands]})


def leads_a_day(population: Population) -> float:
    """How many leads came a day in the thirty days up to the newest lead, or in as many as there are.

    Leads without an outcome came too, so all count. Raises CapacityInvalid without dates.
    """
    born = population.leads["created_at"].drop_nulls().to_list()
    if not born:
        raise CapacityInvalid("leads_a_day", None, "The leads carry no dates: give --leads-a-day.")
    days = min(max((max(born) - min(born)) / timedelta(days=1), 1.0), RECENT_DAYS)
    return sum(moment >= max(born) - timedelta(days=days) for moment in born) / days
