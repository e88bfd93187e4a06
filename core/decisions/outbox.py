"""What other systems are told of decisions: messages written with them, sent after the commit, at least once.

A message's id follows from its decision and its place in it, so a receiver knows one that comes again. Only decisions
that are acted on send any: a trial's and a shadow's moves are nobody's.
"""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from core.decisions import record as records
from core.decisions.arms import ACTED_ON
from core.decisions.compose import Decided
from core.decisions.store_outbox import DEAD, DELIVERED, GONE, SCHEMA, STREAM, WAITING, Letter, OutboxStore, Settled
from core.kernel.canonical import canonical
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.times import naive, to_text

ID_BYTES = 16
TOLD = (
    "decision_id", "lead_id", "trigger_event_id", "as_of", "decided_at", "arm", "score", "percentile", "band", "fit",
    "engagement", "disposition", "priority", "prev_state", "next_state", "pool", "assignee", "sla_min", "action",
    "reasons", "policy_hash", "model_hash", "feature_set_hash", "trace_id", "hash",
)  # fmt: skip
"""The fields of the decision record that a message carries."""
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long a message waits after each failed attempt, as Standard Webhooks proposes; after the last it is dead."""
JITTER = 0.1
PAUSES = WAITS[:2]
"""How long a server waits after one round and after more in which nothing arrived."""
ROUND = timedelta(seconds=10)
MOST_AT_ONCE = 200
ACTOR = "outbox"
NO_DECISION = "The decision that it tells of is gone."
_SENDING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt: delivered, or why not.

    `wait` is how long the receiver asked for, `is_final` that it wants no more of this, `is_down` that the others had
    better wait too.
    """

    ok: bool
    detail: str | None = None
    wait: timedelta | None = None
    is_final: bool = False
    is_down: bool = False


class Sink(Protocol):
    """Where messages go; an answer is given for every message, in order, and faults are answers."""

    def send(self, message_id: str, body: bytes, moment: datetime) -> Answer:
        """Hand one message over; its body is JSON."""
        ...

    def close(self) -> None:
        """End after a round."""
        ...


@dataclass(frozen=True)
class Round:
    """What a round of deliveries came to; `gone` have no decision any more, `waiting` are all that still wait."""

    delivered: int
    failed: int
    dead: int
    gone: int
    waiting: int


def messages(leads: Sequence[str], decided: Sequence[Decided]) -> pl.DataFrame:
    """The rows of the outbox that the decided leads bring about, in order."""
    rows = [
        (_message_id(one.decision_id, place), one.decision_id, lead_id, effect.kind, effect.name, effect.state)
        for lead_id, one in zip(leads, decided, strict=True)
        if one.lot.arm in ACTED_ON
        for place, effect in enumerate(one.effects)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def deliver(db: Database, sink: Sink, most: int = MOST_AT_ONCE) -> Round:
    """Send what is due, oldest first, and keep what came of it in one transaction; the live path waits for nobody.

    A message that fails waits longer each time, and keeps the later ones of its lead waiting; after the last wait it
    is dead, and kept; one whose decision is gone ends as that. What was sent before a crash and not yet noted is sent
    again under its id.
    """
    store = OutboxStore(db)
    with _SENDING:
        now = db.clock.now()
        settled: list[Settled] = [(one, GONE, tries, naive(now), NO_DECISION) for one, tries in store.orphaned(most)]
        try:
            for one in _sent(store.due(now, most), sink, db.clock):
                settled.append(one)
        finally:
            sink.close()
            store.settle(settled, naive(db.clock.now()), ACTOR)
    counts = {status: sum(row[1] == status for row in settled) for status in (DELIVERED, WAITING, DEAD, GONE)}
    return Round(counts[DELIVERED], counts[WAITING], counts[DEAD], counts[GONE], store.counts().get(WAITING, 0))


class Rounds:
    """The rounds of a server: after one of which nothing arrived or was kept the next waits, so that a receiver who is
    away costs few entries of the ledger and a full disk few repetitions; while nothing waits and nothing is written the
    store is not asked.
    """

    def __init__(self, db: Database, sink: Callable[[], Sink]) -> None:
        self._db, self._sink = db, sink
        self._in_vain, self._next, self._quiet = 0, db.clock.now(), ""

    def __call__(self) -> None:
        """A round, unless it is too early for one; raises what `deliver` raises."""
        revision = self._db.revision(STREAM)
        if self._db.clock.now() < self._next or revision == self._quiet:
            return
        failed = True
        try:
            done = deliver(self._db, self._sink())
            failed = bool(done.failed) and not done.delivered
            self._quiet = "" if done.waiting else revision
        finally:
            self._in_vain = self._in_vain + 1 if failed else 0
            pause = PAUSES[min(self._in_vain, len(PAUSES)) - 1] if failed else timedelta(0)
            self._next = self._db.clock.now() + pause


def _sent(letters: Sequence[Letter], sink: Sink, clock: Clock) -> Iterator[Settled]:
    """What became of each message that was sent, in order; none is begun once the round has taken its time."""
    held: set[str] = set()
    ends = clock.now() + ROUND
    for letter in letters:
        if letter.lead_id in held:
            continue
        moment = clock.now()
        if moment > ends:
            return
        answer = _answer(letter, sink, moment)
        yield _settled(letter, answer, moment)
        if answer.is_down:
            return
        if not answer.ok:
            held.add(letter.lead_id)


def _answer(letter: Letter, sink: Sink, moment: datetime) -> Answer:
    """The sink's answer; a fault of its own is one too, so that no message holds up the others for ever."""
    try:
        return sink.send(letter.message_id, body(letter, moment), moment)
    except Exception as fault:
        return Answer(False, f"{type(fault).__name__}: {fault}"[:200])


def body(letter: Letter, moment: datetime) -> bytes:
    """The message in Standard Webhooks' form: type, timestamp of sending, data = the effect and its decision."""
    record = records.parse(letter.record)
    effect = {"kind": letter.kind, "name": letter.name, "state": letter.state}
    told = {name: record[name] for name in TOLD} | {"lead_id": letter.lead_id}
    content = {"type": f"lead.{letter.kind}.{letter.name}", "timestamp": to_text(moment)}
    return canonical({**content, "data": {"effect": effect, "decision": told}})


def after_failure(message_id: str, attempts: int, answer: Answer) -> timedelta | None:
    """How long the message waits before its next attempt, None where there is none; jitter follows from its id."""
    if answer.is_final or attempts > len(WAITS):
        return None
    drawn = hashlib.sha256(f"{message_id} {attempts}".encode()).digest()[0] / 255
    wait = WAITS[attempts - 1] * (1 + JITTER * drawn)
    return max(wait, answer.wait) if answer.wait else wait


def _settled(letter: Letter, answer: Answer, moment: datetime) -> Settled:
    attempts, now = letter.attempts + 1, naive(moment)
    if answer.ok:
        return letter.message_id, DELIVERED, attempts, now, None
    wait = after_failure(letter.message_id, attempts, answer)
    if wait is None:
        return letter.message_id, DEAD, attempts, now, answer.detail
    return letter.message_id, WAITING, attempts, now + wait, answer.detail


def _message_id(decision_id: str, place: int) -> str:
    hashed = hashlib.sha256(f"{decision_id} {place}".encode()).digest()
    return "m_" + base64.b32encode(hashed[:ID_BYTES]).decode().rstrip("=").lower()
