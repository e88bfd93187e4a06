"""Inspection names what an analyst should know before loading."""

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.clock import FixedClock
from core.signals.inspect import inspect, inspect_file
from core.signals.raw import ReadOptions

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEYS = {
    "path",
    "format",
    "adapter",
    "schema_versions",
    "kind",
    "rows",
    "columns",
    "suggested_map",
    "time_columns",
    "findings",
}


def codes(found, column=None):
    return {item["code"] for item in found["findings"] if column is None or item["column"] == column}


@pytest.fixture
def table(write):
    rows = [
        f"{n},2026-01-0{1 + n % 9},{'Select' if n % 3 else 'Retail'},{n % 7 if n else 'many'},same,"
        f"p{n}@example.com,{999 if n % 5 == 0 else n % 50},{n % 2},{'x' if n % 2 else ''},"
        f"{'2025-12-31' if n == 4 else '2026-02-01'},https://a.example/?email=p{n},2031-01-01"
        for n in range(100)
    ]
    head = "lead_id,created_at,industry,mixed,constant,contact,visits,converted,deal_no,closed_on,url,renewal"
    return write("leads.csv", head + "\n" + "\n".join([*rows, rows[0], "7,short"]) + "\n")


def test_everything_that_stands_out_is_named(table):
    found = inspect_file(str(table), ReadOptions(), NOW)
    assert set(found) == KEYS
    assert (found["format"], found["kind"], found["rows"]) == ("csv", "leads", 102)
    assert found["suggested_map"] == {"lead_id": "lead_id", "created_at": "created_at"}
    assert found["time_columns"] == ["created_at", "closed_on", "renewal"]
    assert "placeholder_missing" in codes(found, "industry")
    assert "placeholder_missing" in codes(found, "visits")
    assert "mixed_types" in codes(found, "mixed")
    assert "constant" in codes(found, "constant")
    assert "personal_data" in codes(found, "contact")
    assert "personal_data" in codes(found, "url")
    assert "duplicate_key" in codes(found, "lead_id")
    assert "outcome_like" in codes(found, "converted")
    assert "suspected_leak" in codes(found, "deal_no")
    assert "impossible_time" in codes(found, "closed_on")
    assert "future_time" in codes(found, "renewal")
    assert "unparsed_rows" in codes(found)


def test_columns_are_described_and_personal_examples_hidden(table):
    columns = {column["name"]: column for column in inspect_file(str(table), ReadOptions(), NOW)["columns"]}
    assert columns["contact"]["example"] == "(personal)"
    assert columns["visits"]["type"] == "number"
    assert columns["industry"] == {
        "name": "industry", "type": "category", "missing": 66, "distinct": 1, "example": "Retail",
    }  # fmt: skip


def test_the_example_of_an_object_shows_no_personal_member(write):
    path = write(
        "c.jsonl", '{"lead_id": "l1", "type": "a", "ts": "2026-01-01", "context": {"ip": "8.8.8.8", "os": "x"}}\n'
    )
    columns = {column["name"]: column for column in inspect_file(str(path), ReadOptions(), NOW)["columns"]}
    assert columns["context"]["example"] == '{"os":"x"}'


def test_senders_faster_than_people_are_named(write):
    start = datetime(2026, 1, 1, 10)
    people = [f"l{n % 20},view,{(start + timedelta(hours=n)).isoformat()}" for n in range(100)]
    machine = [f"bot,view,{start.isoformat()}" for _ in range(30)]
    path = write("e.csv", "lead_id,type,ts\n" + "\n".join(people + machine) + "\n")
    found = inspect_file(str(path), ReadOptions(), NOW)
    assert found["kind"] == "events"
    assert codes(found, "lead_id") == {"bot_like"}
    assert "duplicate_event" in codes(found)


def test_what_a_file_holds_is_seen_where_no_alias_knows_its_leads(write):
    events = write("e.csv", "contact,action,ts\n" + "".join(f"c{n % 4},view,2026-01-0{1 + n % 9}\n" for n in range(20)))
    deals = write("d.csv", "contact,stage,closed_at\n" + "".join(f"c{n},Won,2026-01-0{1 + n}\n" for n in range(9)))
    found = [inspect_file(str(path), ReadOptions(), NOW) for path in (events, deals)]
    assert [one["kind"] for one in found] == ["events", "outcomes"]
    assert [one["suggested_map"]["lead_id"] for one in found] == ["contact", "contact"]


def test_event_types_that_look_like_outcomes_are_named(write):
    path = write(
        "e.csv",
        "lead_id,type,ts,event_id\nl1,A_APPROVED,2026-01-01,e1\nl1,A_PREACCEPTED,2026-01-01,e1\n,x,2026-01-01,e2\n",
    )
    found = inspect_file(str(path), ReadOptions(), NOW)
    message = next(item["message"] for item in found["findings"] if item["code"] == "outcome_like")
    assert "`A_APPROVED`" in message and "PREACCEPTED" not in message
    assert {"missing_key", "duplicate_event"} <= codes(found)


def test_a_clean_file_has_no_findings(write):
    rows = "\n".join(f"a{n},2026-01-{1 + n % 20:02},{n % 30}" for n in range(60))
    assert (
        inspect_file(str(write("c.csv", f"lead_id,created_at,visits\n{rows}\n")), ReadOptions(), NOW)["findings"] == []
    )


def test_inspection_runs_in_a_worker_and_needs_no_store(table):
    assert set(inspect(table, FixedClock(NOW))) == KEYS


def test_columns_without_a_known_name_are_guessed_from_what_they_hold(write):
    rows = "\n".join(f"C-{n},2026-01-{1 + n % 20:02},2026-03-01,{n % 30}" for n in range(60))
    path = write("c.csv", f"Customer Ref,Sign-up day,Deal closed,visits\n{rows}\n")
    assert inspect_file(str(path), ReadOptions(), NOW)["suggested_map"] == {
        "lead_id": "Customer Ref",
        "created_at": "Sign-up day",
    }
