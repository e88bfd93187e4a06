"""Questions about two leads that differ in a few fields only."""

from collections.abc import Collection
from dataclasses import dataclass

import z3

from core.policy.overlay import LIVE
from core.policy.prover.arms import effective
from core.policy.prover.execution import rank_of, run
from core.policy.prover.leads import SymbolicLead, number
from core.policy.prover.solving import exists, plainest
from core.policy.prover.study import ARM, DISAGREES, NO_TEXT, SPENT, Study, agree
from core.policy.prover.symbols import Symbol, Symbols, Term, Truth
from core.policy.prover.verdicts import Found

SECOND = "second "


@dataclass(frozen=True)
class Pair:
    """Two leads of one policy in the same arm, alike but for the fields in `free`."""

    study: Study
    free: frozenset[str]
    second: SymbolicLead
    first_outputs: Symbols
    second_outputs: Symbols
    arm: Symbol
    facts: tuple[Truth, ...]
    wishes: tuple[Truth, ...]

    def search(self, *asked: Truth) -> Found:
        """Two such leads for which what is asked holds, the plainest ones where there are any."""
        facts = [*self.facts, *asked]
        found = exists(self.study.known, *facts)
        if not found:
            return Found(found, trouble="" if found is False else SPENT)
        leads = [self.study.lead, self.second]
        model = plainest(self.study.budget, leads, [self.study.run.valid, *facts], self.wishes)
        return Found(None, trouble=SPENT) if model is None else self._read(model)

    def _read(self, model: z3.ModelRef) -> Found:
        lead, other = self.study.lead.read(model), self.second.read(model)
        if lead is None or other is None:
            return Found(None, trouble=NO_TEXT)
        arm = self.study.words.word(number(self.arm, model)) or LIVE
        before, after = self.study.decided(lead, arm), self.study.decided(other, arm)
        told = (self.study.read_outputs(self.first_outputs, model), self.study.read_outputs(self.second_outputs, model))
        if not (agree(told[0], before) and agree(told[1], after)):
            return Found(None, trouble=DISAGREES)
        return Found(True, {**lead, ARM: arm}, {name: other[name] for name in sorted(self.free)}, before, after)


def pair(study: Study, free: Collection[str]) -> Pair:
    """Two leads that keep the contract and may differ in the fields of `free`."""
    second = study.new_lead(SECOND)
    other = run(study.policy, second.symbols, study.words)
    one = effective(study.policy, study.run, study.words, chained=False)
    two = effective(study.policy, other, study.words, chained=False)
    same = [
        same_symbol(study.lead.symbols[name], second.symbols[name])
        for name in study.policy.input_fields
        if name not in free
    ]
    facts = (other.valid, one.facts, *same)
    return Pair(study, frozenset(free), second, one.outputs, two.outputs, one.arm, facts, one.wishes)


def same_symbol(one: Symbol, other: Symbol) -> Truth:
    """Whether two symbols have the same value, or both none."""
    return z3.And(one.known == other.known, z3.Implies(one.known, one.value == other.value))


def ordered(study: Study, name: str, symbol: Symbol) -> Term | None:
    """An output as a number that grows with it; None where its values have no order."""
    if name in ("priority", "sla_min"):
        return symbol.value
    return rank_of(study.ladder, symbol.value, study.words) if name == "band" else None
