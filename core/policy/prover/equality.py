"""Two policies on the same lead: which outputs are proved equal, and the plainest lead that they decide differently."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import z3

from core.kernel.expressions import Expression
from core.policy.blocks import InputField
from core.policy.caps import caps_of
from core.policy.document import Policy
from core.policy.overlay import arms_of, takers
from core.policy.prover.arms import effective
from core.policy.prover.conditions import holds
from core.policy.prover.execution import Run, run, violated
from core.policy.prover.leads import SymbolicLead, number
from core.policy.prover.pairs import same_symbol
from core.policy.prover.proofs import PROVING
from core.policy.prover.solving import Budget, exists, plainest, solver
from core.policy.prover.study import ARM, DISAGREES, NO_TEXT, SPENT, Study, agree
from core.policy.prover.symbols import Texts, Truth, Words, among, inner_domain, make_lead
from core.policy.prover.verdicts import Found
from core.policy.stages import OUTPUTS

RETYPED = "`{}` is declared in two ways, so no lead can be put to both policies."


@dataclass(frozen=True)
class Equality:
    """For each output, and for the questions asked besides, the lead that tells the policies apart, if there is one."""

    outputs: Mapping[str, Found]
    newly_eligible: Found
    outside: Found | None

    @property
    def equivalent(self) -> bool | None:
        """Whether all outputs are proved equal; None where the solver cannot say."""
        found = [answer.exists for answer in self.outputs.values()]
        return False if any(found) else None if None in found else True


def compare(
    before: Policy, after: Policy, only_where: Expression | None = None, budget: Budget | None = None
) -> Equality:
    """The two policies output by output, over every lead that either accepts, and those that break the contract.

    Where the cores agree, the arms of either experiment and the caps are compared, then the fallback chains; a lead
    that tells the arms apart has its `arm`.
    `only_where` asks besides whether any lead outside the condition is decided differently.
    """
    retyped = _retyped(before, after)
    if retyped:
        unsaid = Found(None, trouble=RETYPED.format(retyped))
        return Equality(dict.fromkeys(OUTPUTS, unsaid), unsaid, unsaid if only_where else None)
    with PROVING:
        return _Comparison(before, after, budget or Budget()).answers(only_where)


def _retyped(before: Policy, after: Policy) -> str | None:
    """A field whose type or number of decimal places is not the same in both."""
    shared = before.input_fields.keys() & after.input_fields.keys()
    kinds = [
        {name: (p.input_fields[name].type, p.input_fields[name].scale) for name in shared} for p in (before, after)
    ]
    return next((name for name in sorted(shared) if kinds[0][name] != kinds[1][name]), None)


@dataclass
class _Comparison:
    """The two studies over one lead, and a solver that knows which values that lead may have."""

    before: Policy
    after: Policy
    budget: Budget
    words: Words = field(default_factory=Words)

    def __post_init__(self) -> None:
        self.studies = [Study(one, self.budget, self.words) for one in (self.before, self.after)]
        leads = [study.lead for study in self.studies]
        fields: dict[str, InputField] = {**self.before.input_fields, **self.after.input_fields}
        texts = {name: _merged(lead.texts.get(name, Texts()) for lead in leads) for name in fields}
        self.lead = SymbolicLead(fields, make_lead(fields, ""), texts, self.words)
        self.facts = [self._domain(name) for name in fields]
        self.known = solver(self.budget, *self.facts)
        self.runs = [
            violated(study.policy, run(study.policy, self.lead.symbols, self.words), self.words)
            for study in self.studies
        ]
        self.met = [
            effective(study.policy, one, self.words, chained=False)
            for study, one in zip(self.studies, self.runs, strict=True)
        ]
        arms = {arm for policy in (self.before, self.after) for arm in arms_of(policy.document)}
        self.in_some_arm = among(self.met[0].arm.value, map(self.words.code, sorted(arms)))
        self.overlaid = len(arms) > 1 or any(caps_of(policy.document) for policy in (self.before, self.after))

    def answers(self, only_where: Expression | None) -> Equality:
        outputs = {name: self._output(name) for name in OUTPUTS}
        permitted = [self._permits(one) for one in self.runs]
        newly = self._search(z3.And(z3.Not(permitted[0]), permitted[1]))
        return Equality(outputs, newly, None if only_where is None else self._outside(only_where))

    def _output(self, name: str) -> Found:
        """A lead that the cores decide differently, else one in an arm, else one whose pool others take over."""
        found = self._search(self._differs(name))
        if found.exists is False and self.overlaid:
            found = self._search(self._differs_met(name), met=True)
        return self._taken_over() if found.exists is False and name == "pool" else found

    def _outside(self, only_where: Expression) -> Found:
        inside = holds(only_where.node, {**self.lead.symbols, **self.runs[0].outputs}, self.words)
        found = self._search(z3.And(z3.Not(inside), z3.Or([self._differs(name) for name in OUTPUTS])))
        if found.exists is False and self.overlaid:
            anywhere = z3.Or([self._differs_met(name) for name in OUTPUTS])
            found = self._search(z3.And(z3.Not(inside), anywhere), met=True)
        return found

    def _taken_over(self) -> Found:
        """A lead in a pool whose fallback chain is not the same in both."""
        shared = [name for name in self.before.document.pools if name in self.after.document.pools]
        for name in shared:
            chains = [takers(policy.document, name) for policy in (self.before, self.after)]
            if chains[0] == chains[1]:
                continue
            found = self._search(self._lands_in(name))
            if found.exists is not False:
                told = " instead of ".join(" > ".join(chain) for chain in reversed(chains))
                return replace(found, trouble=found.trouble or f"When `{name}` is full: {told}.")
        return Found(False)

    def _lands_in(self, name: str) -> Truth:
        pool = self.runs[1].outputs["pool"]
        return z3.And(pool.known, pool.value == self.words.term(name))

    def _domain(self, name: str) -> Truth:
        """The values that either policy accepts; a missing one too."""
        symbol = self.lead.symbols[name]
        inside = [
            inner_domain(policy.input_fields[name], symbol, self.words, self.lead.texts[name])
            for policy in (self.before, self.after)
            if name in policy.input_fields
        ]
        return z3.Implies(symbol.known, z3.Or(inside))

    def _differs(self, name: str) -> Truth:
        one, other = (found.outputs[name] for found in self.runs)
        return z3.Not(same_symbol(one, other))

    def _differs_met(self, name: str) -> Truth:
        one, other = (found.outputs[name] for found in self.met)
        return z3.And(self.in_some_arm, z3.Not(same_symbol(one, other)))

    def _permits(self, found: Run) -> Truth:
        return found.outputs["disposition"].value == self.words.term("PERMIT")

    def _search(self, fact: Truth, *, met: bool = False) -> Found:
        found = exists(self.known, fact)
        if not found:
            return Found(found, trouble="" if found is False else SPENT)
        wishes = self.met[0].wishes if met else ()
        model = plainest(self.budget, [self.lead], [*self.facts, fact], wishes)
        lead = self.lead.read(model) if model is not None else None
        if model is None or lead is None:
            return Found(None, trouble=SPENT if model is None else NO_TEXT)
        arm = self.words.word(number(self.met[0].arm, model)) if met else None
        decided = [study.decided(lead, arm) for study in self.studies]
        said = [one.outputs for one in (self.met if met else self.runs)]
        told = [study.read_outputs(one, model) for study, one in zip(self.studies, said, strict=True)]
        if not all(agree(one, done) for one, done in zip(told, decided, strict=True)):
            return Found(None, trouble=DISAGREES)
        return Found(True, {**lead, ARM: arm} if arm else lead, before=decided[0], after=decided[1])


def _merged(found: Iterable[Texts]) -> Texts:
    words: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    for one in found:
        words, patterns = words | one.words, patterns | one.patterns
    return Texts(words, patterns)
