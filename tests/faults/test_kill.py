"""kill -9 while events come in: nothing acknowledged is lost, doubled or half-written."""

import json
import random
import shutil
import threading
import time
from http.client import HTTPException

import polars as pl
import pytest

from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.errors import StoreBehind
from tests.faults.serving import nursery, served

SENDERS = 4


def track(number):
    return {"type": "track", "messageId": f"e{number}", "userId": f"ld_{number % 50}", "event": f"kind_{number % 5}"}


class Sender(threading.Thread):
    """Sends batches until the server goes; remembers what was sent and what was acknowledged."""

    def __init__(self, server, start, rng):
        super().__init__()
        self.server, self.next, self.rng = server, start, rng
        self.sent, self.acknowledged = set(), set()

    def run(self):
        try:
            while True:
                size = self.rng.choice([1, 3, 20, 100])
                numbers = range(self.next, self.next + size)
                self.next += size
                self.sent.update(f"e{number}" for number in numbers)
                status, answer = self.server.post("batch", {"batch": [track(number) for number in numbers]})
                assert (status, answer["accepted"]) == (200, size)
                self.acknowledged.update(f"e{number}" for number in numbers)
        except (OSError, HTTPException):
            return


def kill_during_ingest(by, store, rng, round_no):
    """One round: what was sent and what was acknowledged before the kill."""
    with served(store, by) as server:
        senders = [Sender(server, (round_no * SENDERS + place) * 10**6, rng) for place in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(rng.uniform(0.05, 0.8))
        server.kill()
        for sender in senders:
            sender.join()
    return set().union(*(one.sent for one in senders)), set().union(*(one.acknowledged for one in senders))


def check(store, sent, acknowledged):
    with Database.open(store, SystemClock()) as db:
        assert db.verify().ok
        ids = db.read("SELECT event_id FROM events")["event_id"].to_list()
        entries = db.entries("signals").filter(pl.col("kind") == "events.received")["body"]
        counted = sum(batch["accepted"] for body in entries for batch in json.loads(body)["batches"])
        kept = db.scalar("SELECT coalesce(sum(accepted), 0) FROM batches")
    assert len(ids) == len(set(ids)), "an event is stored twice"
    assert acknowledged <= set(ids), "an acknowledged event is lost"
    assert set(ids) <= sent
    assert len(ids) == counted == kept, "a commit is half-written"


def campaign(store, rounds, seed):
    rng, sent, acknowledged = random.Random(seed), set(), set()
    with nursery() as by:
        for round_no in range(rounds):
            more_sent, more_acknowledged = kill_during_ingest(by, store, rng, round_no)
            sent, acknowledged = sent | more_sent, acknowledged | more_acknowledged
            check(store, sent, acknowledged)
    print(f"{rounds} kills: {len(sent):,} events sent, {len(acknowledged):,} acknowledged, 0 lost, 0 doubled")
    return acknowledged


def test_nothing_acknowledged_is_lost_doubled_or_half_written_by_a_kill(tmp_path):
    assert campaign(tmp_path / "store", 10, seed=1)


@pytest.mark.campaign
def test_two_hundred_kills(tmp_path):
    assert campaign(tmp_path / "store", 200, seed=2)


@pytest.mark.parametrize("fault", ["truncated log", "deleted log", "older file"])
def test_a_store_that_lost_acknowledged_events_is_refused_at_the_start(tmp_path, fault):
    from core.signals.ingest import Ingest, Sender, segment_call

    store, older = tmp_path / "store", tmp_path / "older.duckdb"
    with Database.open(store, SystemClock()):
        pass
    shutil.copy(store / "store.duckdb", older)
    crashed = tmp_path / "crashed"
    with Database.open(store, SystemClock()) as db:
        ingest = Ingest(db)
        for number in range(3):
            body = json.dumps(track(number)).encode()
            ingest.submit(segment_call(body, "track", Sender("web"), db.clock.now())).result(30)
        shutil.copytree(store, crashed)
        ingest.stop()
    log = crashed / "store.duckdb.wal"
    if fault == "older file":
        shutil.copy(older, crashed / "store.duckdb")
        log.unlink()
    elif fault == "deleted log":
        log.unlink()
    else:
        log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    with pytest.raises(StoreBehind, match="was acknowledged"):
        Database.open(crashed, SystemClock())
