"""The policy that fits any recipe."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy import checker, parser
from core.policy.default import propose, shipped, thresholds_from
from core.policy.evaluator import compile
from core.policy.inputs import fill

ROOT = Path(__file__).parents[2]


def test_the_shipped_document_is_the_template_with_neutral_thresholds():
    assert (ROOT / "policies" / "default.yaml").read_text() == shipped()


def test_the_shipped_policy_passes_its_check_and_can_be_published():
    report = checker.report(shipped(), "default.yaml")
    assert report["ok"], report
    assert report["tests"] == {"passed": 6, "failed": 0}


@given(scores=st.lists(st.floats(0, 1), max_size=50))
@settings(max_examples=20)
def test_any_scores_give_a_policy_whose_bands_keep_their_order(scores):
    report = checker.report(propose("any", thresholds_from(scores)), "any.yaml")
    assert report["ok"], report


@pytest.mark.parametrize("scores", [[0.0] * 9, [1.0] * 9, [0.5], [0.0001, 0.0002], [float("nan")]])
def test_colliding_thresholds_are_moved_apart(scores):
    policy = parser.load(propose("any", thresholds_from(scores)), "any.yaml")
    enters = [policy.document.bands.thresholds[band].enter for band in ("hot", "warm", "nurture")]
    assert 1 >= enters[0] > enters[1] > enters[2] > 0


def test_a_rarely_winning_business_still_gets_a_hot_band():
    scores = [place / 100_000 for place in range(1000)]
    thresholds = thresholds_from(scores)
    policy = compile(parser.load(propose("rare", thresholds), "rare.yaml"))
    hot = [score for score in scores if policy.decide(fill(policy.policy, {"score": score})).band == "hot"]
    assert 0.03 <= len(hot) / len(scores) <= 0.07


@pytest.mark.parametrize(
    ("levels", "hot"),
    [({0.5: 2, 0.12: 30, 0.01: 68}, 2), ({0.3: 10, 0.05: 90}, 10), ({0.2: 32, 0.1: 68}, 32), ({0.2: 100}, 0)],
)
def test_a_few_score_levels_give_the_hot_band_that_is_nearest_to_its_share(levels, hot):
    scores = [score for score, count in levels.items() for _ in range(count)]
    policy = compile(parser.load(propose("few", thresholds_from(scores)), "few.yaml"))
    bands = [policy.decide(fill(policy.policy, {"score": score})).band for score in scores]
    assert bands.count("hot") == hot


def test_a_hot_lead_goes_to_the_pool_of_its_region_where_the_store_has_regions():
    text = propose("regional", fields={"region": ["EMEA", "North America", "EMEA", 'o\'hara: "x"']})
    report = checker.report(text, "regional.yaml")
    assert report["ok"], report
    policy = parser.load(text, "regional.yaml")
    decide = compile(policy).decide
    assert decide(fill(policy, {"score": 0.9, "region": "North America"})).pool == "sdr.north_america"
    assert decide(fill(policy, {"score": 0.9, "region": 'o\'hara: "x"'})).pool == "sdr.o_hara_x"
    assert decide(fill(policy, {"score": 0.9, "region": "Atlantis"})).pool == "sdr.priority"
    assert decide(fill(policy, {"score": 0.9})).pool == "sdr.priority"


@pytest.mark.parametrize("values", [[], ["one"], [str(place) for place in range(40)], [">= 5", "priority"], [1, 2, 3]])
def test_regions_that_give_no_pools_leave_the_policy_as_it_is(values):
    assert propose("any", fields={"region": values}) == propose("any")
