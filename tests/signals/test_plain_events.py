"""Live events that are seen to be plain leave the same store as events that go the whole way."""

import json
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals import store_layout
from core.signals.ingest import Sender, landing, plain, segment_batch, sound
from core.signals.ingest.landing import Memory, commit
from core.signals.schemas.document import read
from core.signals.store_schemas import register
from core.signals.store_sources import Sources

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
KINDS = ("visit", "pricing", "demo", "webinar", "Bezahlt ✓")
ROBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
SCHEMA = """schema: leadbench/event-schema/v1
type: demo
version: 1
properties:
  seats: {type: number, required: true}
  plan: {type: text}
"""
TABLES = {
    "events": "event_no", "leads": "lead_no", "event_kinds": "kind_no", "accounts": "account_no",
    "lead_accounts": "lead_no, account_no, origin", "event_properties": "property", "event_words": "property, code",
    "log_layout": "events", "source_batches": "batch_id, source", "batches": "batch_id",
    "identity_statements": "from_no, into_no, received_at, kind", "lead_merges": "from_no, known_from",
    "attributes": "lead_no, name, received_at", "event_corrections": "correction_id",
    "event_originals": "event_id", "source_breakers": "source, opened_at",
}  # fmt: skip


def values(rng):
    """Properties of an event: mostly the same few, now and then a surprise."""
    found = {"plan": rng.choice("abc"), "seats": rng.randrange(90), "trial": rng.random() < 0.5, "page": "/pricing"}
    surprises = [
        {"plan": "d"}, {"plan": None}, {"seats": 7.25}, {"seats": -0.0}, {"seats": 10**25}, {"seats": "many"},
        {"trial": "no"}, {"page": 'a "quoted"\\name'}, {"page": "Ünïcode ✓"}, {"brand new": 1}, {"plan": {"a": [1]}},
        {"email": "ann@example.org"}, {"note": "x\u0000y"}, {"seats": None}, {"plan": 3},
    ]  # fmt: skip
    return found | (rng.choice(surprises) if rng.random() < 0.05 else {})


def message(rng, number):
    """A call as a site sends it: most are plain track calls."""
    person, chance = rng.randrange(25), rng.random()
    occurred = START + timedelta(minutes=number - (rng.choice([90, 9_000]) if rng.random() < 0.05 else 0))
    found = {
        "type": "track", "messageId": f"e{number}", "event": rng.choice(KINDS), "properties": values(rng),
        "channel": rng.choice(["web", "mobile"]), "timestamp": occurred.isoformat(),
        **({"anonymousId": f"v{person}"} if rng.random() < 0.3 else {"userId": f"u{person}"}),
        "context": {"ip": "10.0.0.1", "userAgent": ROBOT if chance > 0.99 else "Mozilla/5.0", "session": number % 7},
    }  # fmt: skip
    if chance < 0.01:
        found |= {"type": "identify", "userId": f"u{person}", "anonymousId": f"v{person}", "traits": {"size": person}}
    elif chance < 0.02:
        found["context"]["corrects"] = f"e{max(number - 9, 0)}"
    elif chance < 0.03:
        found["messageId"] = f"e{max(number - 5, 0)}"
    elif chance < 0.2:
        found["context"]["groupId"] = f"a{person % 5}"
    return found


def groups(seed, events):
    """Bodies of requests in groups that are committed together."""
    rng, number = random.Random(seed), 0
    while number < events:
        sizes = [rng.choice([1, 1, 2]) for _ in range(rng.choice([1, 1, 1, 3]))]
        bodies = []
        for size in sizes:
            bodies.append({"batch": [message(rng, number + place) for place in range(size)]})
            number += size
        yield number, bodies


def meanwhile(db, share, done):
    """What others do to the signals while events come in, each once."""
    if share > 0.3 and "compact" not in done:
        done.add("compact")
        store_layout.compact(db, "ana")
    if share > 0.6 and "schema" not in done:
        done.add("schema")
        register(db, read(SCHEMA, "demo.yaml"), "ana")
    if share > 0.8 and "contract" not in done:
        done.add("contract")
        Sources(db).confirm("mobile", {"lateness_hours": 1.0, "burst_per_minute": 2}, "ana")


def stored(folder, seed, events):
    """Every table of a store that took the traffic; sealed values differ by chance and are left out."""
    clock, told, done = FixedClock(START + timedelta(days=1)), [], set()
    with Database.open(folder, clock) as db:
        memory, ticks = Memory(), iter(range(10**6))
        for number, bodies in groups(seed, events):
            parcels = [segment_batch(json.dumps(body).encode(), Sender("site"), clock.now()) for body in bodies]
            receipts, arrived = commit(db, parcels, lambda: clock.now() + timedelta(microseconds=next(ticks)), memory)
            told.append(([one.to_json() for one in receipts], arrived and arrived.events.rows()))
            meanwhile(db, number / events, done)
        assert db.verify().ok
        tables = {name: db.read(f"SELECT * FROM {name} ORDER BY {order}") for name, order in TABLES.items()}
        held = db.read("SELECT * EXCLUDE (sealed) FROM quarantine ORDER BY quarantine_id")
        bodies = db.entries("signals")["body"].to_list()
    return {name: _open(frame) for name, frame in tables.items()}, held, told, bodies


def _open(frame):
    hidden = [
        pl.col(name).str.replace_all(r'"sealed":"[^"]*"', '"sealed"') for name in frame.columns if name == "properties"
    ]
    return frame.drop("sealed", strict=False).with_columns(hidden)


def compare(tmp_path, monkeypatch, seed, events):
    taken = []
    quick = plain.land
    monkeypatch.setattr(landing.plain, "land", lambda *given: taken.append(quick(*given)) or taken[-1])
    tables, held, told, bodies = stored(tmp_path / "quick", seed, events)
    assert sum(one is not None for one in taken) > events / 10, "too few groups were plain for this to compare anything"
    monkeypatch.setattr(landing.plain, "land", lambda *given: None)
    monkeypatch.setattr("core.signals.ingest.gate.sound_rows", lambda places, now: None)
    assert sound.sound_rows is not None
    other, held_too, told_too, bodies_too = stored(tmp_path / "whole", seed, events)
    assert told == told_too
    for name, frame in tables.items():
        assert frame.equals(other[name]), name
    assert held.equals(held_too)
    assert bodies == bodies_too


def test_plain_events_leave_what_the_whole_way_leaves(tmp_path, monkeypatch):
    compare(tmp_path, monkeypatch, 1, 90)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(2, 22))
def test_plain_events_leave_what_the_whole_way_leaves_at_length(tmp_path, monkeypatch, seed):
    compare(tmp_path, monkeypatch, seed, 420)
