"""The judge: three verdicts, right at every look, the sizes of the arms first."""

import math

import numpy as np
import pytest

from core.governance.judging import Counted, half_width, judge, judged_of, ratio_of, slower_than
from core.governance.power import needed
from core.policy.overlays import GuardMetric, Judge


def guard(metric="eligibility_rate", direction="either", critical=True, **allowed):
    return GuardMetric(metric=metric, direction=direction, critical=critical, **(allowed or {"max_abs": 0.05}))


def test_the_half_width_is_the_published_formula():
    alpha, tuned, leads, deviation = 0.05, 3000, 500, 0.4
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned
    grown = leads * rho2 + 1
    expected = deviation * math.sqrt(2 * grown / (leads**2 * rho2) * math.log(math.sqrt(grown) / alpha))
    assert half_width(leads, deviation, alpha) == pytest.approx(expected)
    assert half_width(leads, deviation, alpha, one_sided=True) < expected


def looks(generator, before, candidate, a_day=(150, 50), days=30):
    """Counts in both arms after each of thirty days."""
    hits = [
        np.cumsum(generator.binomial(size, rate, days)) for size, rate in zip(a_day, (before, candidate), strict=True)
    ]
    for day in range(days):
        sizes = [size * (day + 1) for size in a_day]
        yield Counted(sizes[0], int(hits[0][day]), sizes[1], int(hits[1][day]))


@pytest.mark.parametrize("direction", ["either", "increase"])
def test_looking_thirty_times_at_equal_arms_rarely_rejects(direction):
    """Fail would need a change beyond what is allowed too; here any certain change counts."""
    generator = np.random.default_rng(20261125)
    strict = guard(direction=direction, max_abs=0.0)
    failed = sum(
        any(judged_of(strict, one, 0.05).verdict == "fail" for one in looks(generator, 0.08, 0.08)) for _ in range(200)
    )
    assert failed / 200 <= 0.05


def test_a_harmful_change_fails_and_a_harmless_one_passes():
    generator = np.random.default_rng(7)
    verdicts = [judged_of(guard(max_abs=0.05), one, 0.05).verdict for one in looks(generator, 0.5, 0.8)]
    assert verdicts[0] in ("inconclusive", "fail") and verdicts[-1] == "fail"
    same = [judged_of(guard(max_abs=0.05), one, 0.05).verdict for one in looks(generator, 0.08, 0.08)]
    assert same[0] == "inconclusive" and same[-1] == "pass"


def test_a_certain_change_that_is_small_does_not_fail():
    huge = Counted(1_000_000, 500_000, 1_000_000, 505_000)
    assert judged_of(guard(max_abs=0.05), huge, 0.05).verdict == "pass"


def test_no_data_and_what_is_not_observed_are_inconclusive():
    assert judged_of(guard(), None, 0.05).verdict == "inconclusive"
    assert judged_of(guard(), Counted(10_000, 5_000, 29, 0), 0.05).verdict == "inconclusive"
    assert judge(None, {}, None).verdict == "inconclusive"


def test_arms_of_the_wrong_size_fail_before_any_metric_is_read():
    plan = Judge(alpha=0.05, method="always_valid", guards=(guard(),))
    fine = {"eligibility_rate": Counted(9_500, 4_750, 500, 250)}
    assert ratio_of(9_500, 500, 0.05).verdict == "pass"
    assert ratio_of(0, 0, 0.05).verdict == "inconclusive"
    found = judge(plan, fine, ratio_of(9_000, 1_000, 0.05))
    assert found.verdict == "fail" and found.guards == () and found.ratio.p < 0.001


def test_alpha_is_divided_among_critical_guards_only():
    counted = Counted(2_000, 1_000, 2_000, 1_100)
    one, two = guard(max_abs=0.0), guard("hold_rate", max_abs=0.0, critical=False)
    alone = judge(
        Judge(alpha=0.05, method="always_valid", guards=(one, two)), {one.metric: counted, two.metric: counted}, None
    )
    many = tuple(guard(name, max_abs=0.0) for name in ("eligibility_rate", "deny_rate", "unassigned_rate"))
    shared = judge(
        Judge(alpha=0.05, method="always_valid", guards=(*many, two)), {g.metric: counted for g in (*many, two)}, None
    )
    assert shared.guards[0].high > alone.guards[0].high
    assert shared.guards[3].high == alone.guards[1].high


def test_two_other_failures_fail_the_step_and_one_does_not():
    bad = Counted(5_000, 500, 5_000, 2_500)
    names = ("hold_rate", "deny_rate")
    guards = tuple(guard(name, "increase", critical=False, max_abs=0.01) for name in names)
    plan = Judge(alpha=0.05, method="always_valid", guards=guards)
    assert judge(plan, dict.fromkeys(names, bad), None).verdict == "fail"
    assert judge(plan, {"hold_rate": bad, "deny_rate": Counted(5_000, 500, 5_000, 500)}, None).verdict == "inconclusive"


def test_a_slow_limit_is_the_p95_of_the_version_before_and_what_is_allowed():
    assert slower_than([float(one) for one in range(100)], 50) == 95 + 50


def test_the_power_of_a_canary_is_that_of_the_textbook():
    """policy.md C.4: 8 %, 15 % worse, power .8: 7,458 an arm two-sided; one-sided 3,092 leads in a canary of 5 %."""
    assert needed(0.08, 0.15, 0.5, two_sided=True).candidate == pytest.approx(7458, rel=0.005)
    assert needed(0.08, 0.15, 0.05).candidate == pytest.approx(3092, rel=0.005)
    assert needed(0.08, 0.15, 0.05).days(1000, 0.05) == pytest.approx(62, abs=1)
    assert needed(0.08, 0.15, 0.05, alpha=0) is None and needed(0.08, 0.15, 0.05, power=1) is None
    assert needed(0, 0.15, 0.05) is None and needed(0.08, 0, 0.05) is None
