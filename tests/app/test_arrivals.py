"""Live events decide their leads: by the batch's engine, once each, and again after a restart."""

import json
import shutil
from types import SimpleNamespace

import pytest

from app import live, services
from core.decisions.replay import replay
from core.kernel.clock import SystemClock
from core.signals.ingest import Ingest, Sender, segment_call
from core.workbench import Workbench

SENDER = Sender("web-site", "c" * 32)


@pytest.fixture
def folder(demo_folder, tmp_path):
    shutil.copytree(demo_folder, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def bench(folder):
    with Workbench.open(folder, SystemClock()) as opened:
        services.use(opened)
        yield opened
        live.close()
        services.use(None)


def body_of(lead_id, message_id):
    return json.dumps({"messageId": message_id, "userId": lead_id, "event": "pricing_viewed"}).encode()


def send(lead_id, message_id):
    parcel = segment_call(body_of(lead_id, message_id), "track", SENDER, live.now())
    return live.live().ingest.submit(parcel).result(30)


def open_lead(bench, place=0):
    return bench.rooms.decisions.latest()["lead_id"][place]


def test_an_event_brings_its_lead_a_decision_that_can_be_replayed(bench):
    lead_id = open_lead(bench)
    send(lead_id, "m1")
    assert live.live().arrivals.wait_until_idle(60)
    record = bench.rooms.decisions.of(lead_id)
    assert (record.trigger_event_id, record.trace_id) == ("m1", "c" * 32)
    assert {"wait", "features", "score", "policy"} <= set(record.stage_us)
    report = replay(bench.db, bench.rooms.loaders, decision_id=record.decision_id)
    assert (report.equal, report.levels["full"], report.differences) == (1, 1, ())


def test_what_is_remembered_between_events_never_makes_another_decision_than_the_store(bench):
    """Events of known leads, then one that makes a visitor known, then more: each decision is made again in full."""
    leads = [open_lead(bench, place) for place in range(3)]
    visit = {"messageId": "v1", "anonymousId": "an_1", "event": "pricing_viewed"}
    known = {"messageId": "i1", "anonymousId": "an_1", "userId": leads[0], "traits": {"plan": "team"}}
    running = live.live()
    for place, lead_id in enumerate([*leads, *leads]):
        send(lead_id, f"q{place}")
        assert running.arrivals.wait_until_idle(60)
        if place == 2:
            for call, body in (("track", visit), ("identify", known)):
                parcel = segment_call(json.dumps(body).encode(), call, SENDER, live.now())
                running.ingest.submit(parcel).result(30)
    triggers = [bench.rooms.decisions.of(lead_id) for lead_id in leads]
    assert [one.trigger_event_id for one in triggers] == ["q3", "q4", "q5"]
    assert bench.rooms.decisions.history(leads[0]).height >= 3
    for record in triggers:
        report = replay(bench.db, bench.rooms.loaders, decision_id=record.decision_id)
        assert (report.equal, report.levels["full"], report.differences) == (1, 1, ())


def test_a_lead_that_nobody_knew_is_decided_and_a_closed_one_is_not(bench):
    closed = bench.rooms.signals.outcome_frame()["lead_id"][0]
    before = bench.rooms.decisions.history(closed).height
    send("nobody-knew", "m1")
    send(closed, "m2")
    assert live.live().arrivals.wait_until_idle(60)
    assert bench.rooms.decisions.of("nobody-knew").trigger_event_id == "m1"
    assert bench.rooms.decisions.history(closed).height == before


def test_events_without_a_decision_are_decided_after_a_restart_and_only_once(folder):
    with Workbench.open(folder, SystemClock()) as opened:
        lead_id = open_lead(opened)
        before = opened.rooms.decisions.history(lead_id).height
        ingest = Ingest(opened.db)
        ingest.submit(segment_call(body_of(lead_id, "m1"), "track", SENDER, opened.db.clock.now())).result(30)
        ingest.stop()
    assert [decisions_after_a_start(folder, lead_id) for _ in range(2)] == [before + 1, before + 1]


def decisions_after_a_start(folder, lead_id):
    with Workbench.open(folder, SystemClock()) as opened:
        services.use(opened)
        assert live.live().arrivals.wait_until_idle(60)
        live.close()
        services.use(None)
        return opened.rooms.decisions.history(lead_id).height


def test_nothing_is_decided_without_a_model(tmp_path):
    with Workbench.open(tmp_path / "store", SystemClock()) as opened:
        services.use(opened)
        send("ld_1", "m1")
        assert live.live().arrivals.wait_until_idle(60)
        assert opened.rooms.decisions.count() == 0
        live.close()
        services.use(None)


def test_the_challenger_waits_while_leads_wait(bench, monkeypatch):
    asked = []
    monkeypatch.setattr(live.shadowing, "catch_up", lambda *_: asked.append(1) or 3)
    busy, idle = (SimpleNamespace(wait_until_idle=lambda _, quiet=quiet: quiet) for quiet in (False, True))
    assert (live.shadow(bench, busy), asked) == (0, [])
    assert (live.shadow(bench, idle), asked) == (3, [1])
