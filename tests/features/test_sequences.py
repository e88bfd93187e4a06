"""Sequences: found where an order of behaviour tells more than its steps, on what was known at the training rows."""

import random

import polars as pl
import pytest

from core.features.auto import derive
from core.features.engine import build
from core.features.sequences import mine
from tests.features.logs import fill, spine_of
from tests.features.oracle import Event, Log, Row

HOUR = 3_600_000_000
NOW = 20_000 * 24 * HOUR
STEPS = ("trial_started", "pricing_viewed", "mail_opened")


def sample(leads=600, seed=3, late=0):
    """Trial and pricing page in either order; a lead wins mostly after trial, then pricing. Others come and go."""
    chance, events, labels = random.Random(seed), [], []
    for place in range(leads):
        kinds = [kind for kind in STEPS if chance.random() < 0.8]
        chance.shuffle(kinds)
        for at, kind in enumerate(kinds):
            moment = NOW - (10 - at) * HOUR
            events.append(Event(f"{place}-{kind}", f"L{place:04}", "web", kind, moment, moment + late))
        in_order = "trial_started" in kinds and "pricing_viewed" in kinds[kinds.index("trial_started") :]
        labels.append(int(chance.random() < (0.6 if in_order else 0.15)))
    rows = spine_of([Row(f"L{place:04}", NOW) for place in range(leads)])
    return Log(tuple(events)), rows.with_columns(y=pl.Series(labels))


@pytest.fixture
def mined(db):
    log, rows = sample()
    fill(db, log)
    return db, rows


def test_the_order_that_wins_is_found_with_its_support_lift_and_time(mined):
    db, rows = mined
    first, *others = mine(db, rows, (), 5)
    assert (first.first, first.then) == ("trial_started", "pricing_viewed")
    assert first.lift > 2 and first.z > 4 and 0.2 < first.support < 0.5
    assert HOUR <= first.span_us <= 3 * HOUR
    assert all({one.first, one.then} != {first.first, first.then} for one in others)


def test_shuffled_labels_an_excluded_step_and_one_class_give_none(mined):
    db, rows = mined
    shuffled = rows.with_columns(pl.col("y").shuffle(seed=5))
    assert mine(db, shuffled, (), 5) == ()
    assert mine(db, rows, ("pricing_viewed",), 5) == ()
    assert mine(db, rows.with_columns(y=pl.lit(0)), (), 5) == ()
    assert mine(db, rows.head(0), (), 5) == ()


def test_what_was_not_yet_known_at_a_row_is_not_seen(db):
    log, rows = sample(late=48 * HOUR)
    fill(db, log)
    assert mine(db, rows, (), 5) == ()
    assert mine(db, rows.with_columns(pl.col("as_of").dt.offset_by("-12h"), known_at=pl.lit(None)), (), 5) == ()


def test_the_default_set_counts_the_sequence_only_where_labels_are_given(mined):
    db, rows = mined
    name = "trial_started_then_pricing_viewed"
    found = derive(db, labelled=rows, names={"trial_started": "Trial"})
    feature = found.find(name)
    assert feature is not None
    assert feature.label.startswith("Trial, then Pricing viewed within")
    assert derive(db).find(name) is None
    frame = build(db, found, rows)
    rates = frame.group_by(pl.col(name) > 0).agg(pl.col("y").mean()).sort(name)["y"].to_list()
    assert rates[1] > rates[0] + 0.3


def test_what_happens_once_a_lead_is_a_stage(mined):
    db, rows = mined
    found = derive(db)
    assert {"last_stage", "stages", "days_since_stage", "days_a_stage"} <= set(found.feature_names)
    frame = build(db, found, rows)
    assert frame["stages"].max() == 3
    assert set(frame["last_stage"].drop_nulls()) == set(STEPS)
    assert frame["days_a_stage"].drop_nulls().max() == pytest.approx(1 / 24)
