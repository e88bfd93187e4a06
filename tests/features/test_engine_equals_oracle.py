"""The build and the oracle agree bit for bit on random logs; decayed values to 1e-9."""

import math

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.features.engine import build, resolve
from core.features.parser import read
from core.signals.store_layout import compact
from tests.features.logs import fill, spine_of
from tests.features.oracle import compute
from tests.features.random_features import definitions, document
from tests.features.random_logs import log_of, rows_of

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


def same(feature, got, want):
    if got is None or want is None:
        return got is want
    if feature.aggregate in ("decayed_count", "decayed_sum"):
        return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9)
    return type(got) is type(want) and got == want


def differences(db, seed, size=60, rows=8, features=30):
    log, spine = log_of(seed, size), rows_of(seed, rows)
    fill(db, log)
    if seed % 2:
        compact(db, "ana")
    feature_set = read(document(definitions(seed, features)), "random.yaml")
    frame = build(db, feature_set, spine_of(spine))
    resolved = resolve(db, feature_set)
    return [
        (feature.content(), row, got, want)
        for feature in resolved.features
        for row, got in zip(spine, frame[feature.name].to_list(), strict=True)
        if not same(feature, got, want := compute(log, feature, row))
    ]


@settings(max_examples=50, deadline=None, suppress_health_check=QUIET, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_engine_and_oracle_agree_on_random_logs(db, seed):
    assert differences(db, seed) == []


@pytest.mark.campaign
@settings(max_examples=2000, deadline=None, suppress_health_check=QUIET, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_engine_and_oracle_agree_on_many_larger_logs(db, seed):
    assert differences(db, seed, size=120, rows=12, features=40) == []
