"""A corrected event stays and is not seen any more; what was asked before the correction keeps its answer."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from core.signals.store_pages import SignalPages

HEAD = "event_id,lead_id,type,occurred_at,received_at,amount,corrects,retracts\n"
ORDER = "e1,l1,order_placed,2026-01-01,2026-01-01,100,,"
FIXED = "c1,l1,order_placed,2026-01-01,2026-01-05,10,e1,"
AGAIN = "c2,l1,order_placed,2026-01-01,2026-01-07,20,c1,"
GONE = "r1,l1,order_placed,2026-01-01,2026-01-09,,,e1"


@pytest.fixture
def load(signals, write):
    def loader(*rows):
        path = write(f"{rows[0][:2]}{len(rows)}.csv", HEAD + "\n".join(rows) + "\n")
        return signals.import_events(path, actor="ana")

    return loader


def seen(signals, day):
    moment = datetime(2026, 1, day, 12, tzinfo=UTC)
    return sorted(SignalPages(signals.db).timeline("l1", moment)["event_id"])


@pytest.mark.parametrize(
    "order", list(permutations([ORDER, FIXED, AGAIN, GONE])), ids=lambda rows: "-".join(r[:2] for r in rows)
)
def test_each_moment_sees_the_version_that_it_knew_in_any_order_of_arrival(signals, load, order):
    for row in order:
        load(row)
    assert [seen(signals, day) for day in (2, 6, 8, 10)] == [["e1"], ["c1"], ["c2"], []]


def test_a_correction_deletes_nothing(signals, load):
    load(ORDER, FIXED)
    assert signals.db.scalar("SELECT count(*) FROM events") == 2
    assert signals.events_of("l1")["event_id"].to_list() == ["c1"]


def test_the_same_correction_again_is_a_duplicate(signals, load):
    load(ORDER, FIXED)
    assert load(FIXED).unchanged


def test_a_correction_may_stand_in_the_context(signals, write, load):
    load(ORDER)
    line = (
        '{"event_id":"c1","lead_id":"l1","type":"order_placed","occurred_at":"2026-01-01","context":{"corrects":"e1"}}'
    )
    signals.import_events(write("c.jsonl", line), actor="ana")
    assert signals.events_of("l1")["event_id"].to_list() == ["c1"]


def test_an_event_that_corrects_itself_is_held_back(signals, load):
    found = load(ORDER, "x1,l1,order_placed,2026-01-01,2026-01-05,10,x1,")
    assert found.reasons == {"corrects_itself": 1}
