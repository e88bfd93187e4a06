"""Which arm a unit is in, and how likely each action was."""

import hashlib
import hmac
from collections import Counter

import pytest

from core.policy import parser
from core.policy.arms import arm_of, bucket_of, propensities
from core.policy.evaluator import compile
from core.policy.inputs import fill
from core.policy.overlay import arms_of, overlay_of
from tests.policy.conftest import example_text

UNITS = [f"acc-{place}" for place in range(20_000)]


def test_a_bucket_is_the_first_64_bits_of_the_salted_hash_modulo_10000():
    digest = hmac.new(b"exp-1", b"acc-7", hashlib.sha256).hexdigest()
    assert bucket_of("exp-1", "acc-7") == int(digest[:16], 16) % 10_000
    assert bucket_of("exp-2", "acc-7") != bucket_of("exp-1", "acc-7")


def test_units_fall_into_arms_in_the_declared_shares(example):
    counts = Counter(arm_of(example.document, unit) for unit in UNITS)
    assert set(counts) == set(arms_of(example.document))
    assert counts["holdout"] / len(UNITS) == pytest.approx(0.05, abs=0.006)
    explored = [count for arm, count in counts.items() if arm.startswith("explore:")]
    assert sum(explored) / len(UNITS) == pytest.approx(0.95 * 0.10, abs=0.008)
    assert max(explored) < 1.25 * min(explored)


def test_a_unit_keeps_its_arm_and_another_salt_shuffles(example, default):
    arms = [arm_of(example.document, unit) for unit in UNITS[:2000]]
    assert arms == [arm_of(example.document, unit) for unit in UNITS[:2000]]
    assert arms != [arm_of(example.document, unit, "another salt") for unit in UNITS[:2000]]
    assert {arm_of(default.document, unit) for unit in UNITS[:100]} == {"live"}


def shares(policy, arm, **given):
    evaluator, overlay = compile(policy), overlay_of(policy)
    lead = fill(policy, given)
    return propensities(overlay, evaluator.decide(lead), evaluator.normalised(lead), arm)


def test_the_logged_propensities_are_those_of_the_arms(example):
    explorable = {"score": 0.6}
    live = shares(example, "live", **explorable)
    assert live["send_case_study"] == pytest.approx(0.92) and live["call_now"] == pytest.approx(0.02)
    assert sum(live.values()) == pytest.approx(1)
    assert shares(example, "explore:wait", **explorable) == live
    assert shares(example, "holdout", **explorable) == {"wait": 1.0}


def test_whom_the_experiment_leaves_alone_has_one_certain_action(example):
    assert shares(example, "holdout", score=0.9) == {"call_now": 1.0}
    assert shares(example, "explore:wait", score=0.9) == {"call_now": 1.0}
    assert shares(example, "live", erased=True) == {}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("min_propensity: 0.02 ", "min_propensity: 0.03 ", "low_propensity"),
        ("fraction: 0.05", "fraction: 0.00005", "over_precise"),
        ("epsilon: 0.10", "epsilon: 0.10001", "over_precise"),
        ("actions: [call_now, send_case_study", "actions: [call_now, call_now", "duplicate"),
    ],
)
def test_an_experiment_whose_weights_or_buckets_cannot_be_is_refused(old, new, code):
    text = example_text()
    assert text.count(old) == 1
    policy, found = parser.read(text.replace(old, new), "case.yaml")
    assert policy is None and code in [item.code for item in found]
