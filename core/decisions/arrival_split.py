"""Deciding on arrival while a version is on its way: the leads are spread over two deciders as the rollout says."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from core.decisions.arms import CANARY, LIVE, SHADOW
from core.decisions.arrival import BEHIND, Chosen, Decider, Done, Waiting
from core.decisions.arrival_course import Course
from core.decisions.exposure import Exposure, parts
from core.decisions.store_arrivals import ArrivalStore
from core.decisions.trail import Trail
from core.kernel.database import Database


class Split:
    """Decides like a `Decider`: the version before for its units, the candidate for its own, or as a shadow for all."""

    def __init__(self, db: Database, chosen: Chosen, exposure: Exposure, trail: Trail | None = None) -> None:
        self._db, self.chosen, self._exposure = db, chosen, exposure
        self._arrivals = ArrivalStore(db)
        before = replace(chosen, policy=exposure.before, arm=LIVE)
        candidate = replace(chosen, policy=exposure.candidate, arm=SHADOW if exposure.is_shadow else CANARY)
        course = Course(LIVE)
        self._deciders = {
            one.arm: Decider(db, one, trail, None if one.arm == SHADOW else course) for one in (before, candidate)
        }

    def prepare(self) -> None:
        """Take the log into memory for both."""
        for decider in self._deciders.values():
            decider.prepare()

    def decide(self, waiting: Sequence[Waiting]) -> Done:
        """Decide the leads, each in its arm; a shadow's decisions are no one's that waited."""
        decided: list[Waiting] = []
        stage_us: dict[str, int] = {}
        for arm, mine in self._spread(waiting).items():
            done = self._deciders[arm].decide(mine)
            if arm != SHADOW:
                decided += done.decided
                stage_us = {name: stage_us.get(name, 0) + spent for name, spent in done.stage_us.items()}
        return Done(decided, stage_us)

    def _spread(self, waiting: Sequence[Waiting]) -> dict[str, list[Waiting]]:
        homes = self._arrivals.open_leads([one.lead_id for one in waiting])
        rows = [(homes[one.lead_id][0], one.received_at + BEHIND) for one in waiting if one.lead_id in homes]
        schema = {"lead_id": pl.String, "known_at": pl.Datetime("us")}
        spine = pl.DataFrame(rows, schema=schema, orient="row").unique("lead_id", keep="last", maintain_order=True)
        found: dict[str, list[Waiting]] = {}
        for part in parts(self._db, spine, self._exposure):
            inside = set(part.spine["lead_id"])
            found[part.arm] = [one for one in waiting if one.lead_id in homes and homes[one.lead_id][0] in inside]
        return found


def decider_of(db: Database, chosen: Chosen, trail: Trail | None = None) -> Decider | Split:
    """What decides by the choice: one decider, or two while a version is on its way."""
    return Split(db, chosen, chosen.exposure, trail) if chosen.exposure else Decider(db, chosen, trail)
