"""A served store puts its log in order by itself."""

import json
import time

import pytest

from core.signals import store_layout
from core.signals.ingest import Ingest, Sender, segment_batch
from core.signals.upkeep import Upkeep

SENDER = Sender("web")


@pytest.fixture
def filled(store, monkeypatch):
    """A store with 60 live events, where a tail of 50 is due."""
    monkeypatch.setattr(store_layout, "DUE_EVENTS", 50)
    events = [{"type": "track", "messageId": f"e{n}", "userId": f"u{n % 7}", "event": "a"} for n in range(60)]
    ingest = Ingest(store)
    for part in (events[:30], events[30:]):
        body = json.dumps({"batch": part}).encode()
        ingest.submit(segment_batch(body, SENDER, store.clock.now())).result(30)
    ingest.stop()
    store_layout.compact(store, "ana")
    return store


def add(store, count):
    """More events, all in the tail."""
    ingest, at = Ingest(store), store.scalar("SELECT count(*) FROM events")
    events = [{"type": "track", "messageId": f"m{at + n}", "userId": "u1", "event": "a"} for n in range(count)]
    ingest.submit(segment_batch(json.dumps({"batch": events}).encode(), SENDER, store.clock.now())).result(30)
    ingest.stop()


def compactions(store):
    return store.entries("signals")["kind"].to_list().count("events.compacted")


def test_a_large_tail_is_put_in_order_while_nobody_sends_and_a_small_one_is_left(filled):
    upkeep = Upkeep(filled, lambda: True, seconds=0.05)
    add(filled, 30)
    time.sleep(0.3)
    assert compactions(filled) == 1
    add(filled, 30)
    until = time.monotonic() + 30
    while compactions(filled) == 1 and time.monotonic() < until:
        time.sleep(0.05)
    upkeep.stop()
    assert store_layout.layout(filled).tail == 0
    assert filled.entries("signals")["actor"].to_list().count("upkeep") == 1
    assert filled.verify().ok


def test_traffic_puts_it_off_until_the_tail_is_twice_as_large(filled):
    upkeep = Upkeep(filled, lambda: False, seconds=3_600)
    add(filled, 60)
    assert upkeep.look() is None
    add(filled, 60)
    done = upkeep.look()
    upkeep.stop()
    assert done and (done.events, done.tail) == (180, 120)


def test_who_has_just_sent_is_not_idle(store):
    ingest = Ingest(store)
    assert ingest.is_idle(0.0)
    body = json.dumps({"batch": [{"type": "track", "messageId": "e", "userId": "u", "event": "a"}]}).encode()
    ingest.submit(segment_batch(body, SENDER, store.clock.now())).result(30)
    ingest.stop()
    assert ingest.is_idle(0.0) and not ingest.is_idle(60.0)


def test_a_fault_does_not_end_it_and_it_waits_longer_after_each(filled, monkeypatch):
    real, tried = store_layout.compact, []

    def at_the_third_time(*given):
        tried.append(time.monotonic())
        if len(tried) < 3:
            raise RuntimeError("no luck")
        return real(*given)

    monkeypatch.setattr(store_layout, "compact", at_the_third_time)
    add(filled, 60)
    upkeep, until = Upkeep(filled, lambda: True, seconds=0.1), time.monotonic() + 30
    while compactions(filled) == 1 and time.monotonic() < until:
        time.sleep(0.05)
    upkeep.stop()
    assert compactions(filled) == 2
    assert tried[1] - tried[0] >= 0.2 and tried[2] - tried[1] >= 0.4
