"""Observability: says what is missing, shows what fires with its playbook, and the way of one decision."""

import json
import shutil
from datetime import timedelta

import pytest

from app.queries import service
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.telemetry import Measures
from core.monitoring.store_service import ServiceStore
from tests.app.pages import page


def test_a_store_without_events_says_how_to_begin(empty):
    assert any("/v1/track" in one.value for one in page("observability").markdown)


def test_a_decision_is_shown_by_the_stages_of_its_record(demo):
    at = page("observability", tr="7d")
    (chosen,) = [one for one in at.selectbox if one.label == "Decision"]
    decision = service.decisions("7d")[0]
    assert chosen.value == decision["decision_id"]
    spans = service.spans(decision)
    assert spans["name"].to_list() == ["features", "score", "policy"]
    assert spans["start_ms"][0] == 0 and spans["start_ms"].is_sorted()
    assert any(decision["trace_id"] in one.value for one in at.caption)


def test_every_playbook_can_be_read(demo):
    titles = {one.label for one in page("observability").expander}
    assert {"Burst", "Full disk", "Broken chain", "Stale source", "Poisoned source", "Unassigned leads"} <= titles


def test_a_minute_counts_events_and_decisions_and_finds_the_unproven_ones(demo_folder, demo, tmp_path):
    shutil.copytree(demo_folder, tmp_path / "copy", ignore=shutil.ignore_patterns("lock"))
    with Database.open(tmp_path / "copy", SystemClock()) as db:
        store = ServiceStore(db)
        minutes = db.read(
            "SELECT date_trunc('minute', decided_at) , min(entry_seq), count(*) FROM decisions GROUP BY 1"
        )
        minute, first, count = minutes.row(0)
        assert store.judge(minute)["audit"] == store.judge(minute)["availability"] == (count, 0)
        with db.change("decisions", "tested", "test") as change:
            change.execute("UPDATE decisions SET hash = 'other' WHERE entry_seq = ? AND leaf_no = 0", [first])
        assert store.judge(minute)["audit"][1] > 0


def test_live_and_imported_events_are_counted_from_the_ledger(empty):
    body = {"batches": [{"accepted": 7, "quarantined": 2}, {"accepted": 1, "quarantined": 0}]}
    minute = service.now().replace(second=0)
    for told, kind in ((body, "events.received"), ({"accepted": 5, "quarantined": 1}, "events.imported")):
        with empty.db.change("signals", kind, "test") as change:
            change.body.update(json.loads(json.dumps(told)))
    assert ServiceStore(empty.db).judge(minute)["acceptance"] == (13, 3)


@pytest.fixture
def burning(empty, tmp_path):
    (tmp_path / "events.csv").write_text("lead_id,type,occurred_at\nl1,page_viewed,2026-01-01T10:00:00Z\n")
    empty.rooms.signals.import_file("events", tmp_path / "events.csv", actor="ana")
    store, measures, now = ServiceStore(empty.db), Measures(), service.now()
    for _ in range(100):
        measures.observe("stage_seconds", 4_000, {"stage": "score"})
    stages, _ = measures.drain()
    for ago in range(30, 0, -1):
        minute = (now - timedelta(minutes=ago)).replace(second=0)
        store.write(minute, {"availability": (50, 50), "latency": (100, 0)}, stages if ago == 1 else {})
    return store


def test_what_fires_is_shown_with_its_playbook_and_budget(burning):
    at = page("observability")
    (alert,) = at.error
    assert "Decisions made" in alert.value and "0% of the month is left" in alert.value
    press = next(one for one in at.button if one.label == "Playbook: Full disk")
    assert any("read-only by itself" in one.value for one in press.click().run().markdown)
    offered = {one.proto.label: one.proto.disabled for one in at.get("download_button")}
    assert {"CSV", "Excel", "Parquet"} <= set(offered) and offered["OpenMetrics"]
    assert service.minutes("1h")["bad"].sum() == 30 * 50 and service.openmetrics() is None
    (stage,) = service.stages("1h").rows(named=True)
    assert (stage["stage"], stage["spans"]) == ("score", 100)
    assert stage["p50"] == pytest.approx(4.0, rel=0.15)
    standing = service.budgets(service.standing())
    assert dict(standing.select("objective", "state").iter_rows()) | {"availability": "page", "latency": "good"} == {
        "availability": "page", "latency": "good", "freshness": "no cases yet", "acceptance": "no cases yet",
        "assignment": "no cases yet", "audit": "no cases yet",
    }  # fmt: skip
