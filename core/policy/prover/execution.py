"""A symbolic lead through the whole decision: the solver's twin of `core.policy.deciding`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import z3

from core.kernel.expressions import Expression
from core.policy.banding import DWELL, Ladder, ladder_of
from core.policy.blocks import Route
from core.policy.document import Policy
from core.policy.prover.conditions import holds
from core.policy.prover.symbols import (
    FALSE,
    TRUE,
    Symbol,
    Symbols,
    Term,
    Texts,
    Truth,
    Words,
    allowed,
    among,
    texts_of,
)
from core.policy.routing import STATE, by_precedence, parts_of
from core.policy.stages import OUTPUTS

Choice = tuple[Truth, Symbol]


@dataclass(frozen=True)
class Run:
    """What a policy makes of a lead whose inputs keep the contract, and which rules had a part in it.

    `outputs` has a symbol for each of OUTPUTS; rules are in the document's order and say whether their own condition
    holds where they are asked (guards: always; rows and actions: an eligible lead that the block applies to;
    transitions: a lead in one of their states).
    """

    lead: Symbols
    valid: Truth
    outputs: Symbols
    guards: tuple[Truth, ...]
    additions: tuple[Truth, ...]
    transitions: tuple[Truth, ...]
    routed: Truth
    rows: tuple[Truth, ...]
    acting: Truth
    actions: tuple[Truth, ...]

    @property
    def everything(self) -> Symbols:
        """Inputs and outputs by name, as a claim reads them."""
        return {**self.lead, **self.outputs}


def run(policy: Policy, lead: Symbols, words: Words) -> Run:
    """The policy's decision over the symbolic lead."""
    return _Execution(policy, lead, words).run()


class _Execution:
    """Collects the outputs stage by stage, each stage reading those before it."""

    def __init__(self, policy: Policy, lead: Symbols, words: Words) -> None:
        self.policy, self.words = policy, words
        self.document, self.conditions = policy.document, policy.conditions
        self.values = dict(lead)
        self.lead = lead

    def run(self) -> Run:
        guards = self._all(self.conditions.guards)
        self.values["disposition"] = disposition = self._disposition(guards)
        self.values["band"] = self._band()
        additions = self._all(self.conditions.additions)
        self.values["priority"] = self._priority(additions)
        moves, next_state = self._lifecycle()
        self.values["next_state"] = next_state
        eligible = disposition.value == self.words.term("PERMIT")
        routed, rows = self._routing(eligible, guards)
        acting, actions = self._actions(eligible)
        outputs = {name: self.values[name] for name in OUTPUTS}
        return Run(self.lead, self._valid(), outputs, guards, additions, moves, routed, rows, acting, actions)

    def _valid(self) -> Truth:
        texts = texts_of(self.policy)
        kept = [
            allowed(declared, self.lead[name], self.words, texts.get(name, Texts()))
            for name, declared in self.policy.input_fields.items()
        ]
        return z3.And(kept)

    def _all(self, expressions: Sequence[Expression]) -> tuple[Truth, ...]:
        return tuple(holds(one.node, self.values, self.words) for one in expressions)

    def _word(self, word: str | None) -> Symbol:
        return NOTHING if word is None else Symbol(self.words.term(word))

    def _disposition(self, guards: tuple[Truth, ...]) -> Symbol:
        pairs = list(zip(guards, self.document.guards.rules, strict=True))
        denied = z3.Or([hit for hit, guard in pairs if guard.effect == "DENY"])
        held = z3.Or([hit for hit, guard in pairs if guard.effect == "HOLD"])
        choices = [(denied, self._word("DENY")), (held, self._word("HOLD"))]
        return first_of(choices, self._word("PERMIT"))

    def _band(self) -> Symbol:
        bands, ladder = self.document.bands, ladder_of(self.document)
        score = self.values[bands.field].value
        previous = self.values[bands.previous] if bands.previous else NOTHING
        steps = [(score >= self._needed(ladder, rank, previous), rank) for rank in range(len(ladder.steps))]
        reached = first_of([(test, self._word(ladder.steps[rank].band)) for test, rank in steps], self._otherwise())
        if not bands.min_dwell_min or not bands.previous or DWELL not in self.values:
            return reached
        dwell = self.values[DWELL]
        early = z3.And(dwell.known, dwell.value < bands.min_dwell_min)
        falls = z3.And(previous.known, rank_of(ladder, reached.value, self.words) < self._rank(ladder, previous))
        return Symbol(z3.If(z3.And(falls, early), previous.value, reached.value))

    def _otherwise(self) -> Symbol:
        return self._word(self.document.bands.otherwise)

    def _rank(self, ladder: Ladder, previous: Symbol) -> Term:
        return rank_of(ladder, previous.value, self.words)

    def _needed(self, ladder: Ladder, place: int, previous: Symbol) -> Term:
        step = ladder.steps[place]
        above = [self.words.code(one.band) for one in ladder.steps if one.rank >= step.rank]
        return z3.If(z3.And(previous.known, among(previous.value, above)), z3.IntVal(step.exit), z3.IntVal(step.enter))

    def _priority(self, additions: tuple[Truth, ...]) -> Symbol:
        block = self.document.priority
        if block is None:
            return Symbol(z3.IntVal(0))
        divisor = 10 ** (self.policy.input_fields[block.base.field].scale or 0)
        total = self.values[block.base.field].value * block.base.times / divisor
        for hit, item in zip(additions, block.add, strict=True):
            total = total + z3.If(hit, z3.IntVal(item.points), z3.IntVal(0))
        low, high = block.clamp
        return Symbol(z3.If(total < low, z3.IntVal(low), z3.If(total > high, z3.IntVal(high), total)))

    def _lifecycle(self) -> tuple[tuple[Truth, ...], Symbol]:
        block = self.document.lifecycle
        if block is None:
            return (), self.values.get(STATE, NOTHING)
        given = self.values[STATE]
        state = z3.If(given.known, given.value, self.words.term(block.initial))
        moves = tuple(
            z3.And(among(state, map(self.words.code, item.sources)), holds(expression.node, self.values, self.words))
            for expression, item in zip(self.conditions.transitions, block.transitions, strict=True)
        )
        targets = [self._word(item.target) for item in block.transitions]
        return moves, first_of(list(zip(moves, targets, strict=True)), Symbol(state))

    def _routing(self, eligible: Truth, guards: tuple[Truth, ...]) -> tuple[Truth, tuple[Truth, ...]]:
        block, applies = self.document.routing, self.conditions.routing_applies
        routed = z3.And(eligible, holds(applies.node, self.values, self.words) if applies else TRUE)
        rows = tuple(
            z3.And([routed, *(holds(cell.node, self.values, self.words) for _, cell in cells)])
            for cells in self.conditions.rows
        )
        choices = [(rows[place], row.then) for place, row in by_precedence(self.document)]
        if block.otherwise:
            choices.append((routed, block.otherwise))
        held = z3.And(z3.Not(eligible), self.values["disposition"].value == self.words.term("HOLD"))
        queues = [(hit, guard.queue) for hit, guard in zip(guards, self.document.guards.rules, strict=True)]
        waits = [(z3.And(held, hit), self._word(queue)) for hit, queue in queues if queue]
        pools = [(hit, self._word(route.pool)) for hit, route in choices]
        self.values["pool"] = first_of([*waits, *pools], NOTHING)
        agreed = [(hit, _minutes(route)) for hit, route in choices]
        collects = block.hit == "COLLECT"
        self.values["sla_min"] = self._shortest(rows, agreed) if collects else first_of(agreed, NOTHING)
        self.values["method"] = first_of([(hit, self._word(parts_of(route)[2])) for hit, route in choices], NOTHING)
        return routed, rows

    def _shortest(self, rows: tuple[Truth, ...], agreed: list[Choice]) -> Symbol:
        """The shortest time that any row that holds agrees; the table's `otherwise` only where no row holds."""
        otherwise = [(z3.And(routed, z3.Not(z3.Or(rows))), minutes) for routed, minutes in agreed[len(rows) :]]
        found = first_of(otherwise, NOTHING)
        for hit, minutes in agreed[: len(rows)]:
            if minutes is not NOTHING:
                shorter = z3.And(hit, z3.Or(z3.Not(found.known), minutes.value < found.value))
                found = first_of([(shorter, minutes)], found)
        return found

    def _actions(self, eligible: Truth) -> tuple[Truth, tuple[Truth, ...]]:
        block, applies = self.document.actions, self.conditions.actions_applies
        if block is None:
            self.values["action"] = NOTHING
            return FALSE, ()
        acting = z3.And(eligible, holds(applies.node, self.values, self.words) if applies else TRUE)
        hits = tuple(z3.And(acting, one) for one in self._all(self.conditions.actions))
        ranked = sorted(zip(hits, block.rules, strict=True), key=lambda pair: -pair[1].priority)
        choices = [(hit, self._word(rule.do)) for hit, rule in ranked]
        self.values["action"] = first_of([*choices, (acting, self._word(block.otherwise))], NOTHING)
        return acting, hits


