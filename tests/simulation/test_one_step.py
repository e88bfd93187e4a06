from core.policy import parser
from core.policy.default import propose
from core.policy.inputs import fill
from core.simulation.one_step import simulate

BEFORE = {"hot": 0.8, "warm": 0.5, "nurture": 0.2}
STRICTER = {"hot": 0.9, "warm": 0.5, "nurture": 0.2}
SCORES = {"a": 0.95, "b": 0.85, "c": 0.6, "d": 0.1}


def policy(thresholds):
    return parser.load(propose("default", thresholds), "default.yaml")


def leads():
    return [(name, lambda one, score=score: fill(one, {"score": score})) for name, score in SCORES.items()]


def test_only_leads_between_the_two_thresholds_move():
    found = simulate(policy(BEFORE), policy(STRICTER), leads())
    assert found.changed["lead_id"].to_list() == ["b"]
    assert found.matrix("band").filter(found.matrix("band")["before"] != found.matrix("band")["after"]).rows() == [
        ("hot", "warm", 1)
    ]


def test_the_same_policy_moves_nobody():
    found = simulate(policy(BEFORE), policy(BEFORE), leads()).to_json()
    assert (found["leads"], found["changed"], found["changed_leads"]) == (4, 0, [])
    assert sum(row["leads"] for row in found["moves"] if row["output"] == "band") == 4


def test_newly_denied_leads_are_listed():
    before, after = policy(BEFORE), policy(STRICTER)
    told = [
        (name, lambda one, score=score: fill(one, {"score": score, "suppressed": one is after}))
        for name, score in SCORES.items()
    ]
    found = simulate(before, after, told)
    assert found.newly("DENY")["lead_id"].to_list() == sorted(SCORES)
    assert found.newly("PERMIT").is_empty()
    assert found.to_json()["by_output"]["disposition"] == len(SCORES)


def test_nobody_decided_is_an_empty_simulation():
    found = simulate(policy(BEFORE), policy(STRICTER), [])
    assert found.leads.height == 0 and found.to_json()["moves"] == []
