"""What people of the demo said by hand: verdicts on leads, some put to rest or routed elsewhere, a campaign marked."""

from datetime import timedelta

import polars as pl

from core.decisions.store_board import DecisionBoard
from core.decisions.store_overrides import Kind
from core.demo import world
from core.demo.tables import STARTS_AT
from core.governance.feedback import Verdict
from core.governance.overrides import Override
from core.governance.users import DEFAULT_ACTOR
from core.recipes.rooms import Rooms

VERDICTS = (*[Verdict.GOOD] * 7, *[Verdict.TOO_EARLY] * 3, *[Verdict.JUNK] * 2)
NEXT, SNOOZED, ROUTED = 60, 5, 4


def speak(rooms: Rooms, actor: str = DEFAULT_ACTOR) -> None:
    """Say it of the best ranked open leads, once a store: nothing where somebody spoke already, or leads are few."""
    if rooms.feedback.latest().height or rooms.overrides.store.listed().height:
        return
    rows = DecisionBoard(rooms.db).rows().filter(~pl.col("is_closed"), pl.col("disposition") == "PERMIT")
    judged, others = rows["lead_id"].head(len(VERDICTS)), rows.slice(len(VERDICTS)).drop_nulls("pool")
    if others.is_empty():
        return
    usual = others["pool"].head(NEXT).mode().sort()[0]
    rested, moved = others.filter(pool=usual).head(SNOOZED), others.filter(pl.col("pool") != usual).head(ROUTED)
    rooms.feedback.give_to(dict(zip(judged, VERDICTS, strict=True)), actor)
    words = (
        (Override(Kind.SNOOZE, "Away, asked to be called again"), rested),
        (Override(Kind.ROUTE, "Their buyer sits there", usual), moved),
    )
    for said, about in words:
        if about.height:
            rooms.overrides.place(said, about["lead_id"].to_list(), actor)
    rooms.annotations.add(STARTS_AT + timedelta(days=world.DRIFT_DAY), "Content campaign begins", actor)
