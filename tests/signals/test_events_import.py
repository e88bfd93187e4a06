"""Events come in once, with both times, and whatever cannot be right is held back with its reason."""

import json
from collections import Counter
from datetime import datetime

import polars as pl
import pytest

from core.signals.errors import NothingAccepted, TooManyTypes, UnmappedField

HEAD = "event_id,lead_id,type,occurred_at,source,page,amount\n"
ROWS = [
    "e1,l1,page_viewed,2026-01-01T10:00:00Z,web,/pricing,5",
    "e2,l2,page_viewed,2026-01-02T10:00:00Z,web,/,",
    "e3,l1,demo_requested,2026-01-03T10:00:00+02:00,crm,,7",
]


@pytest.fixture
def events(write):
    return write("events.csv", HEAD + "\n".join(ROWS) + "\n")


def log(signals):
    return signals.db.read("SELECT * FROM event_log ORDER BY event_no")


def test_events_get_leads_kinds_and_properties(signals, events):
    found = signals.import_events(events, actor="ana")
    assert (found.read, found.accepted, found.duplicate, found.quarantined) == (3, 3, 0, 0)
    stored = log(signals)
    assert stored["lead_id"].to_list() == ["l1", "l1", "l2"]
    assert stored["occurred_at"][1] == datetime(2026, 1, 3, 8)
    assert stored["received_at"].equals(stored["occurred_at"].alias("received_at"))
    assert json.loads(stored["properties"][0]) == {"amount": 5, "page": "/pricing"}
    assert signals.lead_frame().rows() == [
        ("l1", datetime(2026, 1, 1, 10), None),
        ("l2", datetime(2026, 1, 2, 10), None),
    ]


def test_loading_again_adds_nothing_and_leaves_the_ledger(signals, events):
    signals.import_events(events, actor="ana")
    before = signals.db.revision()
    again = signals.import_events(events, actor="ana")
    assert (again.accepted, again.duplicate, again.unchanged) == (0, 3, True)
    assert signals.db.revision() == before


def test_an_import_is_one_ledger_entry_with_its_counts(signals, events):
    found = signals.import_events(events, actor="ana")
    entry = signals.db.entries("signals").row(0, named=True)
    body = json.loads(entry["body"])
    assert (entry["kind"], entry["actor"]) == ("events.imported", "ana")
    assert (body["batch_id"], body["accepted"], body["read"]) == (found.batch_id, 3, 3)


def test_a_dry_run_counts_and_writes_nothing(signals, events):
    found = signals.import_events(events, actor="ana", dry_run=True)
    assert found.accepted == 3
    assert signals.summary()["events"] == 0
    assert signals.db.entries().is_empty()


def test_the_same_id_with_other_content_is_a_conflicting_duplicate(signals, events, write):
    signals.import_events(events, actor="ana")
    other = write(
        "more.csv", HEAD + ROWS[0].replace("/pricing", "/docs") + "\n" + ROWS[1] + "\ne4,l1,x,2026-01-05,web,,\n"
    )
    found = signals.import_events(other, actor="ana")
    assert (found.accepted, found.duplicate, found.reasons) == (1, 1, {"conflicting_duplicate": 1})
    assert json.loads(log(signals)["properties"][0])["page"] == "/pricing"


def test_an_id_twice_in_one_file_counts_once(signals, write):
    path = write("twice.csv", HEAD + "\n".join([ROWS[0], ROWS[0], ROWS[0].replace(",5", ",6"), ROWS[1]]) + "\n")
    found = signals.import_events(path, actor="ana")
    assert (found.accepted, found.duplicate, found.quarantined) == (2, 1, 1)


def test_derived_ids_are_stable_across_files_and_number_equal_rows(signals, write):
    head, row = "lead_id,type,ts,x\n", "l1,a,2026-01-01,5\n"
    first = signals.import_events(write("a.csv", head + row + row + "l2,a,2026-01-01,\n"), actor="ana")
    second = signals.import_events(write("b.csv", "x,type,ts,lead_id\n" + "5,a,2026-01-01,l1\n" * 3), actor="ana")
    assert (first.accepted, second.accepted, second.duplicate) == (3, 1, 2)
    assert log(signals)["event_id"].str.starts_with("d_").all()


