"""Off-policy estimation on logs with a known truth: it covers it, and where the log cannot answer it says so."""

from dataclasses import replace

import numpy as np
import pytest

from core.decisions import estimation
from core.decisions.estimation import CannotSay, Estimate, estimate
from tests.decisions import logged

TILT = 1.15


@pytest.fixture(scope="module")
def log():
    return logged.draw(np.random.default_rng(5), 900, tilt=TILT)


@pytest.fixture(scope="module")
def truth():
    return logged.truth(tilt=TILT, accounts=60_000)


def test_the_interval_covers_the_truth_and_the_logged_value_is_the_mean_reward(log, truth):
    found = estimate(log, 7)
    assert isinstance(found, Estimate)
    assert found.dr.low < truth < found.dr.high and found.dr.low < found.dr.value < found.dr.high
    assert found.logged == pytest.approx(log.reward.mean(), abs=1e-6)
    assert found.difference.value == pytest.approx(found.dr.value - found.logged, abs=2e-6)
    assert abs(found.snips / truth - 1) < 0.2 and abs(found.dr_os / truth - 1) < 0.2
    assert estimate(log, 7) == found, "the same seed gives the same"


def test_leads_of_one_account_make_the_interval_wider(log):
    """Every decision twice, as two leads of its account: nothing more is known, and the interval stays as wide."""
    twice = replace(log, **{name: np.concatenate([value, value]) for name, value in vars(log).items()})
    once, doubled = estimate(log, 7), estimate(twice, 7)
    assert isinstance(once, Estimate) and isinstance(doubled, Estimate)
    width = (once.dr.high - once.dr.low, doubled.dr.high - doubled.dr.low)
    assert width[1] == pytest.approx(width[0], rel=0.15)
    apart = estimate(replace(twice, cluster=np.arange(twice.rows)), 7)
    assert isinstance(apart, Estimate) and apart.dr.high - apart.dr.low < 0.85 * width[0]


def test_the_policy_that_was_logged_is_worth_what_was_logged(log):
    found = estimate(replace(log, target=log.propensity), 7)
    assert isinstance(found, Estimate)
    assert found.support.ess == log.rows and found.support.max_weight == 1
    assert found.difference.low < 0 < found.difference.high and found.snips == pytest.approx(found.logged)


def test_where_no_heavy_weight_came_the_interval_is_as_wide_as_the_propensities_say(log, truth, monkeypatch):
    light = log.weights < 5
    kept = replace(log, **{name: value[light] for name, value in vars(log).items()})
    kept = replace(kept, cluster=np.unique(kept.cluster, return_inverse=True)[1])
    found = estimate(kept, 7)
    assert isinstance(found, Estimate) and found.support.max_weight < 5
    assert found.dr.low < truth < found.dr.high
    monkeypatch.setattr(estimation, "NORMAL", 0.0)
    drawn = estimate(kept, 7)
    assert isinstance(drawn, Estimate) and drawn.dr.value == found.dr.value
    assert found.dr.high - found.dr.low > 1.5 * (drawn.dr.high - drawn.dr.low)


def refused(log, **more):
    found = estimate(log, 7, **more)
    assert isinstance(found, CannotSay) and found.support is not None
    return found.code


def test_a_log_that_cannot_answer_is_refused_with_the_reason(log):
    certain = np.zeros_like(log.propensity)
    certain[np.arange(log.rows), log.action] = 1.0
    assert refused(replace(log, propensity=certain)) == "no_exploration"
    assert refused(log, min_propensity=0.05) == "no_support"
    rare = replace(log, propensity=np.where(log.propensity < 0.1, 0.015, log.propensity))
    assert refused(rare, min_propensity=0.01) == "large_weight"
    few = replace(log, **{name: value[:150] for name, value in vars(log).items()})
    assert refused(few) == "small_sample"


def test_an_empty_log_is_no_log(log):
    empty = replace(log, **{name: value[:0] for name, value in vars(log).items()})
    assert estimate(empty, 7) == CannotSay("no_decisions", "No logged decision has a known reward.")


@pytest.mark.campaign
@pytest.mark.parametrize("accounts", [600, 1_000, 3_000])
def test_the_interval_covers_the_truth_at_least_nine_times_of_ten_where_a_value_is_said(accounts):
    truth, runs = logged.truth(tilt=TILT), 200
    found = [
        (estimate(logged.draw(np.random.default_rng(1_000 + run), accounts, tilt=TILT), run)) for run in range(runs)
    ]
    told = [one for one in found if isinstance(one, Estimate)]
    covered = np.mean([one.dr.low <= truth <= one.dr.high for one in told])
    width = np.mean([one.dr.high - one.dr.low for one in told])
    errors = {
        name: np.sqrt(np.mean([(of(one) / truth - 1) ** 2 for one in told]))
        for name, of in (
            ("DR", lambda one: one.dr.value),
            ("DR-os", lambda one: one.dr_os),
            ("SNIPS", lambda one: one.snips),
        )
    }
    ess = np.mean([one.support.ess / one.support.decisions for one in told])
    print(
        f"\n{accounts * 3:,} decisions, ESS/n {ess:.2f}, {len(told)} of {runs} told, coverage {covered:.3f}, "
        f"width {width:.4f}, RMSE {errors}"
    )
    assert len(told) > runs / 2 and covered >= 0.9
