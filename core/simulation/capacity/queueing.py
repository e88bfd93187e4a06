"""Leads, pools and reps as a discrete-event simulation: one queue a pool, caps, working hours, fallback hops."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from core.simulation.capacity.hours import DAY, Hours

FREED, WOKEN, ARRIVED = 0, 1, 2
"""What happens first where two things happen at once."""


@dataclass(frozen=True)
class Caps:
    """What a rep takes from a pool: leads a day, and leads at a time (waiting ones included); None is no limit."""

    per_day: int | None = None
    max_open: int | None = None


@dataclass(frozen=True)
class Rep:
    """Somebody who takes leads from some pools, within working hours."""

    name: str
    hours: Hours
    pools: Mapping[str, Caps]


@dataclass(frozen=True)
class Pool:
    """A place that leads come to; a bounded one that is full sends them on to its fallback."""

    name: str
    fallback: str | None = None
    bounded: bool = True
    terminal: bool = False


@dataclass(frozen=True)
class Arrival:
    """A lead that comes into a pool: when (minutes), how urgent it is, how many minutes somebody works on it."""

    at: float
    pool: str
    minutes: float
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an arrival: its last pool, hops, when a rep began (None: nobody yet), and who (by place).

    `kind`: staffed (a pool with reps), automatic (a pool that needs none), unassigned (nobody could take it).
    """

    kind: str
    pool: str
    hops: int
    began: float | None
    rep: int | None


@dataclass
class _Line:
    """A pool's queue and what is going on in it."""

    pool: Pool
    reps: list[int]
    daily: float
    openings: float
    waiting: list[tuple[int, int]] = field(default_factory=list)
    working: int = 0
    taken: int = 0
    day: int = -1

    def is_full(self, day: int) -> bool:
        """Whether nobody of the pool can take one lead more today, or at all."""
        taken = self.taken if day == self.day else 0
        held = len(self.waiting) + self.working
        return held >= self.openings or taken + len(self.waiting) >= self.daily


def serve(
    arrivals: Sequence[Arrival], reps: Sequence[Rep], pools: Mapping[str, Pool], weeks: int, max_hops: int
) -> list[Fate]:
    """The fate of each arrival (in order of time); the rest of chance is in the arrivals, so the same gives the same.

    A free rep takes the most urgent, then the longest waiting lead of all his pools; of several free reps the one that
    had fewest takes it. Who is at work when his hours end finishes. Leads wait for a bounded pool only while its reps'
    caps, added up, have room; else they hop to its fallback, at most `max_hops` times.
    """
    return _Floor(arrivals, reps, pools, max_hops).run(weeks)


class _Floor:
    """The state of one run."""

    def __init__(
        self, arrivals: Sequence[Arrival], reps: Sequence[Rep], pools: Mapping[str, Pool], max_hops: int
    ) -> None:
        self._arrivals, self._reps, self._max_hops = arrivals, reps, max_hops
        self._lines = {name: _line(pool, reps) for name, pool in pools.items()}
        self._busy = [False] * len(reps)
        self._handled = [0] * len(reps)
        self._today: dict[tuple[int, str], tuple[int, int]] = {}
        self._fates: list[Fate | None] = [None] * len(arrivals)
        self._next: list[tuple[float, int, int, str]] = []

    def run(self, weeks: int) -> list[Fate]:
        events = [(one.at, ARRIVED, place, "") for place, one in enumerate(self._arrivals)]
        for rep, one in enumerate(self._reps):
            events += [(moment, WOKEN, rep, "") for moment in one.hours.wakings(weeks)]
        self._next = events
        heapq.heapify(self._next)
        while self._next:
            at, kind, place, pool = heapq.heappop(self._next)
            if kind == ARRIVED:
                self._arrive(at, place)
                continue
            if kind == FREED:
                self._busy[place] = False
                self._lines[pool].working -= 1
            self._take(at, place)
        return [fate if fate is not None else _lost("") for fate in self._fates]

    def _arrive(self, at: float, place: int) -> None:
        name, hops = self._arrivals[place].pool, 0
        while (line := self._lines.get(name)) is not None and hops <= self._max_hops:
            if not line.reps and (line.pool.terminal or not line.pool.bounded):
                kind = "unassigned" if line.pool.terminal and hops else "automatic"
                self._fates[place] = Fate(kind, name, hops, None, None)
                return
            if line.reps and not (line.pool.bounded and line.is_full(int(at // DAY))):
                self._wait(at, place, line, hops)
                return
            if line.pool.fallback is None:
                break
            name, hops = line.pool.fallback, hops + 1
        self._fates[place] = Fate("unassigned", name, hops, None, None)

    def _wait(self, at: float, place: int, line: _Line, hops: int) -> None:
        self._fates[place] = Fate("staffed", line.pool.name, hops, None, None)
        heapq.heappush(line.waiting, (-self._arrivals[place].priority, place))
        free = [rep for rep in line.reps if self._may_take(at, rep, line.pool.name)]
        if free:
            self._begin(at, min(free, key=lambda rep: (self._handled[rep], rep)), line)

    def _take(self, at: float, rep: int) -> None:
        """The rep takes the most urgent lead of his pools, if he may take any."""
        lines = [self._lines[name] for name in self._reps[rep].pools if name in self._lines]
        open_lines = [line for line in lines if line.waiting and self._may_take(at, rep, line.pool.name)]
        if open_lines:
            self._begin(at, rep, min(open_lines, key=lambda line: line.waiting[0]))

    def _may_take(self, at: float, rep: int, pool: str) -> bool:
        if self._busy[rep] or not self._reps[rep].hours.is_open(at):
            return False
        per_day = self._reps[rep].pools[pool].per_day
        day, taken = self._today.get((rep, pool), (-1, 0))
        return per_day is None or day != int(at // DAY) or taken < per_day

    def _begin(self, at: float, rep: int, line: _Line) -> None:
        _, place = heapq.heappop(line.waiting)
        today, name = int(at // DAY), line.pool.name
        day, taken = self._today.get((rep, name), (-1, 0))
        self._today[rep, name] = (today, taken + 1 if day == today else 1)
        line.taken = line.taken + 1 if line.day == today else 1
        line.day = today
        line.working += 1
        self._busy[rep] = True
        self._handled[rep] += 1
        waited = self._fates[place]
        self._fates[place] = Fate("staffed", name, waited.hops if waited else 0, at, rep)
        heapq.heappush(self._next, (at + self._arrivals[place].minutes, FREED, rep, name))


def _line(pool: Pool, reps: Sequence[Rep]) -> _Line:
    """The pool's line; caps add up over its reps, and one without a cap makes the sum endless."""
    mine = [place for place, rep in enumerate(reps) if pool.name in rep.pools]
    caps = [reps[place].pools[pool.name] for place in mine]
    daily = sum(inf if one.per_day is None else one.per_day for one in caps)
    openings = sum(inf if one.max_open is None else one.max_open for one in caps)
    return _Line(pool, mine, daily, openings)


def _lost(pool: str) -> Fate:
    return Fate("unassigned", pool, 0, None, None)
