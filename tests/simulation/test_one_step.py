"""One step on the leads as they stand: counts, moves and the rules that had a part."""

from core.policy import default, editing, parser
from core.policy.inputs import fill
from core.simulation.one_step import OUTPUTS, compare, decided

TEXT = default.shipped()
BEFORE = parser.load(TEXT, "before")
STRICTER = parser.load(editing.with_threshold(TEXT, "hot", 0.9, 0.85), "after")
SCORES = {"a": 0.95, "b": 0.85, "c": 0.6, "d": 0.1}


def simulate(before, after, scores=SCORES):
    policies = {"before": before, "after": after}
    leads = [(lead, {"score": score}) for lead, score in scores.items()]
    sides = {
        when: decided(policy, [(lead, fill(policy, given)) for lead, given in leads])
        for when, policy in policies.items()
    }
    return compare(before, after, sides)


def test_only_the_lead_between_the_thresholds_moves():
    found = simulate(BEFORE, STRICTER)
    assert found.changed["lead_id"].to_list() == ["b"]
    assert found.leads.filter(lead_id="b").select("band_before", "band_after").row(0) == ("hot", "warm")


def test_the_matrix_counts_every_lead_once():
    matrix = simulate(BEFORE, STRICTER).matrix("band")
    assert matrix["leads"].sum() == len(SCORES)
    moved = {(before, after): n for before, after, n in matrix.iter_rows()}
    assert moved[("hot", "warm")] == 1


def test_hits_count_the_leads_that_a_rule_had_a_part_in():
    found = simulate(BEFORE, STRICTER)
    assert (found.hits["before"]["r.hot"], found.hits["after"]["r.hot"]) == (2, 1)


def test_the_same_policy_twice_changes_nothing():
    found = simulate(BEFORE, BEFORE)
    assert found.changed.is_empty()
    assert {found.differing(output) for output in OUTPUTS} == {0}


def test_nobody_decided_is_an_empty_simulation():
    found = simulate(BEFORE, STRICTER, {})
    assert found.leads.is_empty() and found.matrix("band").is_empty()