def test_a_column_type_does_not_change_a_derived_id(signals, write):
    head = "lead_id,type,ts,x\n"
    signals.import_events(write("a.csv", head + "l1,a,2026-01-01,5\n"), actor="ana")
    found = signals.import_events(write("b.csv", head + "l1,a,2026-01-01,5\nl1,b,2026-01-01,five\n"), actor="ana")
    assert (found.accepted, found.duplicate) == (1, 1)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",,a,2026-01-01,web,,", "missing_key"),
        ("x,l1,,2026-01-01,web,,", "missing_type"),
        ("x,l1,a,,web,,", "missing_time"),
        ("x,l1,a,2026-02-30,web,,", "impossible_time"),
        ("x,l1,a,soon,web,,", "impossible_time"),
        ("x,l1,a,1970-01-01T00:00:00Z,web,,", "impossible_time"),
        ("x,l1,a,2031-01-01,web,,", "future_time"),
        ("x," + "l" * 300 + ",a,2026-01-01,web,,", "id_too_long"),
        ("x,l1,a,2026-01-01,web,,inf", "not_finite"),
        ("x,l1,a,2026-01-01,web", "wrong_field_count"),
    ],
)
def test_a_record_that_cannot_be_right_is_held_with_its_reason(signals, write, row, code):
    found = signals.import_events(write("bad.csv", HEAD + ROWS[0] + "\n" + row + "\n"), actor="ana")
    assert (found.read, found.accepted, found.reasons) == (2, 1, {code: 1})
    held = signals.quarantine().row(0, named=True)
    assert (held["row_no"], held["code"], held["path"]) == (2, code, found.path)


def test_a_file_of_which_nothing_passes_is_refused_and_nothing_written(signals, write):
    with pytest.raises(NothingAccepted, match="2 missing_time"):
        signals.import_events(write("bad.csv", HEAD + "x,l1,a,,web,,\ny,l1,a,,web,,\n"), actor="ana")
    assert signals.quarantine().is_empty()
    assert signals.db.entries().is_empty()


def test_an_unmapped_required_field_is_refused(signals, write):
    with pytest.raises(UnmappedField, match="occurred_at"):
        signals.import_events(write("a.csv", "lead_id,type,moment_of_it\nl1,a,2026-01-01\n"), actor="ana")


def test_nan_in_parquet_is_missing_and_infinity_is_held(signals, tmp_path):
    frame = pl.DataFrame(
        {
            "lead_id": ["a", "b", "c"],
            "type": "t",
            "ts": [datetime(2026, 1, 1)] * 3,
            "v": [1.5, float("nan"), float("inf")],
        }
    )
    frame.write_parquet(tmp_path / "e.parquet")
    found = signals.import_events(tmp_path / "e.parquet", actor="ana")
    assert found.reasons == {"not_finite": 1}
    assert log(signals)["properties"].to_list() == ['{"v":1.5}', None]


def test_strings_of_json_are_never_numbers(signals, write):
    common = {"lead_id": "1", "ts": "2026-01-01T00:00:00Z"}
    calls = [{**common, "type": "a", "n": "5"}, {**common, "type": "b", "n": 5}]
    signals.import_events(write("e.jsonl", "".join(json.dumps(call) + "\n" for call in calls)), actor="ana")
    assert sorted(log(signals)["properties"].to_list()) == ['{"n":"5"}', '{"n":5}']


def test_segment_calls_load_without_a_mapping(signals, write):
    call = {
        "type": "track", "messageId": "m1", "userId": "u1", "anonymousId": "a1", "event": "Pricing Viewed",
        "properties": {"plan": "enterprise", "n": 2}, "context": {"page": {"path": "/pricing"}},
        "timestamp": "2026-01-10T04:08:31.905Z", "receivedAt": "2026-01-10T04:08:31.909Z", "channel": "browser",
    }  # fmt: skip
    page = {**call, "type": "page", "messageId": "m2", "event": None, "properties": None}
    found = signals.import_events(write("s.jsonl", json.dumps(call) + "\n" + json.dumps(page) + "\n"), actor="ana")
    assert (found.accepted, found.adapter) == (2, "segment")
    stored = log(signals).sort("event_id").row(0, named=True)
    assert (stored["type"], stored["source"], stored["anonymous_id"]) == ("Pricing Viewed", "web", "a1")
    assert json.loads(stored["properties"]) == {"plan": "enterprise", "n": 2}
    assert json.loads(stored["context"])["page"]["path"] == "/pricing"
    assert sorted(log(signals)["type"]) == ["Pricing Viewed", "page"]


