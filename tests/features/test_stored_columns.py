"""The compiler reads a property from its own column only where that cannot change a value."""

import pytest

from core.features.engine import build
from core.features.parser import read
from core.features.sample import statement
from core.signals.store_layout import compact, layout
from tests.features.logs import fill, open_store, spine_of
from tests.features.oracle import Event, Log, Row

DAY = 86_400_000_000
NOW = 20_000 * DAY
SET = """schema: leadbench/features/v1
name: sample
features:
  - {name: total, aggregate: sum, of: amount}
  - {name: large, aggregate: count, where: "amount >= 2"}
"""


@pytest.fixture
def db(tmp_path):
    with open_store(tmp_path / "store") as store:
        yield store


def stored(db, *amounts):
    events = [
        Event(f"e{n}", "L1", "web", "visit", NOW - n - 1, NOW - n - 1, properties={"amount": amount})
        for n, amount in enumerate(amounts)
    ]
    fill(db, Log(tuple(events)))
    compact(db, "ana")
    feature_set = read(SET, "s")
    values = build(db, feature_set, spine_of([Row("L1", NOW)])).select("total", "large").row(0)
    return statement(db, feature_set), values


def test_a_property_of_one_type_is_read_without_parsing(db):
    text, values = stored(db, 1, 2.5)
    assert "json" not in text
    assert values == (3.5, 1)


def test_a_value_of_another_type_in_a_declared_column_sends_the_build_back_to_the_json(db):
    with db.change("signals", "events.declared", "ana") as change:
        change.execute(
            'INSERT INTO event_schemas VALUES (\'visit\', 1, \'h\', \'{"properties":{"amount":{"type":"decimal"}}}\','
            " TIMESTAMP '2025-01-01', 'ana')"
        )
    text, values = stored(db, 1, "7", 2.5)
    assert "json_extract" in text
    assert values == (3.5, 1)


def test_a_log_that_something_else_wrote_to_is_counted_and_read_anew(db):
    stored(db, 1, 2.5)
    with db.change("signals", "events.imported", "ana") as change:
        change.execute("INSERT INTO events SELECT * REPLACE (event_no + 10 AS event_no, 'x' AS event_id) FROM events")
        change.execute("UPDATE events SET p1 = NULL WHERE event_id = 'x'")
    assert not layout(db).true
    assert "json_extract" in statement(db, read(SET, "s"))
    assert build(db, read(SET, "s"), spine_of([Row("L1", NOW)]))["total"].to_list() == [7.0]


def test_compaction_orders_the_log_and_changes_no_event(db):
    events = [Event(f"e{n}", f"L{n % 3}", "web", "visit", NOW - n * 7 % 5, NOW) for n in range(30)]
    fill(db, Log(tuple(events)))
    before = db.read("SELECT * FROM event_log ORDER BY event_no")
    done = compact(db, "ana")
    assert (done.events, done.tail) == (30, 30)
    assert layout(db).tail == 0
    assert db.read("SELECT * FROM event_log ORDER BY event_no").equals(before)
    lies = db.read("SELECT lead_no, occurred_at FROM events")
    assert lies.equals(lies.sort("lead_no", "occurred_at"))
    assert db.entries()["kind"].to_list()[-1] == "events.compacted"
