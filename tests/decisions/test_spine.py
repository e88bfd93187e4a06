"""Who is decided, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from core.decisions.errors import NobodyToDecide, PopulationUnknown
from core.decisions.spine import population
from tests.decisions.conftest import AS_OF, LEADS, START, lead_id, open_store

DAY = 86_400_000_000


def change(store, sql):
    with store.change("signals", "signals.changed", "test") as writing:
        writing.execute(sql)


def ids(found):
    return set(found.spine["lead_id"])


def test_by_default_the_open_leads_are_decided_at_the_latest_moment(store):
    found = population(store)
    latest = store.scalar("SELECT max(received_at) FROM events")
    assert found.leads == "open" and found.spine.height == 180
    assert found.spine["as_of"].unique().to_list() == [found.as_of.replace(tzinfo=None)]
    assert timedelta(0) < found.as_of.replace(tzinfo=None) - latest <= timedelta(seconds=1)


def test_an_outcome_after_the_last_event_moves_the_latest_moment_and_closes_its_lead(store):
    change(store, "INSERT INTO outcomes VALUES (1, 'won', '2026-11-20 10:00:00', NULL, NULL, 'b-2')")
    found = population(store)
    assert found.as_of == datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)
    assert lead_id(1) not in ids(found) and found.spine.height == 179


def test_an_outcome_that_was_learnt_late_moves_the_latest_moment_to_when_it_was_learnt(store):
    change(store, "INSERT INTO outcomes VALUES (1, 'lost', '2026-10-20', '2026-11-21', NULL, 'b-2')")
    assert population(store).as_of == datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)


def test_a_store_whose_only_dates_are_outcomes_is_decided_after_the_last_of_them(store):
    change(store, "DELETE FROM events")
    change(store, "UPDATE leads SET created_at = NULL")
    assert population(store).as_of == datetime(2026, 10, 20, 0, 0, 1, tzinfo=UTC)


def test_a_lead_is_open_until_its_outcome_is_known(store):
    before, after = datetime(2026, 10, 19), datetime(2026, 10, 21)
    assert population(store, as_of=before).spine.height == LEADS
    assert population(store, as_of=after).spine.height == 180
    assert population(store, as_of=after, leads="all").spine.height == LEADS


def test_a_lead_is_not_there_before_it_was_created(store):
    change(store, "UPDATE leads SET created_at = '2026-10-28' WHERE lead_no = 1")
    change(store, "DELETE FROM events WHERE lead_no = 1")
    assert lead_id(1) not in ids(population(store, as_of=datetime(2026, 10, 28)))
    assert lead_id(1) in ids(population(store, as_of=AS_OF))


def test_a_lead_without_a_creation_time_is_there_from_its_first_event(store):
    change(store, "UPDATE leads SET created_at = NULL WHERE lead_no = 1")
    first = store.scalar("SELECT min(occurred_at) FROM events WHERE lead_no = 1")
    assert lead_id(1) not in ids(population(store, as_of=first))
    assert lead_id(1) in ids(population(store, as_of=first + timedelta(seconds=1)))


def test_a_history_has_one_slice_a_step_and_ends_at_as_of(store):
    found = population(store, as_of=AS_OF, every_us=DAY, last_us=7 * DAY)
    assert found.spine["as_of"].unique().sort().to_list() == [AS_OF - timedelta(days=back) for back in range(6, -1, -1)]
    assert (found.spine["as_of"] == found.spine["known_at"]).all()


def test_a_history_follows_who_was_open_then(store):
    found = population(store, as_of=datetime(2026, 10, 22), every_us=7 * DAY, last_us=14 * DAY)
    assert dict(found.spine.group_by("as_of").len().rows()) == {
        datetime(2026, 10, 15): 240,
        datetime(2026, 10, 22): 180,
    }


def test_the_test_leads_are_decided_where_none_is_open(store):
    change(store, "INSERT INTO outcomes SELECT lead_no, 'won', '2026-10-20', NULL, NULL, 'b-2' FROM leads")
    found = population(store, as_of=AS_OF, test_leads=[lead_id(3), lead_id(4)])
    assert found.leads == "test" and ids(found) == {lead_id(3), lead_id(4)}


def test_all_are_decided_where_none_is_open_and_none_is_for_testing(store):
    change(store, "INSERT INTO outcomes SELECT lead_no, 'won', '2026-10-20', NULL, NULL, 'b-2' FROM leads")
    assert population(store, as_of=AS_OF).leads == "all"


def test_a_moment_before_everything_has_nobody_to_decide(store):
    with pytest.raises(NobodyToDecide):
        population(store, as_of=START - timedelta(days=1))


def test_an_unknown_population_is_refused(store):
    with pytest.raises(PopulationUnknown):
        population(store, leads="some")


def test_a_store_without_dates_is_decided_without_a_moment(store):
    change(store, "DELETE FROM events")
    change(store, "UPDATE leads SET created_at = NULL")
    change(store, "UPDATE outcomes SET closed_at = NULL")
    found = population(store)
    assert found.as_of is None and found.leads == "open"
    assert found.spine["as_of"].null_count() == found.spine.height == 180


def test_an_empty_store_has_nobody_to_decide(tmp_path):
    with open_store(tmp_path) as database, pytest.raises(NobodyToDecide):
        population(database)
