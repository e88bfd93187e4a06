"""Which standing decisions would see other features now, and because of what."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from core.decisions.engine import decide
from core.decisions.outdated import outdated
from core.decisions.spine import population
from tests.decisions.conftest import AS_OF, lead_id

HOUR = timedelta(hours=1)


@pytest.fixture
def decided(store, feature_set, model, policy):
    with store.change("signals", "events.imported", "ana") as change:
        change.execute("DELETE FROM events WHERE received_at > ?", [AS_OF])
    spine = population(store, as_of=AS_OF, leads="all").spine.head(30)
    decide(store, spine, feature_set=feature_set, model=model, policy=policy, arm="trial", actor="ana")
    return store


def add_view(store, lead_no: int, occurred_at: datetime, received_at: datetime):
    row = {
        "event_no": 90_000, "event_id": f"late-{lead_no}", "lead_no": lead_no, "kind_no": 1, "occurred_at": occurred_at,
        "received_at": received_at, "schema_version": 1, "batch_id": "b-2",
    }  # fmt: skip
    with store.change("signals", "events.imported", "ana") as change:
        change.insert("events", pl.DataFrame([row]))


def found(store, feature_set):
    return outdated(store, lambda _: feature_set)


def test_nothing_is_outdated_while_nothing_comes(decided, feature_set):
    assert found(decided, feature_set) == []


def test_a_late_event_is_found_with_the_features_that_it_changes(decided, feature_set):
    add_view(decided, 5, AS_OF - HOUR, AS_OF + HOUR)
    (one,) = found(decided, feature_set)
    assert (one.lead_id, one.causes) == (lead_id(5), ("late",))
    changed = {name: now - stored for name, stored, now in one.changes if name in ("views_7d", "views_30d")}
    assert changed == {"views_7d": 1, "views_30d": 1}


def test_an_event_after_the_decisions_time_changes_nothing(decided, feature_set):
    add_view(decided, 5, AS_OF + HOUR, AS_OF + HOUR)
    assert found(decided, feature_set) == []


def test_a_correction_and_a_merge_are_found(decided, feature_set):
    with decided.change("signals", "events.imported", "ana") as change:
        known = {"later": AS_OF + HOUR}
        first = change.scalar("SELECT min(event_no) FROM events WHERE lead_no = 7")
        change.execute("UPDATE events SET superseded_at = $later WHERE event_no = $first", known | {"first": first})
        change.execute("INSERT INTO lead_merges VALUES (6, 5, $later, NULL, 'alias', 'b-2')", known)
    causes = {one.lead_id: one.causes for one in found(decided, feature_set)}
    assert causes == {lead_id(5): ("merged",), lead_id(7): ("corrected",)}
