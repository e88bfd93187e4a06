"""What the clock does to leads, carried out: states that timed out, agreed times that passed."""

from collections import Counter
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
from core.decisions.store_contests import ContestStore
from core.decisions.store_sweep import SweepStore
from core.decisions.sweep import BREACHED, TIMED_OUT, due, moves_by_itself, untold
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
    its reasons, so it is replayed like any other; what is left over, or was decided by somebody else meanwhile, is
    looked at by the next sweep. Contests are told in every arm, and of closed leads too. Raises MomentAhead.
    """
    now = rooms.db.clock.now()
    if utc(moment) > now:
        raise MomentAhead(to_text(moment), to_text(now))
    chosen = choice()
    if chosen is None:
        return Swept()
    contested = tell_contests(rooms, chosen, moment, ACTOR)
    if chosen.arm != LIVE:
        return Swept(contested=contested)
    policies = [chosen.policy, *((chosen.exposure.before,) if chosen.exposure else ())]
    if not any(moves_by_itself(policy.document) for policy in policies):
        return Swept(contested=contested)
    leads = PopulationStore(rooms.db).leads(naive(moment), only_open=True)
    done: Counter[str] = Counter()
    for part in _parts(rooms, chosen, leads, moment):
        done.update(_swept(rooms, chosen, part, moment, most))
    return Swept(done[TIMED_OUT], done[BREACHED], contested)


def tell_contests(rooms: Rooms, chosen: Chosen, moment: datetime, actor: str) -> int:
    """Decide, as of the moment, the leads whose newest decision does not say what their contests say; how many."""
    leads, done = sorted(ContestStore(rooms.db).by_lead()), 0
    for part in _parts(rooms, chosen, leads, moment) if leads else ():
        found_at = rooms.db.revision("decisions")
        contests = _deciding(rooms, chosen, part).contests()
        if contests:
            newest = SweepStore(rooms.db).newest(part.spine["lead_id"].to_list(), moment, part.arm)
            spine = part.spine.filter(pl.col("lead_id").is_in(untold(contests, newest, naive(moment))))
            done += _decide(rooms, chosen, part, spine, actor, found_at) if spine.height else 0
    return done


def _parts(rooms: Rooms, chosen: Chosen, leads: Sequence[str], moment: datetime) -> list[Part]:
    """The leads at the moment, by who decides them."""
    times = [naive(moment)] * len(leads)
    spine = pl.DataFrame({"lead_id": leads, "as_of": times, "known_at": times}, schema=SPINE)
    if chosen.exposure is None:
        return [Part(chosen.policy, chosen.arm, None, spine)]
    return [part for part in parts(rooms.db, spine, chosen.exposure) if part.arm in ACTED_ON]


def _deciding(rooms: Rooms, chosen: Chosen, part: Part) -> Deciding:
    return Deciding(rooms.db, chosen.feature_set, chosen.model, part.policy, part.arm, ACTOR)


def _swept(rooms: Rooms, chosen: Chosen, part: Part, moment: datetime, most: int) -> dict[str, int]:
    """How many leads of the part were decided again, by why."""
    deciding, found_at = _deciding(rooms, chosen, part), rooms.db.revision("decisions")
    asks_touched = TOUCHED in part.policy.input_fields
    standing = SweepStore(rooms.db).standing(part.spine["lead_id"].to_list(), moment, asks_touched=asks_touched)
    moved = due(deciding.agreements(), standing, naive(moment), deciding.contests()).head(most)
    spine = part.spine.join(moved, on="lead_id", how="inner", maintain_order="left")
    return {
        str(why): _decide(rooms, chosen, part, rows.drop("why"), ACTOR, found_at)
        for (why,), rows in spine.group_by("why", maintain_order=True)
    }


def _decide(rooms: Rooms, chosen: Chosen, part: Part, spine: pl.DataFrame, actor: str, found_at: str) -> int:
    """How many of the rows were decided: those of leads that nobody else decided since they were found."""
    return engine.decide(
        rooms.db,
        spine,
        feature_set=chosen.feature_set,
        model=chosen.model,
        policy=part.policy,
        arm=part.arm,
        actor=actor,
        model_ok=chosen.model_ok,
        step=part.step,
        found_at=found_at,
    ).added
