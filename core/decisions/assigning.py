"""Who gets a lead: a rep of its pool by the row's method, within caps, hours and absence; else the next pool.

Nothing is drawn: the choice follows from the reps as known, from who holds which leads, and from who got how many -
all of it in the store, so the same decisions in the same order give the same assignees.
"""

from bisect import insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from core.decisions.breaching import POOL
from core.decisions.duty import duty_of, is_away
from core.decisions.handing import Hands, pool_in_reach
from core.decisions.hops import OWNER, asks_lead, chain, hands_on
from core.decisions.sight import Held, Load, Place, Sight, reps_text
from core.kernel.canonical import digest
from core.policy.blocks import Pool, PoolCapacity
from core.policy.document import Document
from core.policy.outcome import Outcome, Reason

QUEUE = "queue"
FOLLOW_SUN = "follow_sun"
WORDS = {
    "no_reps": "nobody is listed for the pool",
    "away": "everybody is away",
    "off_duty": "nobody is on duty",
    "other_territory": "nobody has the lead's territory",
    "full": "everybody's open leads or leads of the day are at their cap",
    "no_owner": "the lead has no owner who is a rep",
    "breached": "nobody took it up in the agreed time",
}


@dataclass(frozen=True)
class _Board:
    """What the reps of a pool have on a day, in their order."""

    day: date
    names: Sequence[str]
    loads: list[Load]


