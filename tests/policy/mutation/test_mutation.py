"""The mutation campaign: every small mistake in four policies is killed, or proved to change nothing."""

import gc
import json
import os
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from core.kernel.strict_yaml import load as load_yaml
from core.policy import checker, parser
from core.policy.prover import compare
from tests.policy.conftest import CASES
from tests.policy.mutation.operators import mutants
from tests.policy.mutation.oracle import Decider, leads

POLICIES = ("example", "marketplace", "abm", "plg")
CHECKS = ("claim", "proof", "test", "structure")
LEADS = 200_000
DIFFERING, FEW = 100, 10
"""Of the leads that a mutant meets otherwise, so many are asked what they break: few of a mutant that checks kill."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: how it was killed (None: it survived), and whether the oracle tells it apart."""

    name: str
    killed_by: str | None
    differs: bool
    breaks: str | None


def document(name):
    tree: Any = load_yaml((CASES / f"{name}.yaml").read_text(), file=name)[0]
    return tree


def original(name):
    return parser.load(json.dumps(document(name)), f"{name}.json")


def judged(policy, name, tree, population, baseline):
    """Checks first - structure, golden tests, proofs and claims - then the semantic diff; the oracle by itself."""
    text = json.dumps(tree)
    mutant, _ = parser.read(text, "mutant.json")
    if mutant is None:
        return Verdict(name, "structure", True, None)
    report = checker.check(text, "mutant.json", proofs=True)
    kinds = {check.kind for check in report.checks if check.verdict != "pass"}
    by = next((kind for kind in ("claim", "proof", "test", "structure") if kind in kinds), None)
    if by is None and not compare(policy, mutant).equivalent:
        by = "diff"
    return Verdict(name, by, *witnessed(mutant, population, baseline, FEW if by in CHECKS else DIFFERING))


def witnessed(mutant, population, baseline, most):
    """Whether some lead of the population is met otherwise, and what the first of those leads break.

    A lead that is met as by the original breaks what it broke there: nothing, as `campaign` asserts of all of them.
    """
    decider = Decider(mutant)
    pairs = zip(population, baseline, strict=True)
    found = list(islice((asked for asked, told in pairs if decider.met(*asked) != told), most))
    return bool(found), next(filter(None, (decider.breaks(*asked) for asked in found)), None)


def campaign(name, count, every=1):
    policy = original(name)
    population = leads(policy, count, seed=7)
    decider = Decider(policy)
    baseline = [decider.met(*asked) for asked in population]
    assert not any(decider.breaks(*asked) for asked in population)
    gc.freeze()
    chosen = list(mutants(document(name)))[::every]
    found = []
    for number, (label, tree) in enumerate(chosen, 1):
        found.append(judged(policy, label, tree, population, baseline))
        print(f"{name} {number}/{len(chosen)} {found[-1].killed_by}: {label}", flush=True)
    return found


def told(name, verdicts):
    kills = Counter(verdict.killed_by for verdict in verdicts if verdict.killed_by)
    survivors = [verdict for verdict in verdicts if verdict.killed_by is None]
    print(
        f"\n{name}: {len(verdicts)} mutants, {sum(kills.values())} killed {dict(sorted(kills.items()))}, "
        f"{sum(verdict.differs for verdict in verdicts)} differ by the oracle, {len(survivors)} proved equivalent, "
        f"{sum(verdict.breaks is not None for verdict in verdicts)} break totality or a claim by the oracle"
    )
    for verdict in verdicts:
        if verdict.killed_by and not verdict.differs:
            print(f"  killed by {verdict.killed_by}, no lead tells it apart: {verdict.name}")
    for verdict in survivors:
        print(f"  survivor, proved to change nothing: {verdict.name}")


def hold_to_account(verdicts):
    assert not [one for one in verdicts if one.killed_by is None and one.differs], "proved equal, yet a lead differs"
    loose = [one for one in verdicts if one.breaks and one.killed_by not in CHECKS]
    assert not loose, "the oracle breaks totality or a claim that the checks let pass"


def test_a_sample_of_the_mutants_of_the_smallest_policy_is_killed_or_equal():
    verdicts = campaign("marketplace", 400, every=31)
    hold_to_account(verdicts)
    assert {verdict.killed_by for verdict in verdicts} >= {"claim", "diff"}


@pytest.mark.campaign
@pytest.mark.parametrize("name", POLICIES)
def test_no_mutant_survives_that_an_oracle_tells_apart(name):
    verdicts = campaign(name, int(os.environ.get("LEADBENCH_ORACLE_LEADS", LEADS)))
    told(name, verdicts)
    hold_to_account(verdicts)
