"""What any policy would see of the leads as they stand."""

import pytest

from core.decisions import standing
from core.decisions.engine import decide
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import evaluator, parser
from core.policy.default import propose
from tests.decisions.conftest import AS_OF

DAY = 86_400_000_000


@pytest.fixture
def decided(store, feature_set, model, policy):
    spine = population(store, as_of=AS_OF, every_us=7 * DAY, last_us=14 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}
    decide(store, spine, **deciders)
    return store


def test_the_policy_that_decided_sees_what_it_saw(decided, policy):
    found = standing.leads(decided, [policy])
    assert len(found) == 180
    for lead_id, given in found:
        assert given(policy) == DecisionStore(decided).of(lead_id).inputs


def test_one_lead_by_itself_sees_what_it_sees_among_all(decided, policy):
    among = dict(standing.leads(decided, [policy]))
    ((lead_id, given),) = standing.leads(decided, [policy], lead_id="l-0001")
    assert lead_id == "l-0001" and given(policy) == among["l-0001"](policy)
    assert standing.leads(decided, [policy], lead_id="nobody") == []


def test_another_policy_decides_the_same_leads_by_its_own_rules(decided, policy):
    other = parser.load(propose("strict", {"hot": 0.99, "warm": 0.98, "nurture": 0.97}), "strict.yaml")
    mine, strict = evaluator.compile(policy), evaluator.compile(other)
    found = standing.leads(decided, [policy, other])
    usual = [mine.decide(given(policy)).band for _, given in found]
    assert [strict.decide(given(other)).band for _, given in found].count("cold") > usual.count("cold")


def test_a_field_that_nobody_knows_is_missing(decided, policy):
    text = propose("curious").replace("  forbidden:", "    budget: {type: int, required: false}\n  forbidden:", 1)
    curious = parser.load(text, "curious.yaml")
    assert {given(curious)["budget"] for _, given in standing.leads(decided, [curious])} == {None}
