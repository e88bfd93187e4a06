"""The thread that decides on arrival: its backlog is bounded, and is taken from the store after a restart."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import polars as pl

from core.decisions.arrival import Chosen, Decider, Done, Waiting
from core.decisions.arrival_split import Split, decider_of
from core.decisions.store_arrivals import ArrivalStore
from core.decisions.trail import Step, Trail
from core.kernel import telemetry
from core.kernel.database import Database
from core.kernel.errors import NoSpace, code_of

MOST_WAITING = 50_000
MOST_AT_ONCE = 64
PAUSE_SECONDS = 1.0
Choose = Callable[[], Chosen | None]
Heard = Callable[[Done], None]


@dataclass(frozen=True)
class ArrivalState:
    """How deciding on arrival stands: leads that wait, decisions made, and leads that could not be decided."""

    waiting: int
    decided: int
    failed: int


class Arrivals:
    """Decides leads as their events arrive: `choose` says by what (None: nothing decides)."""

    def __init__(self, db: Database, choose: Choose) -> None:
        self._db, self._choose = db, choose
        self._heard: Heard | None = None
        self._store = ArrivalStore(db)
        self._waiting: dict[str, Waiting] = {}
        self._changed = threading.Condition()
        self._behind = True
        self._ending = False
        self._decided = self._failed = 0
        self._decider: Decider | Split | None = None
        self._trail = Trail()
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)
        self._thread.start()

    @property
    def state(self) -> ArrivalState:
        """How it stands now."""
        with self._changed:
            return ArrivalState(len(self._waiting), self._decided, self._failed)

    def offer(self, events: pl.DataFrame, received_at: datetime, step: Step | None = None) -> None:
        """Take the leads of committed events: lead_id, event_id, trace_id, in their order.

        `step`: the revisions of the signals before and after, where nothing but events of known leads was written.
        Where too many wait already these are left to the store, and fetched from there once there is room.
        """
        if step is not None:
            self._trail.note(step)
        since = time.perf_counter()
        moment = received_at.replace(tzinfo=None)
        with self._changed:
            for lead_id, event_id, trace_id in events.select("lead_id", "event_id", "trace_id").iter_rows():
                if lead_id not in self._waiting and len(self._waiting) >= MOST_WAITING:
                    self._behind = True
                    break
                self._waiting[lead_id] = Waiting(lead_id, event_id, trace_id, moment, since)
            self._changed.notify()

    def hear(self, heard: Heard) -> None:
        """Tell `heard` of every micro-batch from now on, once its decisions can be read."""
        self._heard = heard

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nobody waits for a decision, at most so long; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._behind, seconds)

    def stop(self) -> None:
        """End after the micro-batch at work; who still waits is found in the store by the next start."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending:
            try:
                self._step()
            except Exception as fault:
                telemetry.log("arrivals.fault", code=code_of(fault))
                time.sleep(PAUSE_SECONDS)
            with self._changed:
                self._changed.notify_all()

    def _step(self) -> None:
        decider = self._current()
        if decider is None:
            self._let_go()
            return
        if self._behind:
            self._fetch()
        batch = self._next()
        if batch:
            self._decide(decider, batch)

    def _current(self) -> Decider | Split | None:
        """What decides now; made anew where the choice has changed, which also looks for leads left behind."""
        chosen = self._choose()
        if chosen is None:
            self._decider = None
        elif self._decider is None or self._decider.chosen.key != chosen.key:
            self._behind = self._behind or self._decider is None
            self._decider = decider_of(self._db, chosen, self._trail)
            self._decider.prepare()
        return self._decider

    def _let_go(self) -> None:
        """While nothing decides nobody waits: whose events come meanwhile is in the store."""
        with self._changed:
            self._waiting.clear()
            self._behind = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ending, PAUSE_SECONDS)

    def _fetch(self) -> None:
        """Put the leads that the store holds undecided in front."""
        since = time.perf_counter()
        found = self._store.undecided().head(MOST_WAITING + 1)
        missed = {
            lead_id: Waiting(lead_id, event_id, trace_id, received_at, since)
            for lead_id, event_id, trace_id, received_at in found.head(MOST_WAITING).iter_rows()
        }
        with self._changed:
            self._waiting = missed | self._waiting
            self._behind = found.height > MOST_WAITING
            self._changed.notify_all()

    def _next(self) -> list[Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._behind or self._ending)
            return list(islice(self._waiting.values(), MOST_AT_ONCE))

    def _decide(self, decider: Decider | Split, batch: list[Waiting]) -> None:
        """Decide the micro-batch; where it cannot be, each lead by itself, and those that still cannot are left out."""
        try:
            with telemetry.span("decide", links=[one.trace_id for one in batch if one.trace_id], leads=len(batch)):
                done = decider.decide(batch)
                telemetry.stages({name: us for name, us in done.stage_us.items() if name != "wait"})
        except NoSpace:
            telemetry.judge("availability", bad=len(batch))
            time.sleep(PAUSE_SECONDS)
            return
        except Exception as fault:
            if len(batch) > 1:
                for one in batch:
                    self._decide(decider, [one])
                return
            self._fail(batch[0], fault)
        else:
            self._note(done)
        self._drop(batch)

    def _note(self, done: Done) -> None:
        self._decided += len(done.decided)
        for name, spent in done.stage_us.items():
            telemetry.observe("stage_seconds", spent / 1e6 / len(done.decided), stage=name)
        if self._heard is not None and done.decided:
            self._heard(done)

    def _fail(self, one: Waiting, fault: Exception) -> None:
        self._failed += 1
        telemetry.judge("availability", bad=1)
        telemetry.log("arrival.failed", lead_id=one.lead_id, event_id=one.event_id, code=code_of(fault))

    def _drop(self, batch: Iterable[Waiting]) -> None:
        """Take out who was dealt with, but for leads of which a newer event has come meanwhile."""
        with self._changed:
            for one in batch:
                if self._waiting.get(one.lead_id) is one:
                    del self._waiting[one.lead_id]
