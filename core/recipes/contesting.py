"""A decision is contested, and the lead is held for a person at once; a person's word counts at once too."""

from core.governance.contests import Asked, Contests
from core.governance.errors_contests import NoDecider
from core.recipes.arriving import Choice
from core.recipes.rooms import Rooms
from core.recipes.sweeping import decide_now


def contest(rooms: Rooms, choice: Choice, lead_id: str, reason: str, actor: str) -> Asked:
    """Contest the lead's newest decision and decide it as held; raises what `Contests.ask` raises, and NoDecider."""
    chosen = choice()
    if chosen is None:
        raise NoDecider
    asked = Contests(rooms.db, rooms.users).ask(chosen.policy, lead_id, reason, actor)
    decide_now(rooms, chosen, [lead_id], rooms.db.clock.now(), actor)
    return asked


def settle(rooms: Rooms, choice: Choice, contest_id: str, verdict: str, comment: str, actor: str) -> None:
    """Note a person's word and decide the lead by it; raises what `Contests.settle` raises, and NoDecider."""
    contests, chosen = Contests(rooms.db, rooms.users), choice()
    if chosen is None:
        raise NoDecider
    lead_id = contests.lead_of(contest_id)
    contests.settle(contest_id, verdict, comment, actor)
    decide_now(rooms, chosen, [lead_id], rooms.db.clock.now(), actor)
