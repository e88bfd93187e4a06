"""Leads that converted and were like a lead at its age."""

from dataclasses import replace
from datetime import datetime

import polars as pl
import pytest

from core.decisions.engine import decide
from core.decisions.similar import similar
from core.decisions.store import DecisionStore
from tests.decisions.conftest import AS_OF, fill, lead_id, open_store

OWN, WON = lead_id(8), {5: datetime(2026, 10, 1), 9: datetime(2026, 10, 25), 13: datetime(2026, 10, 30)}
LATER = 17


@pytest.fixture(scope="module")
def compared(tmp_path_factory, feature_set, model, policy):
    with open_store(tmp_path_factory.mktemp("alike")) as database:
        fill(database)
        with database.change("signals", "outcomes.imported", "ana") as change:
            closed = {**WON, LATER: datetime(2026, 11, 20)}
            rows = {"lead_no": pl.Series(list(closed), dtype=pl.Int32), "closed_at": list(closed.values())}
            change.insert("outcomes", pl.DataFrame(rows).with_columns(outcome=pl.lit("won"), batch_id=pl.lit("b-2")))
            change.execute(
                "INSERT INTO events SELECT e.* REPLACE (13 AS lead_no, event_no + 50000 AS event_no, "
                "'copy-' || event_id AS event_id) FROM (FROM events WHERE lead_no = 8) e"
            )
            change.execute("DELETE FROM events WHERE lead_no = 13 AND NOT starts_with(event_id, 'copy-')")
            change.execute("DELETE FROM attributes WHERE lead_no IN (8, 13)")
        rows = pl.DataFrame({"lead_id": [OWN], "as_of": [AS_OF], "known_at": [AS_OF]})
        decide(database, rows, feature_set=feature_set, model=model, policy=policy, arm="trial", actor="ana")
        yield database, DecisionStore(database).of(OWN)


def test_the_lead_that_did_the_same_is_the_most_alike(compared, feature_set, model):
    database, record = compared
    found = similar(database, feature_set, model, record)
    assert found[0].lead_id == lead_id(13)
    likeness = [one.likeness for one in found]
    assert likeness == sorted(likeness, reverse=True) and all(0 <= one <= 1 for one in likeness)
    assert found == similar(database, feature_set, model, record)


def test_only_conversions_known_by_then_count_and_nothing_after_them_is_seen(compared, feature_set, model):
    database, record = compared
    found = {one.lead_id: one for one in similar(database, feature_set, model, record, most=10)}
    assert set(found) == {lead_id(number) for number in WON}
    for one in found.values():
        assert one.as_of is not None and one.closed_at is not None and one.as_of <= one.closed_at
    early = replace(record, as_of="2026-10-10T00:00:00Z", known_at="2026-10-10T00:00:00Z")
    assert [one.lead_id for one in similar(database, feature_set, model, early)] == [lead_id(5)]
    assert similar(database, feature_set, model, replace(record, known_at="2026-09-02T00:00:00Z")) == []
