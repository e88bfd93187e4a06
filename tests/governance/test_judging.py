"""The judge: three verdicts, right at every look, the sizes of the arms first."""

import math

import numpy as np
import pytest

from core.governance.judging import LATENCY, Counted, judge, judged_of, ratio_of, slower_than
from core.governance.power import needed
from core.governance.sequential import Arm, half_width, ratio_p
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


def both(before, before_hits, candidate, candidate_hits):
    return Counted(Arm.single(before, before_hits), Arm.single(candidate, candidate_hits))


def looks(generator, before, candidate, a_day=(150, 50), days=30):
    """Counts in both arms after each of thirty days."""
    hits = [
        np.cumsum(generator.binomial(size, rate, days)) for size, rate in zip(a_day, (before, candidate), strict=True)
    ]
    for day in range(days):
        sizes = [size * (day + 1) for size in a_day]
        yield both(sizes[0], int(hits[0][day]), sizes[1], int(hits[1][day]))


@pytest.mark.parametrize("direction", ["either", "increase"])
def test_looking_thirty_times_at_equal_arms_rarely_rejects(direction):
    """Fail would need a change beyond what is allowed too; here any certain change counts."""
    generator = np.random.default_rng(20261125)
    strict = guard(direction=direction, max_abs=0.0)
    failed = sum(
        any(judged_of(strict, one, 0.05).verdict == "fail" for one in looks(generator, 0.08, 0.08)) for _ in range(200)
    )
    assert failed / 200 <= 0.05


def of_accounts(generator, accounts=240, days=20, candidates=0.5, likeness=0.5):
    """Both arms after each day: three leads an account on average, whose accounts want the same (Beta-binomial)."""
    rates = generator.beta(0.1 * (1 / likeness - 1), 0.9 * (1 / likeness - 1), accounts)
    in_candidate = generator.random(accounts) < candidates
    leads, hits = np.zeros(accounts, int), np.zeros(accounts, int)
    for _ in range(days):
        came = generator.poisson(3 / days, accounts)
        leads, hits = leads + came, hits + generator.binomial(came, rates)
        arms = [(in_candidate == side) & (leads > 0) for side in (False, True)]
        yield [(leads[arm], hits[arm]) for arm in arms]


def false_alarms(generator, courses, **settings):
    """The shares of courses of equal arms with an alarm: accounts as observations, and leads as if they were."""
    strict, found = guard(max_abs=0.0), np.zeros(2)
    for _ in range(courses):
        seen = [[(Arm.of(*arm), Arm.single(int(arm[0].sum()), int(arm[1].sum()))) for arm in arms]
                for arms in of_accounts(generator, **settings)]  # fmt: skip
        found += [any(judged_of(strict, Counted(one[0][way], one[1][way]), 0.05).verdict == "fail" for one in seen)
                  for way in (0, 1)]  # fmt: skip
    return found / courses


def test_leads_of_one_account_are_one_observation():
    """Equal arms, twenty looks, accounts whose leads do as one another: leads as observations raise false alarms."""
    clustered, as_leads = false_alarms(np.random.default_rng(11), 100, likeness=0.9)
    assert clustered <= 0.05 < as_leads


