"""The nearest inputs that bring a better decision, and the proof that there are none."""

import pytest

from core.policy import evaluator, parser
from core.policy.default import propose
from core.policy.inputs import fill
from core.policy.prover import nearest_flip

CUTS = {"hot": 0.8, "warm": 0.5, "nurture": 0.2}


@pytest.fixture(scope="module")
def policy():
    return parser.load(propose("default", CUTS, {}), "default.yaml")


def test_the_least_score_of_the_next_band_is_found(policy):
    lead = fill(policy, {"score": 0.3})
    found = nearest_flip(policy, lead, {"score"}, {"warm", "hot"})
    assert found.exists and found.lead is not None
    assert found.lead == {**lead, "score": 0.5}
    assert evaluator.compile(policy).decide(found.lead).band == "warm"


def test_a_field_that_may_change_is_changed_only_where_it_must(policy):
    lead = fill(policy, {"score": 0.3, "suppressed": True})
    assert nearest_flip(policy, lead, {"score"}, {"warm", "hot"}).exists is False
    found = nearest_flip(policy, lead, {"score", "suppressed", "model_ok"}, {"warm", "hot"})
    assert found.lead is not None and found.lead["score"] == 0.5
    assert found.lead["suppressed"] is not True and found.lead["model_ok"] is True
