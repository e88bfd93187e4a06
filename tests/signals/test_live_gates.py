"""Events over HTTP and their source's contract; what waits keeps all it said, and is known from when it came in."""

import json
from datetime import timedelta

import pytest

from core.signals import redriving
from core.signals.ingest import Ingest, Sender, cloud_events, segment_batch, segment_call

SENDER = Sender("site")
CONTRACT = {"types": ["visit", "identify"], "most_unknown_types": 0.2, "least_rows": 20}


@pytest.fixture
def send(store):
    """Sends some calls in one request; the receipt."""
    ingest = Ingest(store)

    def sender(*calls):
        body = json.dumps({"batch": calls}).encode()
        return ingest.submit(segment_batch(body, SENDER, store.clock.now())).result(30)

    yield sender
    ingest.stop()


def visit(number, event="visit", **more):
    return {
        "type": "track",
        "messageId": f"e{number}",
        "userId": f"u{number % 5}",
        "event": event,
        "channel": "web",
    } | more


def test_small_commits_are_judged_together_and_open_the_breaker(store, signals, send):
    send(*(visit(number) for number in range(30)))
    signals.sources.confirm("web", CONTRACT, "ana")
    for number in range(100, 112):
        assert send(visit(number)).accepted == 1
    answers = [send(visit(number, "vist")) for number in range(200, 215)]
    taken = sum(one.accepted for one in answers)
    assert 4 <= taken < 15, "the gate saw nothing, or judged single events"
    held = signals.quarantine()
    assert held["code"].sort(descending=True).to_list() == ["gate_failed", *["breaker_open"] * (14 - taken)]
    assert signals.sources.held_back() == {"web"}
    first = held.filter(held["code"] == "gate_failed")["quarantined_at"][0]
    assert store.scalar("SELECT opened_at FROM source_breakers") == first


def an_hour_later(store, monkeypatch):
    later = store.clock.now() + timedelta(hours=1)
    monkeypatch.setattr(type(store.clock), "now", lambda _: later)


def test_what_came_before_a_source_was_let_in_again_is_not_held_against_it(store, signals, send, monkeypatch):
    send(*(visit(number) for number in range(30)))
    signals.sources.confirm("web", CONTRACT, "ana")
    for number in range(200, 240):
        send(visit(number, "vist"))
    assert signals.sources.held_back()
    an_hour_later(store, monkeypatch)
    signals.sources.close("web", "the site was mended", "ana")
    for number in range(300, 330):
        assert send(visit(number)).accepted == 1
    assert not signals.sources.held_back()


def test_what_waited_keeps_its_links_and_traits_and_is_known_from_its_redrive(store, signals, send, monkeypatch):
    send(*(visit(number) for number in range(30)))
    signals.sources.confirm("web", CONTRACT | {"least_rows": 1}, "ana")
    call = {"type": "identify", "messageId": "i1", "userId": "u1", "anonymousId": "a1", "channel": "web"}
    send(visit(900, "vist"))
    held = send(call | {"traits": {"plan": "team", "email": "ann@example.org", "company": {"size": 5}}})
    assert held.errors[0].code == "breaker_open"
    signals.sources.close("web", "it was a test", "ana")
    an_hour_later(store, monkeypatch)
    ids = signals.quarantine().filter(signals.quarantine()["code"] == "breaker_open")["quarantine_id"].to_list()
    done = signals.redrive(ids, actor="ana")
    assert (done.accepted, done.quarantined) == (1, 0)
    values = dict(store.read("SELECT name, coalesce(text, number::VARCHAR, 'sealed') FROM attributes").rows())
    assert values == {"plan": "team", "email": "sealed", "company_size": "5.0"}
    assert store.scalar("SELECT count(*) FROM lead_merges") == 1
    known = "SELECT received_at FROM {} WHERE {}"
    times = [("events", "event_id = 'i1'"), ("attributes", "name = 'plan'"), ("identity_statements", "event_id = 'i1'")]
    expected = store.clock.now().replace(tzinfo=None)
    assert [store.scalar(known.format(*one)) for one in times] == [expected] * 3


