"""A decision is contested, and the lead is held for a person at once; a person's word counts at once too.

The contest and the decision that tells it are two changes. What the first says is compared with the newest decision
until they agree: here at once, and by every sweep and every later contest, so that a crash between them is made up for.
"""

from core.decisions.arrival import Chosen
from core.governance.contests import Asked, Contests
from core.governance.errors_contests import NoDecider
from core.recipes.arriving import Choice
from core.recipes.rooms import Rooms
from core.recipes.sweeping import tell_contests


def contest(rooms: Rooms, choice: Choice, lead_id: str, reason: str, actor: str) -> Asked:
    """Contest the lead's newest decision and decide it as held; raises what `Contests.ask` raises, and NoDecider."""
    chosen = _chosen(choice)
    asked = Contests(rooms.db, rooms.users).ask(chosen.policy, lead_id, reason, actor)
    _tell(rooms, chosen, actor)
    return asked


def settle(rooms: Rooms, choice: Choice, contest_id: str, verdict: str, comment: str, actor: str) -> None:
    """Note a person's word and decide the lead by it; raises what `Contests.settle` raises, and NoDecider."""
    chosen = _chosen(choice)
    Contests(rooms.db, rooms.users).settle(contest_id, verdict, comment, actor)
    _tell(rooms, chosen, actor)


def _chosen(choice: Choice) -> Chosen:
    chosen = choice()
    if chosen is None:
        raise NoDecider
    return chosen


def _tell(rooms: Rooms, chosen: Chosen, actor: str) -> None:
    """Tell every contest, twice: who decided a lead at the same moment may have known nothing of its contest."""
    for _ in range(2):
        tell_contests(rooms, chosen, rooms.db.clock.now(), actor)
