"""The history of the store, as any version would see it - and the version that decided makes the same of it again."""

import pytest

from core.decisions import standing
from core.decisions.engine import decide
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import editing, parser
from core.simulation.on_store import IN_THIS_PROCESS, as_simulation, roll_on_store
from core.simulation.study import ROLLED, Question, study
from tests.decisions.conftest import AS_OF

DAY = 86_400_000_000


@pytest.fixture
def decided(store, feature_set, model, policy):
    spine = population(store, as_of=AS_OF, every_us=7 * DAY, last_us=28 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}
    decide(store, spine, **deciders)
    return store


def test_the_version_that_decided_rolled_forward_makes_every_stored_decision_again(decided, policy, monkeypatch):
    stricter = parser.load(editing.with_threshold(policy.text, "hot", 0.99, 0.98), "stricter.yaml")
    courses = standing.courses(decided, [policy, stricter])
    assert courses.rows.height == DecisionStore(decided).count() > IN_THIS_PROCESS / 100
    rolled = roll_on_store(policy, stricter, courses)
    stored = DecisionStore(decided).latest().sort("lead_id")
    last = rolled.before.last
    for name in ("disposition", "band", "pool", "action", "sla_min", "next_state", "priority"):
        assert last[name].to_list() == stored[name].to_list(), name
    assert rolled.differing > 0 and as_simulation(policy, stricter, rolled).changed.height > 0
    monkeypatch.setattr("core.simulation.on_store.IN_THIS_PROCESS", 10)
    assert roll_on_store(policy, stricter, courses).before.last.equals(last), "a worker says the same"


def test_a_study_finds_the_same_from_the_same_and_says_what_it_cannot(decided, policy):
    stricter = parser.load(editing.with_threshold(policy.text, "hot", 0.99, 0.98), "stricter.yaml")
    told: list[float] = []
    question = Question(policy, stricter, ROLLED)
    found = study(decided, question, lambda done, text: told.append(done))
    assert found.evidence().hash == study(decided, question).evidence().hash
    assert told == sorted(told) and told[-1] <= 1
    result = found.result
    assert result["numbers"][ROLLED]["changed"] == found.simulation.changed.height > 0
    assert sum(row["leads"] for row in result["by_group"] if row["dimension"] == "region") == 240
    assert {one.dimension for one in found.harm} == {"region", "company_size"}
    assert (found.capacity["code"], found.value["code"]) == ("no_reps", "no_exploration")
    other = study(decided, Question(policy, policy, ROLLED))
    assert other.result["numbers"][ROLLED]["changed"] == 0 and other.evidence().hash != found.evidence().hash
