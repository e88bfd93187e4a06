"""Between two looks each kind of news is let in alone: the oracle on a log that holds the rest back gives the same."""

from dataclasses import replace

import pytest

from core.features.between import STAGES, Look, between
from core.features.engine import build, resolve
from core.features.parser import read
from tests.features.logs import fill, moment, spine_of
from tests.features.oracle import Log, compute
from tests.features.random_features import definitions, document
from tests.features.random_logs import log_of, rows_of
from tests.features.test_engine_equals_oracle import same


def seen(event, then):
    superseded = event.superseded_at
    is_standing = superseded is None or superseded > then.known
    return event.occurred_at < then.as_of and event.received_at <= then.known and is_standing


def held_back(log: Log, then, stage: str) -> Log:
    def known(row):
        return row.received_at is None or row.received_at <= then.known

    attributes = tuple(a for a in log.attributes if known(a) and (a.valid_from is None or a.valid_from <= then.as_of))
    if stage == "corrected_data":
        return replace(log, attributes=attributes)
    old = [replace(e, superseded_at=None) for e in log.events if e.occurred_at < then.as_of and seen(e, then)]
    new = [e for e in log.events if e.occurred_at >= then.as_of] if stage == "new_behaviour" else []
    merges = tuple(
        replace(m, known_until=None)
        for m in log.merges
        if m.known_from <= then.known and (m.known_until is None or m.known_until > then.known)
    )
    order = {e.event_id: place for place, e in enumerate(log.events)}
    events = tuple(sorted([*old, *new], key=lambda e: order[e.event_id]))
    return Log(events, tuple(m for m in log.memberships if known(m)), attributes, merges)


def differences(db, seed, size=60, features=6):
    log, rows = log_of(seed, size), [row for row in rows_of(seed, 12) if row.as_of is not None]
    fill(db, log)
    feature_set = resolve(db, read(document(definitions(seed, features)), "random.yaml"))
    for one, other in zip(rows[::2], rows[1::2], strict=False):
        then, now = sorted((one, other), key=lambda row: row.as_of or 0)
        now = replace(now, lead_id=then.lead_id)
        looks = [Look(moment(row.as_of), moment(row.known)) for row in (then, now)]
        found = between(db, feature_set, [then.lead_id], *looks)
        for stage in STAGES:
            part = held_back(log, then, stage)
            for feature in feature_set.features:
                got, want = found[stage][feature.name][0], compute(part, feature, now)
                if not same(feature, got, want):
                    yield stage, feature.content(), then, now, got, want


@pytest.mark.parametrize("seed", [1, 2])
def test_each_stage_is_the_build_of_a_log_that_holds_the_rest_back(db, seed):
    assert list(differences(db, seed)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 250))
def test_stages_agree_with_the_oracle_on_many_larger_logs(db, seed):
    assert list(differences(db, seed, size=120, features=30)) == []


def test_the_store_itself_is_as_it_was(db):
    log, rows = log_of(4), [row for row in rows_of(4, 6) if row.as_of is not None]
    fill(db, log)
    feature_set = resolve(db, read(document(definitions(4, 8)), "random.yaml"))
    before = build(db, feature_set, spine_of(rows))
    between(db, feature_set, [rows[0].lead_id], Look(moment(rows[0].as_of), None), Look(moment(rows[1].as_of), None))
    assert build(db, feature_set, spine_of(rows)).equals(before)


def test_nothing_ages_without_dates(db):
    feature_set = read(document(definitions(5, 4)), "random.yaml")
    assert between(db, feature_set, ["l1"], Look(None, None), Look(None, moment(5))) == {}
