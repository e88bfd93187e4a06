"""How old the knowledge behind a decision is, and what the policy and the record are told of it."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from core.decisions.engine import decide
from core.decisions.freshness import FEW_LOOKS, of_rows
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.store_feeds import FeedStore
from core.features import parser
from core.policy import parser as parser_of_policies
from tests.decisions.conftest import AS_OF, lead_id

HOUR = timedelta(hours=1)
TWO_FEEDS = """
schema: leadbench/features/v1
name: two_feeds
features:
  - {name: views, aggregate: count, where: "type = 'page_viewed'", window: 7d, max_age: 1h}
  - {name: calls, aggregate: count, where: "source = 'crm'", window: 90d, max_age: 2d}
  - {name: all_time, aggregate: count, window: all}
  - {name: employees, attribute: employees, type: number, max_age: 30d}
"""


def change(store, *statements):
    with store.change("signals", "signals.changed", "test") as writing:
        for sql in statements:
            writing.execute(sql)


def deliver(store, event_no, kind_no, occurred, received=None, lead_no=1):
    received = received or occurred
    names = "event_no, event_id, lead_no, kind_no, occurred_at, received_at, schema_version, batch_id"
    row = f"({event_no}, 'x{event_no}', {lead_no}, {kind_no}, '{occurred}', '{received}', 1, 'b-1')"
    change(store, f"INSERT INTO events ({names}) VALUES {row}")


@pytest.fixture
def feeds(store):
    """The web delivers until half an hour before as_of, the CRM until five days before."""
    change(
        store,
        "DELETE FROM events WHERE received_at > '2026-10-31'",
        "INSERT INTO event_kinds VALUES (3, 'crm', 'call')",
    )
    deliver(store, 9_001, 1, AS_OF - HOUR / 2)
    deliver(store, 9_002, 3, AS_OF - timedelta(days=5))
    return store


def row(lead=1, as_of=AS_OF, known_at=None):
    kinds = {"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")}
    return pl.DataFrame({"lead_id": [lead_id(lead)], "as_of": [as_of], "known_at": [known_at or as_of]}, schema=kinds)


def fresh(store, **given):
    return of_rows(store, parser.read(TWO_FEEDS, "two.yaml"), row(**given))[0]


def test_a_source_that_went_silent_makes_what_reads_it_stale_and_old(feeds):
    found = fresh(feeds, lead=7)
    assert found.stale == ("calls",)
    assert found.feature_age_min == 5 * 24 * 60


def test_a_feature_within_its_max_age_counts_as_fresh(feeds):
    deliver(feeds, 9_003, 3, AS_OF - timedelta(days=1))
    found = fresh(feeds, lead=7)
    assert "calls" not in found.stale
    assert found.feature_age_min == 30


def test_a_lead_that_is_silent_is_not_stale(feeds):
    deliver(feeds, 9_003, 3, AS_OF - HOUR, lead_no=2)
    change(feeds, "DELETE FROM events WHERE lead_no = 7")
    assert fresh(feeds, lead=7).feature_age_min == 30


def test_a_delivery_received_later_is_not_seen(feeds):
    deliver(feeds, 9_003, 3, AS_OF - HOUR, received=AS_OF + HOUR)
    assert "calls" in fresh(feeds).stale
    assert "calls" not in fresh(feeds, known_at=AS_OF + HOUR).stale


def test_rows_of_many_moments_know_what_each_moment_knew_and_read_the_log_where_they_must(feeds, monkeypatch):
    deliver(feeds, 9_004, 3, AS_OF - HOUR, received=AS_OF + HOUR)
    moments = [AS_OF + step * HOUR / 2 for step in (-1, 6, 0, 1, 2, 3, 1)]
    rows = pl.concat([row(known_at=moment) for moment in moments])
    two, read = parser.read(TWO_FEEDS, "two.yaml"), []
    alone = [of_rows(feeds, two, row(known_at=moment))[0] for moment in moments]
    real = FeedStore.newest
    monkeypatch.setattr(FeedStore, "newest", lambda store, moment: (read.append(moment), real(store, moment))[1])
    assert of_rows(feeds, two, rows) == alone
    assert len({one.stale for one in alone}) == 2
    assert read == [AS_OF + 3 * HOUR, AS_OF + HOUR / 2]


def test_many_moments_are_known_by_one_look_at_the_log_as_each_by_itself(feeds, monkeypatch):
    for place in range(12):
        deliver(feeds, 9_100 + place, 1 + 2 * (place % 2), AS_OF + place * HOUR / 3)
    moments = [AS_OF + place * HOUR / 6 for place in range(-3, 30)] + [AS_OF - timedelta(days=900)]
    store = FeedStore(feeds)
    crowded = [*moments, *(AS_OF + HOUR + place * HOUR / 20 for place in range(20))]
    assert store.newest_of_many(crowded) == {moment: store.newest(moment) for moment in crowded}
    looks, look = [], FeedStore.newest
    monkeypatch.setattr(FeedStore, "newest", lambda *given: looks.append(given) or look(*given))
    rows = pl.concat([row(as_of=moment) for moment in moments])
    found = of_rows(feeds, parser.read(TWO_FEEDS, "two.yaml"), rows)
    assert len(looks) == FEW_LOOKS
    assert found == [fresh(feeds, as_of=moment) for moment in moments]


def test_a_source_that_never_delivered_is_stale(feeds):
    change(feeds, "DELETE FROM events WHERE kind_no = 3")
    assert "calls" in fresh(feeds).stale


def test_an_attribute_ages_with_the_leads_own_value(feeds):
    assert "employees" in fresh(feeds).stale
    assert "employees" not in fresh(feeds, lead=7).stale
    values = f"(1, 'employees', NULL, 50, NULL, NULL, NULL, '{AS_OF - HOUR}', '{AS_OF - HOUR}', 'b-2')"
    change(feeds, f"INSERT INTO attributes VALUES {values}")
    assert "employees" not in fresh(feeds).stale


def test_an_attribute_told_under_a_merged_id_is_the_leads_own_while_the_merge_is_known(feeds):
    recent = f"(2, 'employees', NULL, 50, NULL, NULL, NULL, '{AS_OF - HOUR}', '{AS_OF - HOUR}', 'b-2')"
    merge = f"(2, 1, '{AS_OF - HOUR}', NULL, 'alias', 'b-2')"
    change(feeds, f"INSERT INTO attributes VALUES {recent}", f"INSERT INTO lead_merges VALUES {merge}")
    assert "employees" not in fresh(feeds).stale
    assert "employees" not in fresh(feeds, lead=2).stale
    assert "employees" in fresh(feeds, known_at=AS_OF - 2 * HOUR).stale


def test_nothing_ages_without_dates(feeds):
    assert of_rows(feeds, parser.read(TWO_FEEDS, "two.yaml"), row().with_columns(as_of=None))[0].feature_age_min == 0


@pytest.fixture
def deciders(feature_set, model, policy):
    return {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}


def test_old_features_are_told_to_the_policy_which_holds_the_lead(store, deciders):
    late = store.scalar("SELECT max(received_at) FROM events") + timedelta(days=8)
    batch = decide(store, population(store, as_of=late).spine, **deciders)
    record = DecisionStore(store).of(lead_id(1))
    assert batch.dispositions == {"HOLD": 180}
    assert record.inputs["feature_age_min"] == 8 * 24 * 60 and record.inputs["score_age_min"] == 0
    assert [one["reason"] for one in record.reasons if one["reason"]] == ["stale_inputs"]


def test_an_age_goes_no_further_than_its_field_allows(store, deciders):
    batch = decide(store, population(store, as_of=datetime(2400, 1, 1)).spine, **deciders)
    assert batch.dispositions == {"HOLD": 180}
    assert DecisionStore(store).of(lead_id(1)).inputs["feature_age_min"] == 52_560_000


def test_a_model_out_of_health_holds_every_lead(store, deciders):
    batch = decide(store, population(store, as_of=AS_OF).spine, **deciders, model_ok=False)
    record = DecisionStore(store).of(lead_id(1))
    assert batch.dispositions == {"HOLD": 180}
    assert (record.inputs["model_ok"], record.pool) == (False, "q.rescore")


def test_the_record_names_stale_features_and_replays_the_same(feeds, deciders, model, policy):
    text = TWO_FEEDS.replace("two_feeds", "small") + "".join(
        f"  - {{name: {name}, aggregate: count, window: 7d}}\n" for name in ("views_7d", "views_30d", "demos")
    )
    text += "  - {name: silent_days, aggregate: days_since_last}\n"
    text += "  - {name: pace, aggregate: velocity, window: 7d, against: 21d}\n"
    text += "  - {name: last_type, aggregate: last, of: type}\n  - {name: region, attribute: region, type: category}\n"
    ageing = parser.read(text, "small.yaml")
    decide(feeds, population(feeds, as_of=AS_OF).spine, **{**deciders, "feature_set": ageing})
    assert DecisionStore(feeds).of(lead_id(1)).stale_features == ("calls", "employees")
    report = replay(feeds, Loaders(lambda _: model, lambda _: policy, lambda _: ageing))
    assert (report.differences, report.equal) == ((), 180)


def test_an_input_older_than_its_field_allows_is_missing_and_replays_the_same(
    store, deciders, policy, model, feature_set
):
    plain = "    region:          {type: text, required: false, "
    limited = parser_of_policies.load(policy.text.replace(plain, f"{plain}max_age_min: 1440, "), "limited.yaml")
    assert limited.input_fields["region"].max_age_min == 1440
    spine = population(store, as_of=AS_OF).spine
    decide(store, spine, **{**deciders, "policy": limited})
    recent = f"(1, 'region', 'DACH', NULL, NULL, NULL, NULL, '{AS_OF - HOUR}', '{AS_OF - HOUR}', 'b-2')"
    assert DecisionStore(store).of(lead_id(1)).inputs["region"] is None
    change(store, f"INSERT INTO attributes VALUES {recent}")
    later = AS_OF + HOUR
    decide(store, population(store, as_of=later).spine, **{**deciders, "policy": limited})
    assert DecisionStore(store).of(lead_id(1)).inputs["region"] == "DACH"
    assert DecisionStore(store).of(lead_id(2)).inputs["region"] is None
    report = replay(store, Loaders(lambda _: model, lambda _: limited, lambda _: feature_set))
    assert report.differences == ()