@pytest.mark.campaign
@pytest.mark.parametrize("likeness", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("candidates", [0.2, 0.5])
def test_false_alarms_at_any_likeness_and_split(likeness, candidates):
    generator = np.random.default_rng(12)
    clustered, as_leads = false_alarms(generator, 1000, likeness=likeness, candidates=candidates, accounts=400)
    print(f"\nlikeness {likeness}, canary {candidates:.0%}: by account {clustered:.3f}, by lead {as_leads:.3f}")
    assert clustered <= 0.05


def wrong_sizes(generator, share, true_share, courses, looks=60, a_look=40, alpha=0.05):
    """The shares of courses in which some look finds the arms of the wrong size: the martingale, and chi-squared."""
    found = np.zeros(2)
    for _ in range(courses):
        candidates = np.cumsum(generator.binomial(a_look, true_share, looks)).tolist()
        units = [a_look * (look + 1) for look in range(looks)]
        far = [
            abs(some - all_ * share) / math.sqrt(all_ * share * (1 - share))
            for some, all_ in zip(candidates, units, strict=True)
        ]
        found += [any(ratio_p(all_ - some, some, share) < alpha for some, all_ in zip(candidates, units, strict=True)),
                  max(far) > 1.959964]  # fmt: skip
    return found / courses


def test_the_sizes_of_the_arms_may_be_looked_at_sixty_times():
    """Chi-squared at every look finds right arms wrong several times as often as it says; the martingale does not."""
    generator = np.random.default_rng(13)
    sequential, at_each_look = wrong_sizes(generator, 0.1, 0.1, 200)
    assert sequential <= 0.05 < at_each_look
    assert wrong_sizes(generator, 0.1, 0.16, 50)[0] == 1.0


@pytest.mark.campaign
@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_right_sizes_are_rarely_found_wrong(share):
    sequential, at_each_look = wrong_sizes(np.random.default_rng(14), share, share, 3000, looks=200)
    print(f"\nshare {share}: martingale {sequential:.4f}, chi-squared {at_each_look:.4f}")
    assert sequential <= 0.05


def test_the_first_look_of_the_martingale_is_the_ratio_of_likelihoods():
    """With one unit the Beta prior around the share foretells what the share does: nothing is learnt."""
    assert ratio_p(0, 1, 0.3) == pytest.approx(1.0) and ratio_p(1, 0, 0.3) == pytest.approx(1.0)
    assert ratio_p(300, 700, 0.5) < 1e-20


def test_a_lead_without_an_account_is_one_of_its_own():
    alone = Arm.of([1] * 40, [1] * 10 + [0] * 30)
    assert (alone.leads, alone.accounts, alone.spread) == (40, 40, pytest.approx(Arm.single(40, 10).spread))
    together = Arm.of([4] * 10, [4, 4, 2] + [0] * 7)
    assert together.variance / together.accounts > 3 * alone.variance / alone.accounts


def test_a_harmful_change_fails_and_a_harmless_one_passes():
    generator = np.random.default_rng(7)
    verdicts = [judged_of(guard(max_abs=0.05), one, 0.05).verdict for one in looks(generator, 0.5, 0.8)]
    assert verdicts[0] in ("inconclusive", "fail") and verdicts[-1] == "fail"
    same = [judged_of(guard(max_abs=0.05), one, 0.05).verdict for one in looks(generator, 0.08, 0.08)]
    assert same[0] == "inconclusive" and same[-1] == "pass"


def test_a_certain_change_that_is_small_does_not_fail():
    huge = both(1_000_000, 500_000, 1_000_000, 505_000)
    assert judged_of(guard(max_abs=0.05), huge, 0.05).verdict == "pass"


def test_no_data_and_what_is_not_observed_are_inconclusive():
    assert judged_of(guard(), None, 0.05).verdict == "inconclusive"
    assert judged_of(guard(), both(10_000, 5_000, 29, 0), 0.05).verdict == "inconclusive"
    assert judge(None, {}, None).verdict == "inconclusive"


def test_arms_of_the_wrong_size_fail_before_any_metric_is_read():
    plan = Judge(alpha=0.05, method="always_valid", guards=(guard(),))
    fine = {"eligibility_rate": both(9_500, 4_750, 500, 250)}
    assert ratio_of(9_500, 500, 0.05).verdict == "pass"
    assert ratio_of(0, 0, 0.05).verdict == "inconclusive"
    found = judge(plan, fine, ratio_of(9_000, 1_000, 0.05))
    assert found.verdict == "fail" and found.guards == () and found.ratio.p < 0.001


def test_alpha_is_divided_among_critical_guards_only():
    counted = both(2_000, 1_000, 2_000, 1_100)
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
    bad = both(5_000, 500, 5_000, 2_500)
    names = ("hold_rate", "deny_rate")
    guards = tuple(guard(name, "increase", critical=False, max_abs=0.01) for name in names)
    plan = Judge(alpha=0.05, method="always_valid", guards=guards)
    assert judge(plan, dict.fromkeys(names, bad), None).verdict == "fail"
    assert judge(plan, {"hold_rate": bad, "deny_rate": both(5_000, 500, 5_000, 500)}, None).verdict == "inconclusive"


def test_a_slow_arm_is_one_of_which_more_than_a_twentieth_is_slower_than_the_limit():
    """4 % of the version before is beyond its p95 and what is allowed; 4.5 % of the candidate is within the rule."""
    slow = guard(LATENCY, "increase", max_abs=50)
    assert judged_of(slow, both(200_000, 8_000, 200_000, 9_000), 0.05).verdict == "pass"
    assert judged_of(slow, both(200_000, 8_000, 200_000, 11_000), 0.05).verdict == "fail"


def test_a_slow_limit_is_the_p95_of_the_version_before_and_what_is_allowed():
    assert slower_than([float(one) for one in range(100)], 50) == 95 + 50


def test_the_power_of_a_canary_is_that_of_the_textbook():
    """policy.md C.4: 8 %, 15 % worse, power .8: 7,458 an arm two-sided; one-sided 3,092 leads in a canary of 5 %."""
    assert needed(0.08, 0.15, 0.5, alpha=0.025).candidate == pytest.approx(7458, rel=0.005)
    assert needed(0.08, 0.15, 0.05).candidate == pytest.approx(3092, rel=0.005)
    assert needed(0.08, 0.15, 0.05).days(1000, 0.05) == pytest.approx(62, abs=1)
    assert needed(0.08, 0.15, 0.05, alpha=0) is None and needed(0.08, 0.15, 0.05, power=1) is None
    assert needed(0, 0.15, 0.05) is None and needed(0.08, 0, 0.05) is None
    assert needed(0.08, 1e-300, 0.05) is None and needed(1e-310, 0.1, 0.05) is None and needed(0.1, 0.1, 1e-320) is None
    assert needed(0.08, 0.15, 0.05, alpha=1e-17).candidate > needed(0.08, 0.15, 0.05, alpha=1e-9).candidate
