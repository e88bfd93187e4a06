"""Events over HTTP: what is answered, what is stored, what is held back."""

import base64
import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import api, live
from core.kernel.clock import SystemClock

EVENT = {"messageId": "m1", "userId": "ld_1", "event": "Pricing Viewed", "timestamp": "2026-11-20T10:00:00Z"}
CLOUD = {"specversion": "1.0", "id": "A1", "source": "/web/pricing", "type": "page.viewed", "subject": "lead/ld_1"}
JSON = {"content-type": "application/json"}


class Door:
    """A client with a write key, and the store behind the API."""

    def __init__(self, bench):
        self.bench = bench
        self.key = bench.rooms.write_keys.issue("web-site", "root")[1]
        self.client = TestClient(Starlette(routes=api.routes()))

    def post(self, path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Authorization": f"Bearer {self.key}", **JSON, **headers}
        return self.client.post(f"/v1/{path}", content=content, headers=named)

    def events(self):
        return self.bench.db.read("SELECT * FROM event_log ORDER BY event_no")

    def held(self):
        return self.bench.rooms.signals.quarantine()


@pytest.fixture
def door(empty):
    yield Door(empty)
    live.close()


def test_an_answer_comes_after_the_durable_commit(door):
    answer = door.post("track", EVENT | {"properties": {"plan": "team"}})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicate": 0, "errors": []})
    row = door.events().row(0, named=True)
    assert (row["event_id"], row["lead_id"], row["type"]) == ("m1", "ld_1", "Pricing Viewed")
    assert row["properties"] == '{"plan":"team"}'
    assert door.bench.db.verify().ok


def test_the_same_event_again_is_a_duplicate_and_other_content_a_conflict(door):
    door.post("track", EVENT)
    assert door.post("track", EVENT).json()["duplicate"] == 1
    other = door.post("track", EVENT | {"event": "Demo Requested"})
    assert other.status_code == 400
    assert other.json()["errors"][0]["code"] == "conflicting_duplicate"
    assert door.events().height == 1


def test_a_repeat_without_a_time_is_a_duplicate(door):
    timeless = {name: value for name, value in EVENT.items() if name != "timestamp"}
    assert [door.post("track", timeless).json()["accepted"] for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_off_by_a_day_is_corrected(door, days):
    from datetime import timedelta

    from core.kernel.times import to_text

    now = live.now()
    skewed = {
        "timestamp": to_text(now + timedelta(days=days)),
        "sentAt": to_text(now + timedelta(days=days, seconds=2)),
    }
    answers = [door.post("track", EVENT | skewed).json() for _ in range(2)]
    assert [answer["accepted"] for answer in answers] == [1, 0]
    assert answers[1]["duplicate"] == 1
    occurred = door.events()["occurred_at"][0]
    assert abs(occurred - now.replace(tzinfo=None)) < timedelta(minutes=1)


def test_a_batch_with_bad_items_stores_the_good_ones(door):
    calls = [EVENT | {"type": "track"}, {"type": "track", "userId": "u"}, 7, {"type": "identify", "userId": "u2"}]
    answer = door.post("batch", {"batch": calls}).json()
    assert (answer["accepted"], [error["index"] for error in answer["errors"]]) == (2, [1, 2])
    assert door.held()["code"].sort().to_list() == ["missing_type", "not_an_object"]


def test_cloud_events_one_and_many(door):
    one = door.post("events", CLOUD, **{"content-type": "application/cloudevents+json"})
    assert one.json()["accepted"] == 1
    many = [CLOUD | {"id": str(number)} for number in range(3)] + [CLOUD]
    answer = door.post("events", many, **{"content-type": "application/cloudevents-batch+json"}).json()
    assert (answer["accepted"], answer["duplicate"]) == (3, 1)
    assert door.events()["event_id"][0] == "/web/pricing|A1"


POISON = {
    "invalid_text": b'"properties":{"a":"\xff"}',
    "not_finite": b'"properties":{"a":NaN,"b":-Infinity}',
    "too_deep": b'"properties":{"a":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "future_time": b'"timestamp":"9999-12-31T23:59:59Z"',
    "impossible_time": b'"timestamp":"yesterday"',
    "wrong_type": b'"userId":{"a":1}',
    "too_large": b'"properties":{"a":"' + b"x" * 100_000 + b'"}',
    "id_too_long": b'"anonymousId":"' + b"x" * 300 + b'"',
    "missing_key": b'"userId":null',
}


@pytest.mark.parametrize("code", [*POISON, "lone surrogate"])
def test_poison_is_held_and_never_keeps_the_others_out(door, code):
    bad = b'"properties":{"a":"\\ud800"}' if code == "lone surrogate" else POISON[code]
    poisoned = b'{"type":"track","event":"a","userId":"u","messageId":"bad",' + bad + b"}"
    good = b'{"type":"track","event":"a","userId":"u","messageId":"good"}'
    answer = door.post("batch", b'{"batch":[' + good + b"," + poisoned + b"]}")
    assert answer.status_code == 200
    expected = "invalid_text" if code == "lone surrogate" else code
    assert [(error["index"], error["code"]) for error in answer.json()["errors"]] == [(1, expected)]
    assert door.events()["event_id"].to_list() == ["good"]
    assert door.held()["code"].to_list() == [expected]


@pytest.mark.parametrize(
    "body, kind, status",
    [
        (b"", "application/json", 400),
        (b'{"a', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":"' + b"x" * 10_000_000 + b'"}', "application/json", 413),
        (b"<xml/>", "application/xml", 415),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_and_its_bytes_are_kept(door, body, kind, status):
    answer = door.post("track", body, **{"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    held = door.held()
    assert held.height == 1
    raw = door.bench.rooms.signals.quarantine_raw(held["quarantine_id"].to_list())["raw"][0]
    assert raw == body[:65_536].decode()


def test_who_has_no_key_is_refused_and_nothing_is_kept(door):
    for headers in ({}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic %%%"}):
        answer = door.client.post("/v1/track", content=json.dumps(EVENT), headers=JSON | headers)
        assert answer.status_code == 401
    assert door.held().is_empty()
    basic = base64.b64encode(f"{door.key}:".encode()).decode()
    assert door.post("track", EVENT, Authorization=f"Basic {basic}").status_code == 200


def test_a_revoked_key_opens_nothing_and_the_environments_key_does(door):
    key = door.bench.rooms.write_keys.list()[0]
    door.bench.rooms.write_keys.revoke(key.key_id, "root")
    assert door.post("track", EVENT).status_code == 401


def test_personal_values_are_sealed_as_in_a_file(door):
    door.post("track", EVENT | {"properties": {"email": "ada@example.com"}, "context": {"ip": "10.0.0.1"}})
    row = door.events().row(0, named=True)
    assert "ada@example.com" not in str(row) and "10.0.0.1" not in str(row)
    assert set(json.loads(row["properties"])) == {"email", "context.ip"}


def test_what_happened_before_a_person_was_erased_is_not_taken_in_again_and_what_comes_after_is(door):
    from core.governance import erasing

    mail = {"properties": {"email": "ada@example.com", "plan": "x"}}
    door.post("track", EVENT)
    door.post("track", EVENT | {"messageId": "m2"} | mail)
    bench = door.bench
    bench.rooms.users.add("pat", "privacy", "root")
    erasing.erase(bench.db, "ld_1", "DSR-1", "pat", bench.rooms.users)
    again = [EVENT, EVENT | {"messageId": "m2"} | mail, EVENT | {"messageId": "m3"}]
    answer = door.post("batch", {"batch": [{"type": "track"} | one for one in again]}).json()
    assert (answer["accepted"], answer["duplicate"]) == (0, 1)
    assert [(one["index"], one["code"]) for one in answer["errors"]] == [(1, "erased_subject"), (2, "erased_subject")]
    sealed = bench.db.read("SELECT sealed FROM quarantine")["sealed"].to_list()
    assert all(b"ada@" not in text for text in bench.db.unseal(["ld_1"] * 2, sealed))
    door.post("track", EVENT | {"messageId": "n0", "userId": "ld_2"})
    plain = door.post("track", EVENT | {"messageId": "m4"})
    assert (plain.status_code, plain.json()["errors"][0]["code"]) == (400, "erased_subject")
    later = EVENT | {"messageId": "m5", "timestamp": live.now().isoformat()}
    assert door.post("track", later | mail).json()["accepted"] == 1
    assert door.events()["event_id"].to_list() == ["m1", "m2", "n0", "m5"]


def test_who_quarantine_alone_knows_is_erased_too_and_what_is_refused_of_them_is_not_readable(door):
    from core.governance import erasing

    bench, mail = door.bench, {"properties": {"email": "eve@example.com"}}
    someone = EVENT | {"userId": "ld_9"} | mail
    door.post("track", someone | {"messageId": "h1", "timestamp": "2100-01-01T00:00:00Z"})
    assert bench.db.read("SELECT lead_id, code FROM quarantine").rows() == [("ld_9", "future_time")]
    bench.rooms.users.add("pat", "privacy", "root")
    erasing.erase(bench.db, "ld_9", "DSR-9", "pat", bench.rooms.users)
    door.post("track", EVENT | {"messageId": "n0", "userId": "ld_2"})
    sent = [someone, someone | {"timestamp": "2100-01-01T00:00:00Z"}, someone | {"timestamp": "never"}]
    answer = door.post("batch", {"batch": [{"type": "track"} | one for one in sent]}).json()
    assert [one["code"] for one in answer["errors"]] == ["erased_subject"] * 3
    later = someone | {"messageId": "h5", "timestamp": live.now().isoformat()}
    assert door.post("track", later).json()["accepted"] == 1
    held = bench.db.read("SELECT lead_id, sealed FROM quarantine")
    texts = bench.db.unseal(held["lead_id"].to_list(), held["sealed"].to_list())
    assert set(held["lead_id"]) == {"ld_9"} and not any(text and b"eve@" in text for text in texts)
    assert door.events()["event_id"].to_list() == ["n0", "h5"]


def test_the_trace_of_a_request_stays_with_its_events(door):
    door.post("track", EVENT, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert door.events()["trace_id"][0] == "a" * 32


def test_a_stream_has_one_batch_a_day(door):
    for number in range(3):
        door.post("track", EVENT | {"messageId": str(number)})
    batches = door.bench.db.read("SELECT path, adapter, read, accepted FROM batches")
    assert batches.rows() == [("live:web-site", "segment", 3, 3)]


def test_a_batch_that_breaks_the_sources_contract_waits_and_is_let_in_after_the_fix(door):
    def batch(first, plan):
        calls = [EVENT | {"type": "track", "messageId": f"b{n}", "properties": plan} for n in range(first, first + 60)]
        return door.post("batch", {"batch": calls})

    sources = door.bench.rooms.signals.sources
    assert batch(0, {"plan": "team"}).json()["accepted"] == 60
    name = sources.names()[0]
    sources.confirm(name, {"missing": {"plan": 0.1}}, "ana")
    assert {one["code"] for one in batch(100, {}).json()["errors"]} == {"gate_failed"}
    assert door.post("track", EVENT).json()["errors"][0]["code"] == "breaker_open"
    assert (door.events().height, door.held().height) == (60, 61)
    sources.confirm(name, {}, "ana")
    sources.close(name, "plan is optional", "ana")
    done = door.bench.rooms.signals.redrive(door.held()["quarantine_id"].to_list(), actor="ana")
    assert (done.accepted, door.events().height) == (61, 121)


def test_the_traits_of_identify_and_group_calls_are_attributes_of_the_lead(door):
    common = {"userId": "ld_1", "timestamp": "2026-11-20T10:00:00Z"}
    door.post("identify", common | {"messageId": "i1", "traits": {"plan": "pro", "email": "ann@firma.example"}})
    group = {"type": "group", "messageId": "g1", "groupId": "a1", "traits": {"employees": "20"}}
    door.post("batch", {"batch": [common | group]})
    stored = door.bench.db.read("SELECT name, text, number, valid_from FROM attributes ORDER BY name").to_dicts()
    assert [(row["name"], row["text"], row["number"]) for row in stored] == [
        ("account_employees", None, 20.0), ("email", None, None), ("plan", "pro", None),
    ]  # fmt: skip
    assert str(stored[0]["valid_from"]) == "2026-11-20 10:00:00"
    assert "ann@firma" not in str(door.bench.db.read("SELECT * FROM attributes").rows())


def test_an_identify_call_gives_its_lead_attributes_and_joins_the_visitor(door):
    visit = {"type": "page", "messageId": "p1", "anonymousId": "an_1", "name": "Pricing"}
    told = {"type": "identify", "messageId": "i1", "anonymousId": "an_1", "userId": "ld_1"}
    traits = {"plan": "team", "seats": 12, "email": "ada@example.com"}
    assert door.post("batch", {"batch": [visit, told | {"traits": traits}]}).json()["accepted"] == 2
    wide = door.bench.rooms.signals.attributes_wide().filter(lead_id="ld_1").row(0, named=True)
    assert (wide["plan"], wide["seats"]) == ("team", 12.0)
    assert "ada@example.com" not in str(door.events().rows())
    merged = door.bench.db.read("SELECT f.lead_id, i.lead_id FROM lead_merges JOIN leads f ON from_no = f.lead_no "
                                "JOIN leads i ON into_no = i.lead_no")  # fmt: skip
    assert merged.rows() == [("an_1", "ld_1")]


def test_a_request_gives_the_events_that_a_file_of_it_gives(door, tmp_path):
    from core.kernel.database import Database
    from core.signals.service import Signals

    calls = [
        EVENT | {"type": "track", "messageId": "t1", "properties": {"plan": "x", "n": 2}, "channel": "browser"},
        EVENT
        | {"type": "group", "messageId": "g1", "groupId": "acme", "traits": {"employees": "12"}, "channel": "server"},
        EVENT
        | {"type": "page", "messageId": "p1", "name": "Docs", "context": {"page": {"path": "/d"}}, "channel": "web"},
    ]
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    assert door.post("batch", {"batch": calls}).json()["accepted"] == 3
    with Database.open(tmp_path / "imported", SystemClock()) as db:
        Signals(db).import_events(tmp_path / "calls.jsonl", actor="ana")
        expected = db.read("SELECT * FROM event_log ORDER BY event_id")
    names = ["event_id", "lead_id", "account_id", "type", "source", "occurred_at", "properties", "context"]
    assert door.events().sort("event_id").select(names).equals(expected.select(names))
