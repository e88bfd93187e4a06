"""Nothing that came in is lost: what is held back keeps its raw record, sealed, and can be sent through again."""

import json

import pytest

from core.signals.errors import UnknownQuarantine

HEAD = "id,who,what,when_it_was,x\n"
MAPPING = {"map": {"event_id": "id", "lead_id": "who", "type": "what", "occurred_at": "when_it_was"}}


@pytest.fixture
def held(signals, write):
    rows = ["1,ann@example.com,a,2026-01-01,5", "2,bob@example.com,a,05/06/2026,6", "3,cid,,2026-01-02,7", "4,dan"]
    path = write("e.csv", HEAD + "\n".join(rows) + "\n")
    return signals.import_events(path, MAPPING | {"dates": "dmy"}, actor="ana")


def test_the_raw_record_is_kept_sealed(signals, held):
    assert held.reasons == {"missing_type": 1, "wrong_field_count": 1}
    raw = signals.quarantine_raw([held.batch_id])
    assert json.loads(raw["raw"][0]) == {"id": "3", "who": "cid", "what": None, "when_it_was": "2026-01-02", "x": "7"}
    assert raw["raw"][1] == "4,dan"
    assert b"4,dan" not in (signals.db.directory / "store.duckdb").read_bytes()


def test_a_corrected_mapping_lets_held_records_pass(signals, held):
    corrected = {"map": {**MAPPING["map"], "type": "x"}, "dates": "dmy"}
    found = signals.redrive(held.batch_id, corrected, actor="ana")
    assert found.to_json() == {"read": 2, "accepted": 1, "duplicate": 0, "quarantined": 1, "hopeless": 1}
    assert signals.events_of("cid")["type"].to_list() == ["7"]
    assert signals.quarantine()["code"].to_list() == ["wrong_field_count"]
    assert signals.quarantine("redriven").height == 1


def test_the_same_mapping_changes_nothing(signals, held):
    before = signals.db.revision()
    found = signals.redrive(held.batch_id, actor="ana")
    assert (found.accepted, found.quarantined) == (0, 2)
    assert signals.db.revision() == before


def test_loading_the_file_again_holds_nothing_twice(signals, held):
    again = signals.import_events(held.path, MAPPING | {"dates": "dmy"}, actor="ana")
    assert (again.accepted, again.duplicate, again.quarantined, again.unchanged) == (0, 4, 0, True)
    assert signals.quarantine().height == 2


def test_equal_bad_records_are_each_held(signals, write):
    path = write("e.csv", "lead_id,type,ts\nl1,a,2026-01-01\n,a,2026-01-01\n,a,2026-01-01\n")
    assert signals.import_events(path, actor="ana").quarantined == 2
    assert signals.quarantine().height == 2


def test_discarded_records_wait_no_longer_and_the_ledger_says_why(signals, held):
    one = signals.quarantine()["quarantine_id"][0]
    assert signals.discard(one, reason="a test call", actor="rita") == 1
    assert signals.quarantine().height == 1
    entry = signals.db.entries("signals").row(-1, named=True)
    assert (entry["kind"], json.loads(entry["body"])["reason"]) == ("quarantine.discarded", "a test call")
    with pytest.raises(UnknownQuarantine, match=one):
        signals.discard(one, reason="again", actor="rita")


def test_held_leads_pass_once_their_dates_are_explained(signals, write):
    path = write("l.csv", "lead_id,created_at\nl1,2026-01-01\nl2,1970-01-01\n")
    batch = signals.import_leads(path, actor="ana").batch_id
    found = signals.redrive(batch, {"map": {"lead_id": "lead_id", "created_at": {"order_of_rows": True}}}, actor="ana")
    assert (found.accepted, found.quarantined) == (1, 0)
    assert signals.lead_frame()["lead_id"].to_list() == ["l1", "l2"]


def test_held_outcomes_are_tried_with_their_own_conditions(signals, write):
    signals.import_leads(write("l.csv", "lead_id,created_at\nl1,2026-01-01\nl2,2026-01-01\n"), actor="ana")
    path = write("o.csv", "lead_id,date,stage\nl1,2026-02-01,won\nl2,soon,won\n")
    batch = signals.import_outcomes({"path": str(path), "won": "stage = 'won'"}, actor="ana").batch_id
    found = signals.redrive(batch, {"map": {"lead_id": "lead_id", "at": {"literal": "2026-02-03"}}}, actor="ana")
    assert found.accepted == 1
    assert signals.summary()["outcomes"] == {"won": 2, "open": 0}


def test_the_reason_shows_no_personal_value_and_no_long_one(signals, write):
    rows = ["1,cid,a,ann@example.com", f"2,cid,a,{'x' * 5_000}", "3,cid,a,2026-01-01"]
    path = write("e.csv", "id,who,what,when_it_was\n" + "\n".join(rows) + "\n")
    signals.import_events(path, MAPPING, actor="ana")
    details = signals.quarantine()["detail"].to_list()
    assert not any("ann@example.com" in detail for detail in details)
    assert max(map(len, details)) < 200


def test_records_of_a_file_read_by_a_given_format_can_be_sent_through_again(signals, write):
    path = write("export.dat", "id,who,what,when_it_was,x\n1,cid,,2026-01-01,007\n2,dan,a,2026-01-01,008\n")
    held = signals.import_events(path, MAPPING, format="csv", actor="ana")
    found = signals.redrive(held.batch_id, {"map": {**MAPPING["map"], "type": "x"}}, actor="ana")
    assert (found.accepted, found.quarantined) == (1, 0)
