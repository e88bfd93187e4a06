"""Service levels: minutes as the store shows them, and alerts on synthetic burns: when they begin, end, are wrong."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.kernel.errors import NoSpace
from core.kernel.telemetry import Measures
from core.monitoring.minutes import Minutes
from core.monitoring.store_service import ServiceStore

START = datetime(2026, 6, 1, tzinfo=UTC)
PER_MINUTE = 1_000


@pytest.fixture
def db(tmp_path):
    with Database.open(tmp_path / "store", FixedClock(START)) as opened:
        yield opened


def burn(db: Database, bad_by_minute: list[int], objective: str = "availability", cases: int = PER_MINUTE) -> None:
    """Store so many bad cases of each minute from START on."""
    frame = pl.DataFrame(
        {
            "minute": [(START + timedelta(minutes=place)).replace(tzinfo=None) for place in range(len(bad_by_minute))],
            "objective": objective,
            "good": [cases - bad for bad in bad_by_minute],
            "bad": bad_by_minute,
        }
    )
    with db.change("decisions", "service.measured", "test") as change:
        change.insert("slo_minutes", frame)


def firing(db: Database, severity: str = "page", long_minutes: int | None = None) -> list[int]:
    """The minutes, counted from START, at which an alert of the severity fires."""
    rows = db.read(
        "SELECT DISTINCT (epoch(minute) - epoch($start::TIMESTAMP))::INTEGER // 60 AS since FROM slo_alerts "
        "WHERE fires AND severity = $severity "
        "AND long_minutes = coalesce($long, long_minutes) ORDER BY since",
        {"start": START, "severity": severity, "long": long_minutes},
    )
    return rows["since"].to_list()


def test_a_full_outage_pages_within_two_minutes_and_resets_within_the_short_window(db):
    burn(db, [0] * 120 + [PER_MINUTE] * 10 + [0] * 120)
    assert firing(db)[0] - 120 < 2
    fast = firing(db, long_minutes=60)
    assert fast[-1] - 130 < 5
    assert firing(db)[-1] - 130 < 30


@pytest.mark.parametrize(
    ("times_budget", "severity", "within_minutes"), [(20, "page", 45), (8, "page", 280), (4, "ticket", 1_100)]
)
def test_a_steady_burn_is_found_in_the_time_that_its_rate_asks_for(db, times_budget, severity, within_minutes):
    burn(db, [0] * 60 + [times_budget] * within_minutes)
    assert firing(db, severity)
    if severity == "ticket":
        assert not firing(db, "page")


def test_thirty_days_at_half_the_budget_give_no_page(db):
    chance = random.Random(7)
    burn(db, [sum(chance.random() < 0.0005 for _ in range(200)) for _ in range(30 * 1440)], cases=200)
    assert firing(db, "page") == []


def test_a_single_failure_at_night_pages_nobody(db):
    burn(db, [0] * 60 + [1] + [0] * 60, cases=2)
    assert firing(db, "page") == [] and firing(db, "ticket") == []


def test_one_unproven_decision_pages_at_once(db):
    burn(db, [0] * 10 + [1] + [0] * 600, objective="audit")
    assert firing(db, "page")[0] == 10
    (left,) = db.read("SELECT DISTINCT budget_left FROM slo_alerts WHERE minute = (SELECT max(minute) FROM slo_alerts)")
    assert left.to_list() == [0.0]


def test_the_budget_is_what_the_month_has_left(db):
    burn(db, [0] * 999 + [500])
    now = ServiceStore(db).current(START + timedelta(days=1))
    assert now["budget_left"].unique().to_list() == [pytest.approx(0.5)]
    assert now["month_cases"].unique().to_list() == [1_000_000]


def test_an_alert_ends_where_nothing_more_is_measured(db):
    burn(db, [0] * 60 + [PER_MINUTE] * 5)
    store, last = ServiceStore(db), START + timedelta(minutes=64)
    assert store.current(last + timedelta(minutes=1)).filter(pl.col("is_firing"), pl.col("short_minutes") == 5).height
    assert (
        not store.current(last + timedelta(minutes=6)).filter(pl.col("is_firing"), pl.col("short_minutes") == 5).height
    )
    assert store.current(last).filter("is_firing")["playbook"].unique().to_list() == ["full-disk"]


def test_every_alert_has_its_playbook(db):
    from core.kernel.settings import PROJECT_ROOT

    burn(db, [1], objective="latency")
    text = db.scalar("SELECT sql FROM duckdb_views() WHERE view_name = 'slo_alerts'")
    for name in ("full-disk", "burst", "stale-source", "poisoned-source", "unassigned", "broken-chain"):
        assert f"'{name}'" in text
        page = (PROJECT_ROOT / "policies" / "playbooks" / f"{name}.md").read_text()
        assert "## First five minutes" in page and "## How to see that it is over" in page


def test_a_minute_is_kept_once_it_is_over_and_an_idle_one_is_not(db):
    measures = Measures()
    minutes = Minutes(db, measures)
    measures.observe("stage_seconds", 2_000, {"stage": "score"})
    measures.observe("stage_seconds", 2_000, {"stage": "command"})
    measures.judge("availability", 0, 3)
    minutes.catch_up()
    assert ServiceStore(db).last_minute() is None
    db.clock = FixedClock(START + timedelta(seconds=61))
    minutes.catch_up()
    db.clock = FixedClock(START + timedelta(minutes=5))
    minutes.catch_up()
    store = ServiceStore(db)
    assert store.minutes(START).rows() == [(START.replace(tzinfo=None), "availability", 0, 3)]
    assert store.stages(START)["stage"].to_list() == ["score"]
    assert db.entries().height == 1


def test_a_minute_that_the_disk_does_not_take_is_told_again(db, monkeypatch):
    measures = Measures()
    minutes = Minutes(db, measures)
    measures.judge("availability", 0, 3)
    write = ServiceStore.write

    def full(*arguments):
        raise NoSpace("here", "No space left on device")

    monkeypatch.setattr(ServiceStore, "write", full)
    db.clock = FixedClock(START + timedelta(seconds=61))
    minutes.catch_up()
    monkeypatch.setattr(ServiceStore, "write", write)
    db.clock = FixedClock(START + timedelta(seconds=121))
    minutes.catch_up()
    assert ServiceStore(db).minutes(START)["bad"].to_list() == [3]