def test_properties_that_are_no_json_object_are_held(signals, write):
    lines = 'lead_id,type,ts,properties\nl1,a,2026-01-01,"{""a"": 1}"\nl1,b,2026-01-01,"{""a"": "\n'
    found = signals.import_events(write("p.csv", lines), actor="ana")
    assert found.reasons == {"invalid_properties": 1}
    assert json.loads(log(signals)["properties"][0]) == {"a": 1}


def test_personal_properties_are_sealed(signals, write):
    path = write("p.csv", "lead_id,type,ts,email,plan,code\nl1,a,2026-01-01,ann@example.com,pro,x9\n")
    found = signals.import_events(path, {"map": {}, "personal": ["code"]}, actor="ana")
    assert {finding.column for finding in found.findings if finding.code == "personal_data"} == {"email", "code"}
    stored = json.loads(log(signals)["properties"][0])
    assert stored["plan"] == "pro"
    assert set(stored["email"]) == {"sealed"} and set(stored["code"]) == {"sealed"}
    assert b"ann@example" not in (signals.db.directory / "store.duckdb").read_bytes()


def test_a_source_in_other_words_is_understood_and_an_unknown_one_is_said(signals, write):
    rows = "".join(f"l{i},a,2026-01-01,{word}\n" for i, word in enumerate(["browser", "iOS", "fax"]))
    found = signals.import_events(write("s.csv", "lead_id,type,ts,source\n" + rows), actor="ana")
    assert log(signals).sort("lead_id")["source"].to_list() == ["web", "mobile", "third_party"]
    assert [finding.code for finding in found.findings] == ["unknown_source"]


def test_accounts_of_events_are_kept_with_their_first_time(signals, write):
    rows = "l1,a,2026-01-02,acme\nl1,b,2026-01-01,acme\nl2,a,2026-01-03,\n"
    signals.import_events(write("s.csv", "lead_id,type,ts,account_id\n" + rows), actor="ana")
    found = signals.db.read("SELECT lead_no, valid_from, origin FROM lead_accounts")
    assert found.rows() == [(1, datetime(2026, 1, 1), "event")]
    assert Counter(log(signals)["account_id"]) == {"acme": 2, None: 1}


def test_an_earlier_event_moves_the_creation_of_a_lead_known_from_events(signals, write):
    head = "lead_id,type,ts\n"
    signals.import_events(write("a.csv", head + "l1,a,2026-01-05\n"), actor="ana")
    signals.import_events(write("b.csv", head + "l1,a,2026-01-02\n"), actor="ana")
    assert signals.lead_frame()["created_at"].to_list() == [datetime(2026, 1, 2)]


def test_two_times_of_one_event_are_both_kept(signals, write):
    path = write("r.csv", "lead_id,type,occurred_at,received_at\nl1,a,2026-01-01,2026-01-04\n")
    signals.import_events(path, actor="ana")
    assert log(signals).select("occurred_at", "received_at").row(0) == (datetime(2026, 1, 1), datetime(2026, 1, 4))


def test_personal_members_of_given_properties_are_sealed(signals, write):
    texts = [{"plan": "pro", "email": "ann@example.com"}, {"plan": "x"}, {"contact": "bob@example.com", "n": 1}]
    lines = [{"lead_id": f"l{n}", "type": "a", "ts": "2026-01-01", "properties": text} for n, text in enumerate(texts)]
    signals.import_events(write("p.jsonl", "".join(json.dumps(line) + "\n" for line in lines)), actor="ana")
    stored = [json.loads(text) for text in log(signals)["properties"]]
    assert [sorted(item) for item in stored] == [["email", "plan"], ["plan"], ["contact", "n"]]
    assert "sealed" in stored[0]["email"] and "sealed" in stored[2]["contact"]


