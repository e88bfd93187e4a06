"""The default set: what it takes from a log, what it leaves out, and how it reads."""

import polars as pl
import pytest

from core.features.auto import derive, windows_for
from core.features.engine import build
from core.features.parser import read
from core.features.writer import write
from tests.features.logs import fill, spine_of
from tests.features.oracle import AttributeValue, Event, Log, Row

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 20_000 * DAY
KINDS = (("web", "pricing_viewed", 3), ("crm", "email_opened", 2), ("web", "form_sent", 1), ("crm", "deal_closed", 4))


def events(lead, scale):
    found = []
    for source, kind, every in KINDS:
        for place in range(0, 12, every):
            given = {"seconds": place * 1.5, "page": f"/p{place % 4}", "step": ("start", "end")[place % 2]}
            at = NOW - (12 - place) * scale
            found.append(Event(f"{lead}{kind}{place}", lead, source, kind, at, at, properties=given))
    return found


def sample_log(leads=60, scale=DAY):
    rows = [event for place in range(leads) for event in events(f"L{place}", scale)]
    known = []
    for place in range(leads):
        given = {"employees": float(place % 7), "industry": ("bank", "shop")[place % 2], "row": float(place)}
        given |= {"country": "NL", "comment": f"text {place}"}
        known += [AttributeValue(f"L{place}", name, value, None, None) for name, value in given.items()]
    return Log(tuple(rows), attributes=tuple(known))


@pytest.fixture
def filled(db):
    fill(db, sample_log())
    return db


def test_the_set_is_bounded_and_stable(filled):
    first, again = derive(filled), derive(filled)
    assert first == again
    assert len(first) <= 64
    assert [feature.name for feature in derive(filled, limit=10).features][:2] == ["employees", "industry"]
    assert len(derive(filled, limit=10)) == 10


def test_attributes_that_tell_nothing_are_left_out(filled):
    assert derive(filled).attribute_names == ("employees", "industry")
    assert derive(filled, exclude_attributes=["industry"]).attribute_names == ("employees",)


def test_an_excluded_type_is_in_no_feature(filled):
    found = derive(filled, exclude_types=["deal_closed"])
    row = spine_of([Row("L1", NOW)])
    with_it, without = (build(filled, one, row) for one in (derive(filled), found))
    assert with_it["events"][0] - without["events"][0] == 3
    assert not [feature.name for feature in found.features if "deal_closed" in feature.name]
    assert all(feature.where is not None for feature in found.features if feature.aggregate)


def test_counts_recency_pace_decay_breadth_sequence_and_properties_are_there(filled):
    names = set(derive(filled).feature_names)
    assert names >= {"events", "days_since_last", "days_since_first", "last_type", "types", "pace", "events_fading"}
    assert names >= {"active_days", "gap_mean", "sources", "pricing_viewed", "pricing_viewed_days_since"}
    assert names >= {"seconds_sum", "seconds_mean", "page_last", "page_distinct", "web_events", "web_share"}


@pytest.mark.parametrize(
    ("key", "values", "taken"),
    [
        ("agent", (11203, 10609, 10899), {"agent_last", "agent_distinct"}),
        ("orderValue", (11203, 10609, 10899), {"ordervalue_sum", "ordervalue_mean", "ordervalue_max"}),
        ("rooms", (1, 2, 3), {"rooms_sum", "rooms_mean", "rooms_max"}),
    ],
)
def test_numbers_that_name_things_are_not_added_up(db, key, values, taken):
    rows = [
        Event(f"e{at}", f"L{at % 4}", "web", "visit", NOW - at * HOUR, NOW, properties={key: values[at % 3]})
        for at in range(1, 30)
    ]
    fill(db, Log(tuple(rows)))
    names = {name for name in derive(db).feature_names if name.startswith(key.lower())}
    assert names == taken


def test_labels_are_readable_and_use_the_business_names(filled):
    found = derive(filled, names={"pricing_viewed": "Pricing page visits"})
    labels = {feature.name: feature.label for feature in found.features}
    assert labels["pricing_viewed"] == "Pricing page visits"
    assert labels["pricing_viewed_days_since"] == "Days since the last pricing page visits"
    assert all(label[0].isupper() and "_" not in label for label in labels.values())


def test_windows_fit_how_long_leads_live():
    assert windows_for(14 * DAY) == (HOUR, 6 * HOUR, DAY, 7 * DAY)
    assert windows_for(120 * DAY) == (DAY, 7 * DAY, 30 * DAY, 90 * DAY)
    assert windows_for(0) == (600_000_000, HOUR, 6 * HOUR, DAY)


def test_the_set_is_a_document_like_any_other(filled):
    found = derive(filled, exclude_types=["deal_closed"], names={"web": "Web: site"})
    assert read(write(found), "auto.yaml") == found


def test_only_the_leads_given_are_looked_at(filled):
    few = derive(filled, leads=pl.DataFrame({"lead_id": ["L0"]}))
    assert "industry" not in few.feature_names


def test_a_store_without_events_gives_attributes_alone(filled):
    fill(filled, Log(attributes=sample_log().attributes))
    assert derive(filled).feature_names == ("employees", "industry")


def test_an_attribute_named_as_a_column_of_the_rows_gets_another_name(db):
    known = [AttributeValue(f"L{place}", "y", float(place % 7), None, None) for place in range(60)]
    fill(db, Log(attributes=tuple(known)))
    chosen = derive(db)
    assert chosen.feature_names == ("y_2",)
    rows = spine_of([Row(f"L{place}", NOW) for place in range(60)]).with_columns(y=pl.lit(1))
    assert build(db, chosen, rows)["y_2"][3] == 3.0