NOTHING = Symbol(z3.IntVal(-1), FALSE)
"""A value that is not there."""


def first_of(choices: Sequence[Choice], otherwise: Symbol) -> Symbol:
    """The symbol of the first choice whose condition holds."""
    value, known = otherwise.value, otherwise.known
    for test, symbol in reversed(choices):
        value, known = z3.If(test, symbol.value, value), z3.If(test, symbol.known, known)
    return Symbol(value, z3.simplify(known) if z3.is_bool(known) else known)


def rank_of(ladder: Ladder, band: Term, words: Words) -> Term:
    """The rank of a band's word, -1 where it is no band."""
    rank: Term = z3.IntVal(-1)
    for word, place in ladder.ranks.items():
        rank = z3.If(band == words.term(word), z3.IntVal(place), rank)
    return rank


def violated(policy: Policy, decided: Run, words: Words) -> Run:
    """The same run over every lead: one that breaks the input contract has the outcome of `on_violation`."""
    broken, found = z3.Not(decided.valid), policy.document.inputs.on_violation
    fixed = {"disposition": Symbol(words.term(found.disposition)), "pool": Symbol(words.term(found.queue))}
    state = _state_kept(policy, decided, words)
    outputs = {
        name: first_of([(broken, state if name == "next_state" else fixed.get(name, NOTHING))], symbol)
        for name, symbol in decided.outputs.items()
    }
    return replace(decided, outputs=outputs)


def _state_kept(policy: Policy, decided: Run, words: Words) -> Symbol:
    """The state of a lead that breaks the contract: its own where that is usable, else the initial one."""
    block, given = policy.document.lifecycle, decided.lead.get(STATE)
    if given is None:
        return NOTHING
    usable = z3.And(given.known, among(given.value, [words.code(word) for word in policy.input_fields[STATE].values]))
    initial = Symbol(words.term(block.initial)) if block else NOTHING
    return first_of([(usable, given)], initial)


def _minutes(route: Route) -> Symbol:
    return NOTHING if route.sla_min is None else Symbol(z3.IntVal(route.sla_min))
