"""The committer: a bounded queue, and one thread that commits what waits in it, many requests at a time."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.kernel import telemetry
from core.kernel.database import Database
from core.kernel.errors import NoSpace, code_of
from core.signals.ingest.errors import QueueFull, ReadOnly
from core.signals.ingest.landing import Arrived, Memory, commit
from core.signals.ingest.parcels import Parcel, Receipt, together
from core.signals.ingest.store import last_received

QUEUE_ROWS = 20_000
QUEUE_BYTES = 64 * 2**20
GROUP_ROWS = 4_000
WINDOW_SECONDS = 0.002
LONGEST_SECONDS = 0.012
PROBE_SECONDS = 1.0
LONGEST_RETRY = 30
Committed = Callable[[pl.DataFrame, datetime, tuple[str, str] | None], None]


@dataclass(frozen=True)
class Limits:
    """How much may wait, and how much is committed at once."""

    rows: int = QUEUE_ROWS
    size: int = QUEUE_BYTES
    group_rows: int = GROUP_ROWS


@dataclass(frozen=True)
class State:
    """How the committer stands: what waits (rows, bytes), what it has done, and why it takes nothing, if so."""

    rows: int
    size: int
    accepted: int
    duplicate: int
    refused: int
    commits: int
    read_only: str | None


Waiting = tuple[Parcel, "Future[Receipt]"]


class Ingest:
    """Takes parcels while there is room and answers each after its durable commit; `committed` hears of new events."""

    def __init__(self, db: Database, limits: Limits | None = None, committed: Committed | None = None) -> None:
        self._db, self._limits, self._committed = db, limits or Limits(), committed
        self._waiting: deque[Waiting] = deque()
        self._changed = threading.Condition()
        self._rows = self._size = 0
        self._counts = {"accepted": 0, "duplicate": 0, "refused": 0, "commits": 0}
        self._read_only: str | None = None
        self._probe_at = self._worked_at = 0.0
        self._last = last_received(db) or db.clock.now() - timedelta(days=1)
        self._ending = False
        self._memory = Memory()
        self._thread = threading.Thread(target=self._run, name="ingest-committer", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """How it stands now."""
        with self._changed:
            return State(self._rows, self._size, **self._counts, read_only=self._read_only)

    def is_idle(self, seconds: float) -> bool:
        """Whether nothing waits and nothing was committed for so long."""
        with self._changed:
            return not self._waiting and not self._rows and time.monotonic() - self._worked_at >= seconds

    def check_open(self) -> None:
        """Refuse with ReadOnly while the disk is full; once a second a request is let through to try again."""
        with self._changed:
            if self._read_only and time.monotonic() < self._probe_at:
                raise ReadOnly(self._read_only)
            self._probe_at = time.monotonic() + PROBE_SECONDS

    def submit(self, parcel: Parcel) -> "Future[Receipt]":
        """The receipt to come; raises QueueFull where there is no room, ReadOnly where nothing is taken any more."""
        answer: Future[Receipt] = Future()
        with self._changed:
            if self._ending:
                raise ReadOnly("the server is stopping.")
            if self._rows + parcel.rows > self._limits.rows or self._size + parcel.size > self._limits.size:
                raise QueueFull(self._rows, self._size, self._retry_seconds())
            self._rows, self._size = self._rows + parcel.rows, self._size + parcel.size
            self._waiting.append((parcel, answer))
            self._changed.notify()
        return answer

    def stop(self) -> None:
        """Commit what waits, then end; nothing more is taken."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()

    def _retry_seconds(self) -> int:
        return min(1 + self._rows // (2 * self._limits.group_rows), LONGEST_RETRY)

    def _run(self) -> None:
        while group := self._next():
            self._answer(group)
            with self._changed:
                self._worked_at = time.monotonic()
                self._rows -= sum(parcel.rows for parcel, _ in group)
                self._size -= sum(parcel.size for parcel, _ in group)

    def _next(self) -> list[Waiting]:
        """The next group, at most so many rows; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
        self._linger()
        group: list[Waiting] = []
        with self._changed:
            rows = 0
            while self._waiting and (not group or rows + self._waiting[0][0].rows <= self._limits.group_rows):
                group.append(self._waiting.popleft())
                rows += group[-1][0].rows
        return group

    def _linger(self) -> None:
        """Wait a moment for others, and as long as they come: senders that wait for answers then share a commit."""
        until, known = time.monotonic() + LONGEST_SECONDS, 0
        while known < len(self._waiting) and self._rows < self._limits.group_rows and time.monotonic() < until:
            known = len(self._waiting)
            if not self._ending:
                time.sleep(WINDOW_SECONDS)

    def _answer(self, group: Sequence[Waiting]) -> None:
        """Commit the group and answer it; where that fails, request by request, each item by itself if need be."""
        try:
            self._done(group, *commit(self._db, [parcel for parcel, _ in group], self._stamp, self._memory))
        except NoSpace as error:
            self._refuse(group, error)
        except Exception:
            for one in group:
                self._answer_alone(one)

    def _answer_alone(self, waiting: Waiting) -> None:
        parcel, answer = waiting
        try:
            receipt = self._committed_alone(parcel)
        except NoSpace as error:
            self._refuse([waiting], error)
        except Exception as fault:
            _give(answer, fault)
        else:
            _give(answer, receipt)

    def _committed_alone(self, parcel: Parcel) -> Receipt:
        """Commit a part of a request the long way; where that fails its halves, down to the one item that is held.

        Raises what holding it raises: then nothing can be stored at all.
        """
        try:
            receipts, arrived = commit(self._db, [parcel], self._stamp, self._memory, plainly=False)
        except NoSpace:
            raise
        except Exception as fault:
            if not parcel.records:
                raise
            parts = parcel.halves() if parcel.rows > 1 else [parcel.held("unprocessable", type(fault).__name__)]
            return together([self._committed_alone(part) for part in parts])
        self._note(receipts, arrived)
        return receipts[0]

    def _done(self, group: Sequence[Waiting], receipts: Sequence[Receipt], arrived: Arrived | None) -> None:
        self._note(receipts, arrived)
        for (_, answer), receipt in zip(group, receipts, strict=True):
            _give(answer, receipt)

    def _note(self, receipts: Sequence[Receipt], arrived: Arrived | None) -> None:
        """Count what was stored and tell of it; a listener that fails keeps nobody from an answer."""
        with self._changed:
            self._read_only = None
            self._counts["commits"] += 1
            self._counts["accepted"] += sum(one.accepted for one in receipts)
            self._counts["duplicate"] += sum(one.duplicate for one in receipts)
            self._counts["refused"] += sum(len(one.errors) for one in receipts)
        if arrived is not None and self._committed:
            try:
                self._committed(arrived.events, arrived.received_at, arrived.step)
            except Exception as fault:
                telemetry.log("ingest.fault", code=code_of(fault))

    def _refuse(self, group: Sequence[Waiting], error: NoSpace) -> None:
        with self._changed:
            self._read_only, self._probe_at = error.message, time.monotonic() + PROBE_SECONDS
        for _, answer in group:
            _give(answer, ReadOnly(error.message))

    def _stamp(self) -> datetime:
        """Now, and later than every stamp before, those of earlier runs too, whatever the machine's clock does."""
        self._last = max(self._db.clock.now(), self._last + timedelta(microseconds=1))
        return self._last


def _give(answer: "Future[Receipt]", given: Receipt | Exception) -> None:
    """Answer a request, unless it was given up meanwhile."""
    if not answer.set_running_or_notify_cancel():
        return
    if isinstance(given, Exception):
        answer.set_exception(given)
    else:
        answer.set_result(given)
