"""Heavy reads in the store: how far they are, and stopping them."""

import threading
import time
from datetime import UTC, datetime

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database, Watch
from core.kernel.workers import Cancelled

HEAVY = "SELECT count(*) FROM range({}) a WHERE hash(range) % 7 = 3"


@pytest.fixture
def store(tmp_path):
    with Database.open(tmp_path / "store", FixedClock(datetime(2026, 1, 1, tzinfo=UTC))) as database:
        yield database


def test_a_watched_read_tells_how_far_it_is(store):
    told = []
    with store.scratch(Watch("counting", lambda done, _: told.append(done))) as cursor:
        cursor.read(HEAVY.format(200_000_000))
    assert told == sorted(told) and 0 < told[-1] <= 1


def test_a_cancelled_read_stops_soon_and_the_store_works_on(store):
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled) as refusal, store.scratch(Watch("counting", cancel=cancel)) as cursor:
        cursor.read(HEAVY.format(50_000_000_000))
    assert time.monotonic() - began < 20
    assert refusal.value.value == "counting"
    assert store.scalar("SELECT 41 + 1") == 42


def test_a_read_that_ended_before_the_cancel_was_seen_is_cancelled_too(store):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled), store.scratch(Watch("counting", cancel=cancel)) as cursor:
        cursor.read("SELECT 1")


def test_no_other_setting_can_be_changed(store):
    with store.scratch() as cursor, pytest.raises(Exception, match="configuration"):
        cursor.execute("SET enable_external_access = true")
