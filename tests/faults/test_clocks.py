"""Clocks that jump - an hour back as summer ends, a day ahead, back again - and senders whose clocks are wrong."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

from core.features import engine
from core.features.parser import read
from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.ingest import Ingest, Sender, segment_call
from core.signals.service import Signals

END_OF_SUMMER = datetime(2026, 10, 25, 1, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
JUMPS = [-HOUR, -10 * MINUTE, 10 * MINUTE, -50 * MINUTE, 20 * MINUTE, DAY, 30 * MINUTE, 40 * MINUTE]
"""What the server's clock says at each event, from the end of summer time on: it falls back, leaps and returns."""
BERLIN = {True: "+02:00", False: "+01:00"}
FEATURES = """schema: leadbench/features/v1
name: clocks
features:
  - {name: visits_1d, aggregate: count, window: 1d}
  - {name: last_visit, aggregate: days_since_last}
  - {name: days, aggregate: active_days}
  - {name: latest, aggregate: last, of: step}
"""


class Jumping:
    """A clock that says what it is told."""

    def __init__(self):
        self.moment = END_OF_SUMMER

    def now(self):
        return self.moment


def local(moment):
    """The moment as a clock on a wall in Berlin shows it: the hour before and after the end of summer look alike."""
    summer = moment < END_OF_SUMMER
    return (moment.replace(tzinfo=None) + timedelta(hours=2 if summer else 1)).isoformat() + BERLIN[summer]


def call(number, happened, off=None):
    """A visit that happened then; `off`: by how much the sender's own clock is wrong."""
    who = {"messageId": f"e{number}", "userId": f"u{number % 2}", "event": "visit", "channel": "web"}
    found = who | {"properties": {"step": f"s{number}"}}
    if off is None:
        return found | {"timestamp": local(happened)}
    return found | {"timestamp": local(happened + off), "sentAt": local(happened + off + 2 * MINUTE)}


@pytest.fixture
def in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def sent(db, clock):
    """Every event under its jump of the clock, by senders whose clocks are right, a day ahead and a day behind."""
    ingest, happened = Ingest(db), []
    for number, (jump, off) in enumerate(zip(JUMPS, [None, DAY, -DAY, None, None, -DAY, None, DAY], strict=True)):
        clock.moment = END_OF_SUMMER + jump
        happened.append(clock.moment - 2 * MINUTE)
        body = json.dumps(call(number, happened[-1], off)).encode()
        answers = [ingest.submit(segment_call(body, "track", Sender("web"), clock.now())).result(30) for _ in range(2)]
        assert [(one.accepted, one.duplicate) for one in answers] == [(1, 0), (0, 1)], number
    ingest.stop()
    return happened


def features(db):
    spine = db.read("SELECT lead_id FROM leads ORDER BY lead_id")
    later = (END_OF_SUMMER + 2 * DAY).replace(tzinfo=None)
    spine = spine.with_columns(pl.lit(later).alias("as_of"), pl.lit(later).alias("known_at"))
    return engine.build(db, read(FEATURES, "clocks"), spine)


def test_time_runs_forward_whatever_the_clocks_say(tmp_path, in_berlin):
    clock = Jumping()
    with Database.open(tmp_path / "live", clock) as db:
        happened = sent(db, clock)
        rows = db.read("SELECT occurred_at, received_at FROM events ORDER BY event_no")
        assert rows["occurred_at"].to_list() == [moment.replace(tzinfo=None) for moment in happened]
        received = rows["received_at"].to_list()
        assert all(earlier < later for earlier, later in pairwise(received))
        assert (rows["received_at"] > rows["occurred_at"]).all(), "an event was known before it happened"
        assert db.verify().ok
        found = features(db)
    path = tmp_path / "ordered.jsonl"
    ordered = sorted(enumerate(happened), key=lambda pair: pair[1])
    utc = [call(number, at) | {"type": "track", "timestamp": at.isoformat()} for number, at in ordered]
    path.write_text("".join(json.dumps(one) + "\n" for one in utc))
    with Database.open(tmp_path / "imported", FixedClock(END_OF_SUMMER + 2 * DAY)) as db:
        Signals(db).import_events(path, actor="ana")
        assert features(db).equals(found)