@dataclass
class Desk:
    """The reps and their leads, carried from decision to decision.

    `today` counts what each rep got in a pool on a day, `last` says at which turn a rep got one last; a lead that is
    known to be closed at `closes` is open no more. `held` is who has a lead by the policy: it counts as open with who
    has it by `hands`, where a person said so.
    """

    places: Mapping[str, Sequence[Place]]
    held: dict[str, Held] = field(default_factory=dict)
    closes: Mapping[str, datetime] = field(default_factory=dict)
    today: Counter[tuple[str, str, date]] = field(default_factory=Counter)
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    turns: int = 0
    hands: Hands = field(default_factory=Hands)
    lands: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open = Counter((one.pool, one.assignee) for one in self.held.values())
        self._closing = sorted((at, lead) for lead, at in self.closes.items() if lead in self.held)
        self._boards: dict[tuple[str, str], _Board] = {}
        self._owners = {place.assignee for places in self.places.values() for place in places}

    @classmethod
    def seen(cls, sight: Sight, places: Mapping[str, Sequence[Place]], document: Document, lead_id: str) -> "Desk":
        """The desk as far as an earlier choice saw it; places are those that the sight names by hash."""
        desk = cls(places, {lead_id: sight.held} if sight.held else {})
        for pool, loads in sight.loads.items():
            for place, load in zip(desk._places(document, pool), loads, strict=True):
                key = (pool, place.assignee)
                desk.open[key], desk.last[key] = load.open, load.last
                desk.today[(*key, sight.moment.date())] = load.today
        return desk

    def hear(self, hands: Hands, lands: Mapping[str, str]) -> None:
        """Count open leads with who has them by these words; `lands`: the policy's pool of each that a hand reaches."""
        self.hands, self.lands = hands, dict(lands)
        found = (self._lies(lead) for lead in {*self.held, *hands.by_lead})
        self.open = Counter((one.pool, one.assignee) for one in found if one)
        self._boards.clear()

    def _lies(self, lead_id: str) -> Held | None:
        """Who has the lead: by a person's word that counts, else by the policy."""
        held, hand, pool = self.held.get(lead_id), self.hands.by_lead.get(lead_id), self.lands.get(lead_id)
        return held if hand is None or pool is None else hand.over(pool, held)

    @cached_property
    def reps(self) -> str:
        """The places as canonical JSON."""
        return reps_text(self.places)

    @cached_property
    def reps_hash(self) -> str:
        """The hash of the places."""
        return digest(self.reps.encode())

    def sight(
        self, document: Document, lead_id: str, outcome: Outcome, known: Mapping[str, object], moment: datetime
    ) -> Sight | None:
        """What `assign` would choose by for this lead, None where it chooses nobody; arguments as there.

        `assign` notes in it the loads of the pools that it asks.
        """
        wanted = _wanted_in(outcome)
        if wanted is None:
            return None
        self._close_until(moment)
        way = chain(document, wanted, outcome)
        held = self.held.get(lead_id)
        if held and held.pool not in way:
            held = None
        asked = () if held and self._still_there(document, held, moment) else way
        fields = {document.pools[pool].territory or OWNER for pool in asked if asks_lead(document.pools[pool])}
        return Sight(self.reps_hash, moment, held, {name: known.get(name) for name in fields}, {})

    def _loads(self, document: Document, pool: str, day: date) -> list[Load]:
        """What each rep of the pool has, in their order; kept from decision to decision, since one changes at most."""
        key = pool, document.pools[pool].members or pool
        board = self._boards.get(key)
        if board is None or board.day != day:
            names = [place.assignee for place in self._places(document, pool)]
            board = self._boards[key] = _Board(day, names, [self._load(pool, name, day) for name in names])
        return [*board.loads]

    def _load(self, pool: str, assignee: str, day: date) -> Load:
        key = pool, assignee
        return Load(self.open.get(key, 0), self.today.get((*key, day), 0), self.last.get(key, 0))

    def _changed(self, pool: str, assignee: str) -> None:
        """The rep's load moved: what is kept of it is told anew."""
        for (name, _), board in self._boards.items():
            if name == pool:
                for place in [place for place, one in enumerate(board.names) if one == assignee]:
                    board.loads[place] = self._load(pool, assignee, board.day)

    def _places(self, document: Document, name: str) -> Sequence[Place]:
        """Who stands in the pool by name; nobody where leads go to their own owners."""
        pool = document.pools[name]
        return () if pool.capacity == OWNER else self.places.get(pool.members or name, ())

    def assign(
        self,
        document: Document,
        lead_id: str,
        outcome: Outcome,
        known: Mapping[str, object],
        moment: datetime,
        sight: Sight | None = None,
    ) -> tuple[Outcome, str | None]:
        """The outcome with the pool where the lead lands and a reason for every pool that it passed, and who gets it.

        `known` are the lead's fields by name, for owners and territories; moment is naive UTC; the loads of the pools
        that are asked are noted in `sight`. What people said moves loads, not the choice itself.
        """
        found, who = self._assigned(document, lead_id, outcome, known, moment, sight)
        if lead_id in self.hands.by_lead:
            self._land(lead_id, pool_in_reach(found))
        return found, who

    def _land(self, lead_id: str, pool: str | None) -> None:
        before = self._lies(lead_id)
        self.lands.pop(lead_id, None)
        self.lands.update({} if pool is None else {lead_id: pool})
        self._recount(before, self._lies(lead_id))

    def _assigned(
        self, document: Document, lead_id: str, outcome: Outcome, known: Mapping[str, object], moment: datetime,
        sight: Sight | None,
    ) -> tuple[Outcome, str | None]:  # fmt: skip
        self._close_until(moment)
        wanted = _wanted_in(outcome)
        if wanted is None:
            self._release(lead_id)
            return outcome, None
        way = chain(document, wanted, outcome)
        held = self.held.get(lead_id)
        if held and held.pool in way and self._still_there(document, held, moment):
            reasons = tuple(Reason(POOL + pool, "kept") for pool in way[: way.index(held.pool)])
            return replace(outcome, pool=held.pool, reasons=(*outcome.reasons, *reasons)), held.assignee
        passed: list[Reason] = []
        for pool in way:
            if sight and self._places(document, pool):
                sight.loads[pool] = self._loads(document, pool, moment.date())
            found = self._choose(document.pools[pool], pool, outcome.method, known, moment)
            if isinstance(found, Place):
                self._give(lead_id, pool, found.assignee, moment)
                return replace(outcome, pool=pool, reasons=(*outcome.reasons, *passed)), found.assignee
            if found is None:
                break
            passed.append(Reason(POOL + pool, found))
            if not hands_on(document.pools[pool]):
                break
            outcome = replace(outcome, pool=document.pools[pool].fallback)
        self._release(lead_id)
        return replace(outcome, reasons=(*outcome.reasons, *passed)), None

    def _choose(
        self, pool: Pool, name: str, method: str | None, known: Mapping[str, object], moment: datetime
    ) -> Place | str | None:
        """Who takes the lead; else why nobody does; None where the pool is worked as a queue, by nobody by name."""
        if pool.capacity == OWNER:
            owner = known.get(pool.territory or OWNER)
            return Place(str(owner)) if owner in self._owners else "no_owner"
        places = self.places.get(pool.members or name, ())
        if not places:
            return None if pool.capacity == "unbounded" else "no_reps"
        return self._among(pool, name, method, places, known, moment)

    def _among(
        self,
        pool: Pool,
        name: str,
        method: str | None,
        places: Sequence[Place],
        known: Mapping[str, object],
        moment: datetime,
    ) -> Place | str:
        there = [one for one in places if not is_away(one.away, moment)]
        if not there:
            return "away"
        if pool.territory:
            wanted = known.get(pool.territory)
            there = [one for one in there if one.territory in (None, wanted)]
            if not there:
                return "other_territory"
        awake = [one for one in there if duty_of(one.calendar).is_on(moment)]
        if not awake and pool.calendar == FOLLOW_SUN:
            return "off_duty"
        free = [one for one in awake if self._is_free(pool, name, one, moment)]
        if not free and pool.calendar != FOLLOW_SUN:
            free = [one for one in there if self._is_free(pool, name, one, moment)]
        return min(free, key=lambda one: self._turn(name, method, one, moment)) if free else "full"

    def _turn(self, pool: str, method: str | None, place: Place, moment: datetime) -> tuple[float, int, str]:
        """The lower, the sooner: by load, or by what was got today for the weight; then who waits longest."""
        key = (pool, place.assignee)
        if method == "least_loaded":
            first = float(self.open[key])
        elif method == "weighted_round_robin":
            first = (self.today[(*key, moment.date())] + 1) / max(place.weight, 1)
        else:
            first = 0.0
        return first, self.last.get(key, 0), place.assignee

    def _is_free(self, pool: Pool, name: str, place: Place, moment: datetime) -> bool:
        own = pool.capacity if isinstance(pool.capacity, PoolCapacity) else PoolCapacity()
        per_day = place.per_day if place.per_day is not None else own.per_day
        most = place.max_open if place.max_open is not None else own.per_rep_open
        today = self.today[(name, place.assignee, moment.date())]
        return (per_day is None or today < per_day) and (most is None or self.open[(name, place.assignee)] < most)

    def _still_there(self, document: Document, held: Held, moment: datetime) -> bool:
        pool = document.pools[held.pool]
        if pool.capacity == OWNER:
            return held.assignee in self._owners
        places = self.places.get(pool.members or held.pool, ())
        return any(one.assignee == held.assignee and not is_away(one.away, moment) for one in places)

    def _give(self, lead_id: str, pool: str, assignee: str, moment: datetime) -> None:
        key = (pool, assignee)
        self.turns += 1
        self.today[(*key, moment.date())] += 1
        self.last[key] = self.turns
        self._move(lead_id, Held(pool, assignee))
        self._changed(pool, assignee)
        if lead_id in self.closes:
            insort(self._closing, (self.closes[lead_id], lead_id))

    def _release(self, lead_id: str) -> None:
        self._move(lead_id, None)

    def _move(self, lead_id: str, held: Held | None) -> None:
        """Have the lead with somebody by the policy, or with nobody."""
        before = self._lies(lead_id)
        self.held.pop(lead_id, None)
        self.held.update({lead_id: held} if held else {})
        self._recount(before, self._lies(lead_id))

    def _recount(self, before: Held | None, after: Held | None) -> None:
        for one, by in ((before, -1), (after, 1)):
            if one and before != after:
                self.open[(one.pool, one.assignee)] += by
                self._changed(one.pool, one.assignee)

    def _close_until(self, moment: datetime) -> None:
        while self._closing and self._closing[0][0] <= moment:
            _, lead_id = self._closing.pop(0)
            self._land(lead_id, None)
            self._release(lead_id)


def _wanted_in(outcome: Outcome) -> str | None:
    """The pool in which the lead wants somebody; None where nobody takes it by name."""
    return outcome.pool if outcome.disposition == "PERMIT" and outcome.method != QUEUE else None
