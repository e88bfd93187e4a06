"""A full disk, a burst, and a log that comes in disorder."""

import json
import random
import subprocess
import sys
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.features import engine
from core.features.parser import read
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.ingest import Ingest, QueueFull, Sender, segment_batch
from core.signals.ingest.committer import Limits
from core.signals.service import Signals

NOW = datetime.now(UTC)
SENDER = Sender("web")
FEATURES = """schema: leadbench/features/v1
name: faults
features:
  - {name: visits_7d, aggregate: count, window: 7d}
  - {name: pricing, aggregate: count, where: "type = 'pricing'"}
  - {name: spent, aggregate: sum, of: amount}
  - {name: latest, aggregate: last, of: plan}
"""


def test_a_full_disk_makes_the_store_read_only_loses_nothing_and_is_left_by_itself(tmp_path):
    script = Path(__file__).with_name("full_disk.py")
    run = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "store")], capture_output=True, text=True, timeout=300,
        cwd=script.parents[2], env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(script.parents[2])},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    told = json.loads(run.stdout.splitlines()[-1])
    assert (told["codes"], told["retry"], told["during"], told["after"]) == (["no_space"], [True], "read_only", "open")
    assert set(told["statuses"]) == {200, 503}
    assert told["statuses"][-3:] == [200, 200, 200]
    assert told["acknowledged"] == told["stored"] == told["stored_again"]
    assert told["ok"]


def batch(numbers):
    events = [
        {"type": "track", "messageId": f"e{number}", "userId": f"u{number % 9}", "event": "a"} for number in numbers
    ]
    return segment_batch(json.dumps({"batch": events}).encode(), SENDER, NOW)


def test_a_burst_is_asked_to_wait_and_the_queue_stays_bounded(tmp_path):
    limits = Limits(rows=500, size=10**6, group_rows=200)
    with Database.open(tmp_path / "store", SystemClock()) as db:
        ingest, taken, refused, highest = Ingest(db, limits), [], [], 0
        for number in range(0, 5_000, 50):
            try:
                taken.append(ingest.submit(batch(range(number, number + 50))))
            except QueueFull as full:
                refused.append(full)
            highest = max(highest, ingest.state.rows)
        wait(taken, 60)
        assert refused and all(full.retry_seconds >= 1 and full.status == 429 for full in refused)
        assert highest <= limits.rows
        assert ingest.submit(batch(range(9_000, 9_050))).result(60).accepted == 50
        ingest.stop()
        assert db.scalar("SELECT count(*) FROM events") == 50 * len(taken) + 50
        assert ingest.state.rows == 0


def test_a_batch_of_random_types_cannot_fill_the_log_with_kinds(tmp_path):
    from core.signals import store_events

    with pytest.MonkeyPatch.context() as patch, Database.open(tmp_path / "store", SystemClock()) as db:
        patch.setattr("core.signals.ingest.store.KIND_LIMIT", 10)
        assert store_events.KIND_LIMIT > 10
        ingest = Ingest(db)
        events = [{"type": "track", "messageId": str(n), "userId": "u", "event": f"kind {n}"} for n in range(15)]
        receipt = ingest.submit(segment_batch(json.dumps({"batch": events}).encode(), SENDER, NOW)).result(30)
        assert (receipt.accepted, {error.code for error in receipt.errors}) == (10, {"too_many_types"})
        assert ingest.submit(batch(range(3))).result(30).errors
        ingest.stop()


def log(seed):
    """Events of some leads over a month, in order."""
    rng = random.Random(seed)
    moments = sorted(NOW - timedelta(minutes=rng.randrange(60 * 24 * 30)) for _ in range(600))
    return [
        {
            "messageId": f"e{place}", "userId": f"ld_{rng.randrange(12)}", "timestamp": moment.isoformat(),
            "event": rng.choice(["visit", "pricing", "demo"]), "type": "track",
            "properties": {"amount": rng.randrange(1, 90) / 4, "plan": rng.choice("abc")},
        }
        for place, moment in enumerate(moments)
    ]  # fmt: skip


def disordered(events, seed):
    """The same with 5 % twice, each up to three days late."""
    rng = random.Random(seed)
    late = [
        (event, datetime.fromisoformat(event["timestamp"]) + timedelta(hours=rng.uniform(0, 72))) for event in events
    ]
    again = [(event, at + timedelta(hours=rng.uniform(0, 72))) for event, at in late if rng.random() < 0.05]
    return [event for event, _ in sorted(late + again, key=lambda pair: pair[1])]


def features(db):
    leads = db.read("SELECT lead_id FROM leads ORDER BY lead_id")
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1)
    spine = leads.with_columns(as_of=pl.lit(NOW.replace(tzinfo=None)), known_at=pl.lit(later))
    return engine.build(db, read(FEATURES, "faults"), spine).drop("as_of", "known_at")


def test_repeats_and_disorder_within_three_days_give_the_features_of_an_ordered_import(tmp_path):
    ordered = log(5)
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({**event, "channel": "web"}) + "\n" for event in ordered))
    with Database.open(tmp_path / "imported", SystemClock()) as db:
        Signals(db).import_events(path, actor="ana")
        expected = features(db)
    with Database.open(tmp_path / "live", SystemClock()) as db:
        ingest, sent = Ingest(db), disordered(ordered, 6)
        parts = [sent[start : start + 50] for start in range(0, len(sent), 50)]
        bodies = [json.dumps({"batch": part}).encode() for part in parts]
        receipts = [ingest.submit(segment_batch(body, SENDER, NOW)).result(30) for body in bodies]
        ingest.stop()
        assert sum(receipt.accepted for receipt in receipts) == len(ordered)
        assert sum(receipt.duplicate for receipt in receipts) == len(sent) - len(ordered) > 10
        assert features(db).equals(expected)