def test_a_refused_identify_is_an_identify_when_it_is_redriven(store, signals):
    ingest = Ingest(store)
    body = {"messageId": "i1", "userId": "u1", "anonymousId": "a1", "timestamp": "2027-03-01T00:00:00Z"}
    parcel = segment_call(
        json.dumps(body | {"traits": {"plan": "team"}}).encode(), "identify", SENDER, store.clock.now()
    )
    assert ingest.submit(parcel).result(30).errors[0].code == "future_time"
    ingest.stop()
    raw = signals.quarantine_raw(signals.quarantine()["quarantine_id"].to_list())["raw"][0]
    assert json.loads(raw)["type"] == "identify"


def test_cloud_events_come_at_the_version_that_they_name(store):
    event = {"specversion": "1.0", "id": "1", "source": "/web/a", "type": "page.viewed", "subject": "lead/ld_1"}
    events = [
        event,
        event | {"id": "2", "schemaversion": "2"},
        event | {"id": "3", "dataschema": "https://example.org/schemas/page.viewed/3"},
    ]
    ingest = Ingest(store)
    body = json.dumps(events).encode()
    assert ingest.submit(cloud_events(body, SENDER, store.clock.now(), batch=True)).result(30).accepted == 3
    ingest.stop()
    assert store.read("SELECT schema_version FROM events ORDER BY event_id")["schema_version"].to_list() == [1, 2, 3]


def test_an_identify_by_file_and_over_http_is_one_event(store, signals, write):
    call = {
        "type": "identify", "messageId": "i1", "userId": "u1", "anonymousId": "a1", "channel": "web",
        "timestamp": "2026-11-20T10:00:00Z", "traits": {"email": "ann@example.org", "plan": "team"},
        "context": {"ip": "10.0.0.1"},
    }  # fmt: skip
    signals.import_events(write("calls.jsonl", json.dumps(call) + "\n"), format="segment", actor="ana")
    ingest = Ingest(store)
    answer = ingest.submit(segment_call(json.dumps(call).encode(), "identify", SENDER, store.clock.now())).result(30)
    ingest.stop()
    assert (answer.accepted, answer.duplicate, answer.errors) == (0, 1, ())


def test_repeats_do_not_put_the_judgement_off(store, signals, send):
    send(*(visit(number) for number in range(30)))
    signals.sources.confirm("web", CONTRACT, "ana")
    for number in range(200, 240):
        send(visit(number, "vist"))
        send(visit(0))
    assert signals.sources.held_back() == {"web"}


def test_what_is_sent_again_while_its_source_waits_is_held_once(store, signals, send):
    send(*(visit(number) for number in range(30)))
    signals.sources.confirm("web", CONTRACT | {"least_rows": 1}, "ana")
    send(visit(900, "vist"))
    answers = [send(visit(901)) for _ in range(3)]
    assert [one.errors[0].code for one in answers] == ["breaker_open"] * 3
    held = signals.quarantine()
    waiting = held.filter(held["code"] == "breaker_open")["quarantine_id"].to_list()
    assert len(waiting) == 1
    signals.sources.close("web", "it was a test", "ana")
    assert signals.redrive(waiting, actor="ana").accepted == 1


def test_what_was_refused_is_known_from_when_it_is_stored_not_from_when_it_was_read(store, signals, send, monkeypatch):
    ahead = store.clock.now() + timedelta(hours=25, minutes=30)
    assert send(visit(1, timestamp=ahead.isoformat())).errors[0].code == "future_time"
    an_hour_later(store, monkeypatch)
    an_hour_later(store, monkeypatch)

    def slowly(prepare, *given, limits):
        found = prepare(*given)
        an_hour_later(store, monkeypatch)
        assert send(visit(2)).accepted == 1
        return found

    monkeypatch.setattr(redriving, "run_in_worker", slowly)
    assert signals.redrive(signals.quarantine()["quarantine_id"].to_list(), actor="ana").accepted == 1
    times = dict(store.read("SELECT event_id, received_at FROM events").rows())
    assert times["e1"] >= times["e2"]
