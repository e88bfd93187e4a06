"""What the clock does to leads, carried out: states that timed out, agreed times that passed."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.decisions import engine
from core.decisions.arms import ACTED_ON, LIVE
from core.decisions.arrival import Chosen
from core.decisions.exposure import Part, parts
from core.decisions.population import PopulationStore
from core.decisions.store_sweep import SweepStore
from core.decisions.sweep import BREACHED, TIMED_OUT, due, moves_by_itself
from core.kernel.times import naive
from core.recipes.arriving import Choice
from core.recipes.rooms import Rooms

ACTOR = "sweep"
MOST_AT_ONCE = 2_000
SPINE = {"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")}


@dataclass(frozen=True)
class Swept:
    """What a sweep did: leads decided again because their state timed out, or because an agreed time passed."""

    timed_out: int = 0
    breached: int = 0


def sweep(rooms: Rooms, choice: Choice, moment: datetime, most: int = MOST_AT_ONCE) -> Swept:
    """Decide again, as of the moment, at most so many of the open leads that time alone has moved.

    By what decides now, and only where people work by it: a trial moves nobody. Each becomes an ordinary decision with
    its reasons, so it is replayed like any other; what is left over is found by the next sweep.
    """
    chosen = choice()
    if chosen is None or chosen.arm != LIVE:
        return Swept()
    policies = [chosen.policy, *((chosen.exposure.before,) if chosen.exposure else ())]
    if not any(moves_by_itself(policy.document) for policy in policies):
        return Swept()
    found = [_decided(rooms, chosen, part, moment, most) for part in _parts(rooms, chosen, moment)]
    why = [one for part in found for one in part]
    return Swept(why.count(TIMED_OUT), why.count(BREACHED))


def _parts(rooms: Rooms, chosen: Chosen, moment: datetime) -> list[Part]:
    """The open leads at the moment, by who decides them."""
    leads = PopulationStore(rooms.db).leads(naive(moment), only_open=True)
    times = [naive(moment)] * len(leads)
    spine = pl.DataFrame({"lead_id": leads, "as_of": times, "known_at": times}, schema=SPINE)
    if chosen.exposure is None:
        return [Part(chosen.policy, chosen.arm, None, spine)]
    return [part for part in parts(rooms.db, spine, chosen.exposure) if part.arm in ACTED_ON]


def _decided(rooms: Rooms, chosen: Chosen, part: Part, moment: datetime, most: int) -> list[str]:
    """Why each lead of the part was decided again."""
    standing = SweepStore(rooms.db).standing(part.spine["lead_id"].to_list(), moment)
    moved = due(part.policy.document, standing, naive(moment)).head(most)
    spine = part.spine.join(moved, on="lead_id", how="inner", maintain_order="left")
    if spine.is_empty():
        return []
    engine.decide(
        rooms.db,
        spine.drop("why"),
        feature_set=chosen.feature_set,
        model=chosen.model,
        policy=part.policy,
        arm=part.arm,
        actor=ACTOR,
        model_ok=chosen.model_ok,
        step=part.step,
    )
    return spine["why"].to_list()
