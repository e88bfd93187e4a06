"""One policy under study: a symbolic lead, what becomes of it, and real leads out of the solver's answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import z3

from core.policy.banding import Ladder, ladder_of
from core.policy.deciding import Evaluator, compile
from core.policy.document import Policy
from core.policy.overlay import LIVE, Overlay, overlay_of, takers
from core.policy.prover.arms import Effective, effective
from core.policy.prover.execution import Run, run
from core.policy.prover.leads import SymbolicLead, number, truth
from core.policy.prover.solving import Budget, exists, plainest, solver
from core.policy.prover.symbols import Symbols, Texts, Truth, Words, make_lead, texts_of
from core.policy.prover.verdicts import Found
from core.policy.stages import claim_schema

SPENT = "The solver's budget was spent before it found an answer."
NO_TEXT = "No text was found that fits the patterns that the conditions ask for."
DISAGREES = "The solver found a lead that the evaluator decides otherwise; this is a fault of leadbench."
NUMBERS = ("priority", "sla_min")
ARM = "arm"


@dataclass
class Study:
    """A policy with the dictionary and the budget that its questions share."""

    policy: Policy
    budget: Budget = field(default_factory=Budget)
    words: Words = field(default_factory=Words)

    def new_lead(self, prefix: str) -> SymbolicLead:
        """A symbolic lead of the policy's fields; every word has its number before a pattern is matched against it."""
        texts = texts_of(self.policy)
        for word in self._vocabulary(texts):
            self.words.code(word)
        fields = self.policy.input_fields
        return SymbolicLead(fields, make_lead(fields, prefix), texts, self.words)

    def _vocabulary(self, texts: Mapping[str, Texts]) -> Iterator[str]:
        yield from (word for declared in claim_schema(self.policy.document) for word in declared.values)
        yield from sorted({word for known in texts.values() for word in known.words})

    @cached_property
    def lead(self) -> SymbolicLead:
        """The lead that most questions are about."""
        return self.new_lead("")

    @cached_property
    def run(self) -> Run:
        """What becomes of it."""
        return run(self.policy, self.lead.symbols, self.words)

    @cached_property
    def effective(self) -> Effective:
        """What becomes of it in any arm and any pool of the fallback chain."""
        return effective(self.policy, self.run, self.words)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The serving evaluator; it has the last word on every lead found."""
        return compile(self.policy)

    @cached_property
    def overlay(self) -> Overlay:
        """Its experiment and caps."""
        return overlay_of(self.policy)

    @cached_property
    def ladder(self) -> Ladder:
        """The policy's bands."""
        return ladder_of(self.policy.document)

    @cached_property
    def known(self) -> z3.Solver:
        """A solver that knows that the lead keeps the input contract."""
        return solver(self.budget, self.run.valid)

    def word(self, text: str) -> z3.ExprRef:
        """A word as a constant."""
        return self.words.term(text)

    def search(self, *facts: Truth) -> Found:
        """A lead that keeps the contract and for which the facts hold, the plainest one where there are any."""
        found = exists(self.known, *facts)
        if not found:
            return Found(found, trouble="" if found is False else SPENT)
        return self._lead([self.run.valid, *facts], self.run.outputs, None)

    def search_effective(self, *facts: Truth) -> Found:
        """The same over every arm and every pool of the chain."""
        asked = [self.effective.facts, *facts]
        found = exists(self.known, *asked)
        if not found:
            return Found(found, trouble="" if found is False else SPENT)
        return self._lead([self.run.valid, *asked], self.effective.outputs, self.effective)

    def _lead(self, facts: Sequence[Truth], outputs: Symbols, met: Effective | None) -> Found:
        model = plainest(self.budget, [self.lead], facts, met.wishes if met else ())
        lead = self.lead.read(model) if model is not None else None
        if model is None or lead is None:
            return Found(None, trouble=SPENT if model is None else NO_TEXT)
        arm = self.words.word(number(met.arm, model)) if met else None
        decided = self.decided(lead, (arm or LIVE) if met else None)
        told = self.read_outputs(outputs, model)
        if met and decided["pool"] is not None and told["pool"] in takers(self.policy.document, str(decided["pool"])):
            decided = {**decided, "pool": told["pool"]}
        if not agree(told, decided):
            return Found(None, trouble=DISAGREES)
        return Found(True, {**lead, ARM: arm} if met else lead, before=decided)

    def decided(self, lead: Mapping[str, object], arm: str | None = None) -> dict[str, Any]:
        """What the serving evaluator makes of a lead, in JSON's types: in the core, or in an arm."""
        core = self.evaluator.decide(lead)
        return (core if arm is None else self.overlay.apply(core, self.evaluator.normalised(lead), arm)).to_json()

    def read_outputs(self, outputs: Symbols, model: z3.ModelRef) -> dict[str, object]:
        """The outputs that a model gives."""
        found: dict[str, object] = {}
        for name, symbol in outputs.items():
            code = number(symbol, model) if truth(symbol.known, model) else None
            found[name] = code if code is None or name in NUMBERS else self.words.word(code)
        return found


def agree(told: Mapping[str, object], decided: Mapping[str, object]) -> bool:
    """Whether the solver's outputs are the evaluator's."""
    return all(decided[name] == value for name, value in told.items())
