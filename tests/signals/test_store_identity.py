"""Visitors become known, ids become one: what is stored stays, and each moment sees the identity that it knew."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from core.decisions.population import PopulationStore
from core.signals import store_identity
from core.signals.store_pages import SignalPages

HEAD = "event_id,lead_id,anonymous_id,type,occurred_at,received_at\n"
VISITS = [
    "e1,,v1,page_viewed,2026-01-01,2026-01-01",
    "e2,,v1,page_viewed,2026-01-02,2026-01-02",
    "e3,ann,v1,identify,2026-01-03,2026-01-03",
    "e4,,v2,page_viewed,2026-01-04,2026-01-04",
]


@pytest.fixture
def load(signals, write):
    def loader(rows, name="visits.csv"):
        return signals.import_events(write(name, HEAD + "\n".join(rows) + "\n"), actor="ana")

    return loader


def merges(signals):
    sql = "SELECT from_id, into_id, known_from, known_until FROM published.merges ORDER BY ALL"
    return signals.db.read(sql).rows()


def test_events_of_a_visitor_are_stored_under_the_visitor(signals, load):
    found = load(VISITS[:2])
    assert (found.accepted, found.quarantined) == (2, 0)
    assert signals.db.read("SELECT DISTINCT subject_id FROM event_rows")["subject_id"].to_list() == ["v1"]
    assert signals.lead_frame().is_empty()


def test_an_identify_call_makes_the_visitors_past_the_leads(signals, load):
    found = load(VISITS)
    assert found.merged == 1
    assert merges(signals) == [("v1", "ann", datetime(2026, 1, 3), None)]
    assert signals.events_of("ann").height == 3
    assert signals.events_of("v1").height == 3
    assert signals.lead_frame()["lead_id"].to_list() == ["ann"]


def test_an_earlier_moment_sees_the_earlier_identity(signals, load):
    load(VISITS)
    pages = SignalPages(signals.db)
    before, after = (datetime(2026, 1, day, 12, tzinfo=UTC) for day in (2, 3))
    assert pages.timeline("ann", before).height == 0
    assert pages.timeline("ann", after).height == 3
    people = PopulationStore(signals.db)
    assert people.leads(datetime(2026, 1, 2), only_open=False) == []
    assert people.leads(datetime(2026, 1, 5), only_open=False) == ["ann"]


def test_stored_events_keep_the_subject_that_they_came_with(signals, load):
    load(VISITS)
    kept = signals.db.read("SELECT event_id, subject_id FROM event_rows ORDER BY event_id").rows()
    assert kept == [("e1", "v1"), ("e2", "v1"), ("e3", "ann"), ("e4", "v2")]


def test_loading_again_adds_nothing(signals, load):
    load(VISITS)
    before = signals.db.revision()
    assert load(VISITS).unchanged and signals.db.revision() == before


def test_files_in_any_order_give_the_same_merges(signals, load):
    load(["f1,bob,v1,identify,2026-01-09,2026-01-09"], "late.csv")
    load(VISITS, "early.csv")
    assert merges(signals) == [("v1", "ann", datetime(2026, 1, 3), None)]
    assert signals.quarantine()["code"].to_list() == ["identity_conflict"]


def test_a_visitor_claimed_by_a_second_lead_is_quarantined_with_the_reason(signals, load):
    load(VISITS)
    found = load(["f1,bob,v1,identify,2026-01-09,2026-01-09"], "bob.csv")
    assert (found.accepted, found.quarantined) == (1, 0)
    assert [warning.code for warning in found.warnings] == ["identity_conflict"]
    held = signals.quarantine().row(0, named=True)
    assert (held["code"], held["lead_id"]) == ("identity_conflict", "bob")
    assert signals.events_of("bob").height == 1


def test_an_unmerge_keeps_the_past_and_writes_a_reason(signals, load):
    load(VISITS)
    signals.unmerge("v1", reason="two people, one laptop", actor="ana")
    assert [row[3] for row in merges(signals)] == [datetime(2026, 11, 24, 12)]
    assert signals.events_of("ann").height == 1
    entry = signals.db.entries("signals").row(-1, named=True)
    assert entry["kind"] == "identity.unmerged"
    assert json.loads(entry["body"])["reason"] == "two people, one laptop"
    assert SignalPages(signals.db).timeline("ann", datetime(2026, 2, 1, tzinfo=UTC)).height == 3


def test_what_a_person_separated_is_not_joined_by_the_next_call(signals, load):
    load(VISITS)
    signals.unmerge("v1", reason="two people", actor="ana")
    load(["e9,ann,v1,identify,2026-11-24T13:00:00,2026-11-24T13:00:00"], "again.csv")
    assert [row[3] is None for row in merges(signals)] == [False]


def test_a_quarantined_claim_is_redriven_after_the_unmerge(signals, load):
    load(VISITS)
    load(["f1,bob,v1,identify,2026-01-09,2026-01-09"], "bob.csv")
    signals.unmerge("v1", reason="it is bob's", actor="ana")
    done = signals.redrive(signals.quarantine()["quarantine_id"].to_list(), actor="ana")
    assert (done.read, done.accepted, done.quarantined) == (1, 1, 0)
    assert merges(signals)[-1][:2] == ("v1", "bob")


def test_an_outcome_of_a_merged_id_is_the_outcome_of_the_root(signals, load, write):
    load(VISITS)
    signals.import_outcomes(
        {"path": str(write("o.csv", "lead_id,at,outcome\nv1,2026-02-01,won\n")), "won": "outcome = 'won'"}, actor="ana"
    )
    assert signals.outcome_frame().select("lead_id", "outcome").rows() == [("ann", "won")]


def test_an_adapters_statements_are_taken_with_the_events(signals, load, store):
    load(VISITS)
    said = pl.DataFrame(
        {"from_id": ["v2"], "into_id": ["ann"], "at": [datetime(2026, 1, 5)], "received_at": [datetime(2026, 1, 6)],
         "origin": ["alias"], "event_id": ["x"]}
    )  # fmt: skip
    with store.change("signals", "events.imported", "ana") as change:
        assert store_identity.land(change, said, "b9").merged == 1
    assert merges(signals)[-1] == ("v2", "ann", datetime(2026, 1, 6), None)


def test_an_alias_call_joins_its_previous_id(signals, write):
    calls = [
        {"event_id": "e1", "lead_id": "old", "type": "page_viewed", "occurred_at": "2026-01-01"},
        {"event_id": "e2", "lead_id": "new", "type": "alias", "occurred_at": "2026-01-02",
         "properties": {"previousId": "old"}},
    ]  # fmt: skip
    lines = "\n".join(json.dumps(call) for call in calls)
    signals.import_events(write("a.jsonl", lines), actor="ana")
    assert merges(signals) == [("old", "new", datetime(2026, 1, 2), None)]


def test_an_identify_call_with_a_company_address_gives_the_account(signals, write):
    call = {"type": "identify", "messageId": "m1", "userId": "ann", "anonymousId": "v1", "channel": "browser",
            "originalTimestamp": "2026-01-02T10:00:00Z", "traits": {"email": "ann@acme.example"}}  # fmt: skip
    signals.import_events(write("s.jsonl", json.dumps(call)), actor="ana")
    sql = "SELECT account_id, valid_from, origin FROM lead_accounts JOIN accounts USING (account_no)"
    assert signals.db.read(sql).rows() == [("acme.example", datetime(2026, 1, 2, 10), "domain")]
