"""The symbolic decision of a given lead is what the evaluator decides, whatever the policy and the lead."""

from random import Random

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.expressions.patterns import matcher
from core.policy.contract import contract_of
from core.policy.overlay import arms_of
from core.policy.prover.conditions import constant, fitting
from core.policy.prover.execution import run, violated
from core.policy.prover.study import NUMBERS, Study
from core.policy.prover.symbols import OTHER
from tests.policy import generated

UNSAYABLE = ("not_a_number", "wrong_type")


def bindings(study, values):
    """What each symbol is for the normalised values."""
    found = []
    for name, symbol in study.lead.symbols.items():
        value = values[name]
        found.append((symbol.known, z3.BoolVal(value is not None)))
        if value is None:
            continue
        texts = study.lead.texts.get(name)
        unnamed = texts is not None and value not in texts.words
        found.append((symbol.value, z3.IntVal(OTHER) if unnamed else constant(value, study.words)))
        for pattern in texts.patterns if texts and isinstance(value, str) else ():
            found.append((fitting(name, pattern), z3.BoolVal(matcher(pattern)(value))))
    return found


def told(study, outputs, bound):
    found = {}
    for name, symbol in outputs.items():
        known = z3.simplify(z3.substitute(symbol.known, *bound))
        assert z3.is_true(known) or z3.is_false(known), name
        value = z3.simplify(z3.substitute(symbol.value, *bound)) if z3.is_true(known) else None
        code = None if value is None else value.as_long()
        found[name] = code if code is None or name in NUMBERS else study.words.word(code)
    return found


def check(policy, leads):
    study = Study(policy)
    whole = violated(policy, run(policy, study.lead.symbols, study.words), study.words)
    for lead in leads:
        values, broken = contract_of(policy.document).normalise(lead)
        if any(code in UNSAYABLE or code == "out_of_domain" for _, code in broken):
            continue
        raw = {**values, **{name: lead[name] for name, code in broken if code == "unknown_value"}}
        outcome = study.evaluator.decide(lead).to_json()
        found = told(study, whole.outputs, bindings(study, raw))
        expected = {name: outcome[name] for name in found}
        assert found == expected, lead


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_a_lead_put_into_the_symbols_gives_the_evaluators_outputs(seed):
    rng = Random(seed)
    policy = generated.policy(rng)
    check(policy, generated.leads(rng, policy, 12))


def test_the_example_and_the_default_agree_with_the_evaluator(example, default):
    for policy in (example, default):
        check(policy, generated.leads(Random(5), policy, 40))


@pytest.mark.campaign
def test_symbols_and_evaluator_agree_at_full_size():
    for seed in range(1_500):
        rng = Random(seed)
        policy = generated.policy(rng)
        check(policy, generated.leads(rng, policy, 20))


def test_every_arm_of_the_example_is_known(example):
    assert arms_of(example.document)[:2] == ("live", "holdout")
    assert len(arms_of(example.document)) == 2 + len(example.document.experiment.exploration.over.actions)