def test_cloud_events_load_without_a_mapping(signals, write):
    event = {
        "specversion": "1.0", "id": "A234", "source": "/web/pricing", "type": "page.viewed", "subject": "lead/ld_1",
        "time": "2026-01-23T09:12:00Z", "datacontenttype": "application/json", "data": {"plan": "enterprise"},
    }  # fmt: skip
    other = {**event, "source": "/mobile"}
    signals.import_events(write("c.jsonl", json.dumps(event) + "\n" + json.dumps(other) + "\n"), actor="ana")
    stored = log(signals).sort("event_id")
    assert stored["event_id"].to_list() == ["/mobile|A234", "/web/pricing|A234"]
    assert stored["lead_id"].to_list() == ["ld_1", "ld_1"]
    assert stored["source"].to_list() == ["mobile", "web"]
    assert json.loads(stored["properties"][0])["plan"] == "enterprise"


def test_ids_of_several_json_types_are_one_kind_of_text(signals, write):
    lines = [{"lead_id": "7", "type": "a", "ts": "2026-01-01"}, {"lead_id": 7, "type": "b", "ts": "2026-01-01"}]
    signals.import_events(write("p.jsonl", "".join(json.dumps(line) + "\n" for line in lines)), actor="ana")
    assert signals.lead_frame()["lead_id"].to_list() == ["7"]


def test_an_adapter_name_is_no_file_format(signals, write):
    path = write("s.csv", "messageId,userId,event,timestamp\nm1,l1,a,2026-01-01\n")
    assert signals.import_events(path, format="segment", actor="ana").accepted == 1
    assert signals.import_events(path, format="generic", actor="ana").adapter == "generic"


def test_free_text_as_type_is_refused(signals, write):
    rows = "".join(f"l1,said {n},2026-01-01\n" for n in range(5_001))
    with pytest.raises(TooManyTypes, match="5,001"):
        signals.import_events(write("t.csv", "lead_id,type,ts\n" + rows), actor="ana")
    assert signals.db.entries().is_empty()


def test_an_address_as_lead_id_is_one_lead_in_any_case(signals, write):
    rows = [
        "e1,Ann@Firma.de ,seen,2026-01-01,web,,",
        "e2,ann@firma.DE,seen,2026-01-02,web,,",
        "e3,L7,seen,2026-01-02,web,,",
    ]
    signals.import_events(write("events.csv", HEAD + "\n".join(rows) + "\n"), actor="ana")
    assert sorted(set(log(signals)["lead_id"])) == ["L7", "ann@firma.de"]


def test_personal_members_are_sealed_at_any_depth(signals, write):
    call = {
        "type": "identify", "messageId": "i1", "userId": "u1", "timestamp": "2026-01-01T00:00:00Z", "channel": "server",
        "traits": {"email": "ann@firma.de", "plan": "pro", "contacts": [{"phone": "+49 30 1234567"}]},
        "context": {"ip": "10.1.2.3", "page": {"path": "/p", "userAgent": "Firefox"}},
    }  # fmt: skip
    found = signals.import_events(write("calls.jsonl", json.dumps(call) + "\n"), actor="ana")
    stored = log(signals).row(0, named=True)
    clear = str(stored["properties"]) + str(stored["context"])
    assert not [text for text in ("ann@firma.de", "1234567", "10.1.2.3", "Firefox") if text in clear]
    assert json.loads(stored["context"]) == {"page": {"path": "/p"}}
    assert json.loads(stored["properties"])["traits"]["plan"] == "pro"
    named = {finding.column for finding in found.findings if finding.code == "personal_data"}
    assert named == {"traits.email", "traits.contacts", "context.ip", "context.page.userAgent"}


@pytest.mark.parametrize("column", ["region", "account_id", "anonymous_id"])
def test_the_same_id_with_another_envelope_is_a_conflict(signals, write, column):
    head = f"event_id,lead_id,type,occurred_at,{column}\n"
    signals.import_events(write("a.csv", head + "1,l1,a,2026-01-01,x\n"), actor="ana")
    again = signals.import_events(write("b.csv", head + "1,l1,a,2026-01-01,y\n2,l1,a,2026-01-01,x\n"), actor="ana")
    assert (again.accepted, again.reasons) == (1, {"conflicting_duplicate": 1})
    assert signals.import_events(write("c.csv", head + "1,l1,a,2026-01-01,x\n"), actor="ana").duplicate == 1
