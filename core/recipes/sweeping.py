"""What the clock does to leads, carried out: states that timed out, agreed times that passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.decisions import engine
from core.decisions.arms import ACTED_ON, LIVE
from core.decisions.arrival import Chosen
from core.decisions.breaching import TOUCHED
from core.decisions.context import Deciding
from core.decisions.exposure import Part, parts
from core.decisions.population import PopulationStore
from core.decisions.store_sweep import SweepStore
from core.decisions.sweep import BREACHED, CONTESTED, TIMED_OUT, due, moves_by_itself
from core.kernel.times import naive, to_text, utc
from core.recipes.arriving import Choice
from core.recipes.errors import MomentAhead
from core.recipes.rooms import Rooms

ACTOR = "sweep"
MOST_AT_ONCE = 2_000
LAG = timedelta(seconds=5)
"""A sweep looks so far back, so that every event that it must see is committed."""
SPINE = {"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")}


@dataclass(frozen=True)
class Swept:
    """What a sweep did: leads decided again because their state timed out, an agreed time passed, or a contest of which
    they were not decided began or ended.
    """

    timed_out: int = 0
    breached: int = 0
    contested: int = 0


def sweep_now(rooms: Rooms, choice: Choice) -> Swept:
    """What `sweep` does as of a few seconds ago."""
    return sweep(rooms, choice, rooms.db.clock.now() - LAG)


def sweep(rooms: Rooms, choice: Choice, moment: datetime, most: int = MOST_AT_ONCE) -> Swept:
    """Decide again, as of the moment, at most so many of the open leads that time alone has moved.

    By what decides now, and only where people work by it: a trial moves nobody. Each becomes an ordinary decision with
    its reasons, so it is replayed like any other; what is left over is found by the next sweep. Raises MomentAhead.
    """
    now = rooms.db.clock.now()
    if utc(moment) > now:
        raise MomentAhead(to_text(moment), to_text(now))
    chosen = choice()
    if chosen is None or chosen.arm != LIVE:
        return Swept()
    policies = [chosen.policy, *((chosen.exposure.before,) if chosen.exposure else ())]
    if not any(moves_by_itself(policy.document) for policy in policies):
        return Swept()
    leads = PopulationStore(rooms.db).leads(naive(moment), only_open=True)
    found = [_swept(rooms, chosen, part, moment, most) for part in _parts(rooms, chosen, leads, moment)]
    why = [one for part in found for one in part]
    return Swept(why.count(TIMED_OUT), why.count(BREACHED), why.count(CONTESTED))


def decide_now(rooms: Rooms, chosen: Chosen, leads: Sequence[str], moment: datetime, actor: str) -> None:
    """Decide these leads as of the moment by what decides now."""
    for part in _parts(rooms, chosen, leads, moment):
        _decide(rooms, chosen, part, part.spine, actor)


def _parts(rooms: Rooms, chosen: Chosen, leads: Sequence[str], moment: datetime) -> list[Part]:
    """The leads at the moment, by who decides them."""
    times = [naive(moment)] * len(leads)
    spine = pl.DataFrame({"lead_id": leads, "as_of": times, "known_at": times}, schema=SPINE)
    if chosen.exposure is None:
        return [Part(chosen.policy, chosen.arm, None, spine)]
    return [part for part in parts(rooms.db, spine, chosen.exposure) if part.arm in ACTED_ON]


def _swept(rooms: Rooms, chosen: Chosen, part: Part, moment: datetime, most: int) -> list[str]:
    """Why each lead of the part was decided again."""
    deciding = Deciding(rooms.db, chosen.feature_set, chosen.model, part.policy, part.arm, ACTOR)
    asks_touched = TOUCHED in part.policy.input_fields
    standing = SweepStore(rooms.db).standing(part.spine["lead_id"].to_list(), moment, asks_touched=asks_touched)
    moved = due(deciding.agreements(), standing, naive(moment), deciding.contests()).head(most)
    spine = part.spine.join(moved, on="lead_id", how="inner", maintain_order="left")
    if spine.height:
        _decide(rooms, chosen, part, spine.drop("why"), ACTOR)
    return spine["why"].to_list()


def _decide(rooms: Rooms, chosen: Chosen, part: Part, spine: pl.DataFrame, actor: str) -> None:
    engine.decide(
        rooms.db,
        spine,
        feature_set=chosen.feature_set,
        model=chosen.model,
        policy=part.policy,
        arm=part.arm,
        actor=actor,
        model_ok=chosen.model_ok,
        step=part.step,
    )
