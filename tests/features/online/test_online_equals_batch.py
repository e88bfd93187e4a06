"""The online state, the batch build and the oracle agree while a log grows; decayed values to 1e-9."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.features.engine import build, resolve
from core.features.online import OnlineFeatures
from core.features.parser import read
from tests.features.growing import GrowingStore
from tests.features.logs import spine_of
from tests.features.oracle import Log, compute
from tests.features.random_features import definitions, document
from tests.features.random_logs import log_of, rows_of
from tests.features.test_engine_equals_oracle import same

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


def parts_of(log, seed, parts):
    """The log's rows in any order, dealt to so many parts: what comes later may have happened earlier."""
    rng = random.Random(seed)
    dealt = [([], [], []) for _ in range(parts)]
    for kind, rows in enumerate((log.events, log.memberships, log.attributes)):
        for row in rng.sample(rows, len(rows)):
            rng.choice(dealt)[kind].append(row)
    return [Log(*map(tuple, part)) for part in dealt]


def unequal(frames, features, log, rows):
    """The features and rows where the frames or the oracle differ."""
    return [
        (feature.content(), row, values)
        for feature in features
        for row, *values in zip(rows, *(frame[feature.name].to_list() for frame in frames), strict=True)
        if not all(same(feature, value, compute(log, feature, row)) for value in values)
    ]


def differences(db, seed, size=60, rows=6, features=24):
    store, spine = GrowingStore(db), rows_of(seed, rows)
    first, second, third = parts_of(log_of(seed, size), seed, 3)
    store.add(first)
    feature_set = resolve(db, read(document(definitions(seed, features)), "random.yaml"))
    online = OnlineFeatures(db, feature_set)
    found = unequal([online.vectors(spine_of(spine))], feature_set.features, store.log, spine)
    for part in (second, third):
        store.add(part)
        assert online.catch_up() == len(part.events)
    frames = [online.vectors(spine_of(spine)), build(db, feature_set, spine_of(spine))]
    assert frames[0].schema == frames[1].schema
    return found + unequal(frames, feature_set.features, store.log, spine)


@settings(max_examples=25, deadline=None, suppress_health_check=QUIET, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_online_batch_and_oracle_agree_while_a_log_grows(db, seed):
    assert differences(db, seed) == []


@pytest.mark.campaign
@settings(max_examples=2_000, deadline=None, suppress_health_check=QUIET, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_online_batch_and_oracle_agree_on_many_larger_logs(db, seed):
    assert differences(db, seed, size=200, rows=12, features=40) == []
