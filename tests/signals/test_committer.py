"""The committer answers every request, whatever fails: what can be stored is, the one poisonous item is held."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.ingest import Ingest, Sender, landing, plain, segment_batch
from core.signals.store_layout import compact, layout

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
SENDER = Sender("site")


def parcel(*numbers):
    calls = [
        {"type": "track", "messageId": f"e{n}", "userId": "u", "event": "visit", "channel": "web"} for n in numbers
    ]
    return segment_batch(json.dumps({"batch": calls}).encode(), SENDER, NOW)


def test_a_poisonous_item_is_held_by_itself_and_a_fault_of_the_short_way_holds_nobody(store, monkeypatch):
    def poisoned(change, stream, brought, *rest):
        if "e13" in brought.rows["event_id"].to_list():
            raise ZeroDivisionError
        return whole(change, stream, brought, *rest)

    def broken(*_):
        raise KeyError("newest")

    ingest, whole = Ingest(store), landing.store.land
    ingest.submit(parcel(0)).result(30)
    monkeypatch.setattr(plain, "land", broken)
    monkeypatch.setattr(landing.store, "land", poisoned)
    answers = [ingest.submit(parcel(*numbers)) for numbers in ((1, 2), range(10, 20), (3,))]
    first, second, third = (one.result(30) for one in answers)
    ingest.stop()
    assert (first.accepted, first.errors, third.accepted) == (2, (), 1)
    assert second.accepted == 9
    assert [(one.index, one.code, one.detail) for one in second.errors] == [(3, "unprocessable", "ZeroDivisionError")]
    assert store.scalar("SELECT count(*) FROM events") == 13
    assert store.read("SELECT row_no, code FROM quarantine").rows() == [(4, "unprocessable")]


def test_no_number_of_an_event_is_ever_given_twice(store, monkeypatch):
    numbers = {}

    def sent(*ids):
        ingest = Ingest(store)
        ingest.submit(parcel(*ids)).result(30)
        ingest.stop()
        for number, event_id in store.read("SELECT event_no, event_id FROM events").iter_rows():
            assert numbers.setdefault(number, event_id) == event_id

    def drop_newest():
        with store.change("signals", "tested", "ana") as change:
            change.execute("DELETE FROM events WHERE event_no >= (SELECT max(event_no) FROM events) - 1")

    sent(1, 2, 3, 4)
    drop_newest()
    sent(5)
    drop_newest()
    compact(store, "ana")
    assert layout(store).true
    sent(6, 7)
    drop_newest()
    monkeypatch.setattr(plain, "land", lambda *_: None)
    sent(8, 9)
    monkeypatch.setattr(Database, "_finish", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"), store.change("signals", "tested", "ana") as change:
        change.execute("DELETE FROM events")
    monkeypatch.undo()
    sent(10)
    assert sorted(numbers.values()) == sorted(f"e{number}" for number in range(1, 11)) and max(numbers) == 10


def test_a_log_that_something_else_wrote_to_is_not_trusted_again_before_it_is_written_anew(store):
    ingest = Ingest(store)
    ingest.submit(parcel(1, 2, 3)).result(30)
    with store.change("signals", "tested", "ana") as change:
        change.execute(
            "INSERT INTO events BY NAME SELECT * REPLACE (9 AS event_no, 'x' AS event_id) FROM events LIMIT 1"
        )
    ingest.submit(parcel(4)).result(30)
    ingest.stop()
    assert not layout(store).true
    compact(store, "ana")
    assert layout(store).true and store.scalar("SELECT max(event_no) FROM events") == 10


def test_who_gave_up_or_does_not_listen_keeps_nobody_from_an_answer(store):
    def deaf(*_):
        raise ValueError("nobody listens")

    ingest = Ingest(store, committed=deaf)
    with store.change("signals", "signals.imported", "ana") as change:
        change.abandon()
        assert ingest.submit(parcel(1)).cancel()
    assert ingest.submit(parcel(2)).result(30).accepted == 1
    assert ingest.submit(parcel(3)).result(30).accepted == 1
    ingest.stop()
    assert store.scalar("SELECT count(*) FROM events") == 3


def test_receipts_rise_from_one_run_to_the_next_though_the_clock_was_set_back(tmp_path):
    moments: list[datetime] = []

    def heard(events: pl.DataFrame, received_at: datetime, step: object) -> None:
        moments.append(received_at)

    for number, now in enumerate((NOW, NOW - timedelta(days=3))):
        with Database.open(tmp_path / "store", FixedClock(now)) as database:
            ingest = Ingest(database, committed=heard)
            ingest.submit(parcel(number)).result(30)
            ingest.stop()
    assert moments == [NOW, NOW + timedelta(microseconds=1)]
