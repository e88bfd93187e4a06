"""The lifecycle's next state, the routing table and the next-best action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.policy.blocks import Route, Row
from core.policy.closures import Test, closure, every
from core.policy.compiled import Conditions
from core.policy.document import Document
from core.policy.outcome import CONFLICT, NO_ROW, Fault, Reason

STATE = "state"
Values = Mapping[str, object]
NOWHERE = (None, None, None)


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a lead goes: (pool, sla_min, method), the row that says so, and what went wrong.

    `others` are the further rows that hold under COLLECT.
    """

    to: tuple[str | None, int | None, str | None]
    reason: Reason | None = None
    fault: Fault | None = None
    others: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A word that a rule chose, with the rule."""

    word: str | None
    reason: Reason | None = None


def parts_of(route: Route | None) -> tuple[str | None, int | None, str | None]:
    """Pool, minutes and method of a route."""
    return (route.pool, route.sla_min, route.method) if route else NOWHERE


def by_precedence(document: Document) -> list[tuple[int, Row]]:
    """The rows with their places, in the order in which they are asked."""
    rows = list(enumerate(document.routing.rules))
    if document.routing.hit == "PRIORITY":
        rows.sort(key=lambda item: -(item[1].priority or 0))
    return rows


def route_of(document: Document, conditions: Conditions) -> Callable[[Values], Routed]:
    """A function that routes the normalised values of an eligible lead."""
    tests = [
        (every([closure(cell.node) for _, cell in conditions.rows[place]]), _routed(row))
        for place, row in by_precedence(document)
    ]
    applies = closure(conditions.routing_applies.node) if conditions.routing_applies else None
    otherwise = Routed(parts_of(document.routing.otherwise), fault=_no_row(document))
    choose = {"UNIQUE": _exclusive, "ANY": _exclusive, "COLLECT": _collected}.get(document.routing.hit, _first)
    by_content = document.routing.hit == "ANY"

    def route(values: Values) -> Routed:
        if applies is not None and not applies(values):
            return Routed(NOWHERE)
        return choose(values, tests, otherwise, by_content)

    return route


def _routed(row: Row) -> Routed:
    return Routed(parts_of(row.then), Reason(row.id))


def _no_row(document: Document) -> Fault | None:
    return None if document.routing.otherwise else Fault("routing", NO_ROW)


def _first(values: Values, tests: list[tuple[Test, Routed]], otherwise: Routed, by_content: bool) -> Routed:
    for test, routed in tests:
        if test(values):
            return routed
    return otherwise


def _exclusive(values: Values, tests: list[tuple[Test, Routed]], otherwise: Routed, by_content: bool) -> Routed:
    """The row that holds; where several do (and, by content, say different things), the first one and a fault."""
    hits = [routed for test, routed in tests if test(values)]
    if not hits:
        return otherwise
    first = hits[0]
    conflict = any(hit.to != first.to for hit in hits) if by_content else len(hits) > 1
    return Routed(first.to, first.reason, Fault("routing", CONFLICT)) if conflict else first


def _collected(values: Values, tests: list[tuple[Test, Routed]], otherwise: Routed, by_content: bool) -> Routed:
    """Every row that holds: the first gives pool and method, the shortest time of all is agreed, all are reasons."""
    hits = [routed for test, routed in tests if test(values)]
    if not hits:
        return otherwise
    first = hits[0]
    pool, _, method = first.to
    shortest = min((hit.to[1] for hit in hits if hit.to[1] is not None), default=None)
    return Routed((pool, shortest, method), first.reason, None, tuple(hit.reason for hit in hits[1:] if hit.reason))


def next_state_of(document: Document, conditions: Conditions) -> Callable[[Values], Chosen]:
    """A function that gives the next lifecycle state: the first transition that holds, else the state as it is."""
    block = document.lifecycle
    if block is None:
        return lambda values: Chosen(_word(values.get(STATE)))
    initial = block.initial
    tests = [
        (frozenset(item.sources), closure(expression.node), Chosen(item.target, Reason(item.id)))
        for expression, item in zip(conditions.transitions, block.transitions, strict=True)
    ]

    def next_state(values: Values) -> Chosen:
        state = values[STATE] or initial
        for sources, test, chosen in tests:
            if state in sources and test(values):
                return chosen
        return Chosen(_word(state))

    return next_state


def action_of(document: Document, conditions: Conditions) -> Callable[[Values], Chosen]:
    """A function that gives the next-best action of an eligible lead: the highest priority that holds."""
    block = document.actions
    if block is None:
        return lambda values: Chosen(None)
    ranked = sorted(zip(conditions.actions, block.rules, strict=True), key=lambda pair: -pair[1].priority)
    tests = [(closure(expression.node), Chosen(rule.do, Reason(rule.id))) for expression, rule in ranked]
    applies = closure(conditions.actions_applies.node) if conditions.actions_applies else None
    otherwise = Chosen(block.otherwise)

    def action(values: Values) -> Chosen:
        if applies is not None and not applies(values):
            return Chosen(None)
        for test, chosen in tests:
            if test(values):
                return chosen
        return otherwise

    return action


def _word(value: object) -> str | None:
    return None if value is None else str(value)
