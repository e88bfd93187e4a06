"""The full trace of one decision: what was asked, what held, what was passed over, and by how much."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from core.policy.agreed import breach_plan
from core.policy.banding import DWELL, Step, ladder_of
from core.policy.closures import Test, closure
from core.policy.contract import contract_of
from core.policy.deciding import compile
from core.policy.document import Policy
from core.policy.inputs import as_kept
from core.policy.outcome import Outcome
from core.policy.routing import STATE, by_precedence
from core.policy.timeouts import effects_of, timeout_of

Values = Mapping[str, object]
Trace = dict[str, Any]
Part = Callable[[Values, Outcome], Trace | None]


def explain(policy: Policy, inputs: Mapping[str, object]) -> Trace:
    """The outcome with every stage's trace, in JSON's types; stages after a broken contract are None."""
    return Explainer(policy).explain(inputs)


class Explainer:
    """Traces decisions of one policy; made once for many leads, safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self._evaluator, self._contract = policy, compile(policy), contract_of(policy.document)
        self._identity = {"name": policy.name, "ref": policy.ref, "content_hash": policy.content_hash}
        self._parts: dict[str, Part] = {
            "guards": _guards(policy),
            "band": _band(policy),
            "priority": _priority(policy),
            "lifecycle": _lifecycle(policy),
            "routing": _routing(policy),
            "actions": _actions(policy),
            "sla": _sla(policy),
        }

    def explain(self, inputs: Mapping[str, object]) -> Trace:
        """What `explain` gives, for a lead's inputs by field name."""
        outcome = self._evaluator.decide(inputs)
        values, broken = self._contract.normalise(inputs)
        kept = as_kept(self._policy, values)
        values["disposition"], values["band"] = outcome.disposition, outcome.band
        values["priority"], values["next_state"] = outcome.priority, outcome.next_state
        values["pool"], values["sla_min"], values["method"] = outcome.pool, outcome.sla_min, outcome.method
        return {
            "policy": dict(self._identity),
            "inputs": kept,
            "violations": [{"field": name, "code": code} for name, code in broken],
            "outcome": outcome.to_json(),
            "trace": {name: None if broken else part(values, outcome) for name, part in self._parts.items()},
        }


def _nothing(values: Values, outcome: Outcome) -> None:
    return None


def _guards(policy: Policy) -> Part:
    pairs = zip(policy.document.guards.rules, policy.conditions.guards, strict=True)
    rules = [
        (
            {"id": guard.id, "effect": guard.effect, "reason": guard.reason, "if": guard.condition},
            closure(expression.node),
        )
        for guard, expression in pairs
    ]

    def part(values: Values, outcome: Outcome) -> Trace:
        hits = [{**told, "hit": test(values)} for told, test in rules]
        return {"disposition": outcome.disposition, "rules": hits}

    return part


def _band(policy: Policy) -> Part:
    ladder, bands = ladder_of(policy.document), policy.document.bands
    unit, ranks, steps_down = 10**ladder.scale, ladder.ranks, ladder.steps

    def part(values: Values, outcome: Outcome) -> Trace:
        value: Any = values[bands.field]
        previous = values[bands.previous] if bands.previous else None
        steps = [_threshold(step, ladder.needed(step, previous), value, unit) for step in steps_down]
        higher = steps[: len(steps) - ranks[outcome.band or bands.otherwise]]
        return {
            "band": outcome.band,
            "label": bands.labels.get(outcome.band or ""),
            "value": value / unit,
            "previous": previous,
            "held_by_dwell": ladder.reached(value, previous) != outcome.band,
            "dwell_min": values.get(DWELL),
            "threshold": next((step for step in steps if step["band"] == outcome.band), None),
            "next_up": higher[-1] if higher else None,
            "thresholds": steps,
        }

    return part


def _threshold(step: Step, needed: int, value: int, unit: int) -> Trace:
    """A band's threshold as it applies to the lead; a negative margin is what is missing."""
    return {
        "band": step.band,
        "kind": "exit" if needed == step.exit and needed != step.enter else "enter",
        "value": needed / unit,
        "margin": (value - needed) / unit,
    }


def _priority(policy: Policy) -> Part:
    block = policy.document.priority
    if block is None:
        return _nothing
    divisor = 10 ** (policy.input_fields[block.base.field].scale or 0)
    pairs = zip(block.add, policy.conditions.additions, strict=True)
    additions = [
        (closure(expression.node), {"id": item.id, "if": item.condition, "points": item.points}, item.points)
        for item, expression in pairs
    ]
    field, times, clamp = block.base.field, block.base.times, list(block.clamp)

    def part(values: Values, outcome: Outcome) -> Trace:
        given: Any = values[field]
        base = given * times // divisor
        added = [(told, points) for test, told, points in additions if test(values)]
        total = base + sum(points for _, points in added)
        items = [dict(told) for told, _ in added]
        return {"base": base, "added": items, "total": total, "clamp": list(clamp), "priority": outcome.priority}

    return part


def _lifecycle(policy: Policy) -> Part:
    block = policy.document.lifecycle
    if block is None:
        return _nothing
    document, initial = policy.document, block.initial
    pairs = zip(block.transitions, policy.conditions.transitions, strict=True)
    moves = [(move.id, frozenset(move.sources), closure(expression.node)) for move, expression in pairs]

    def part(values: Values, outcome: Outcome) -> Trace:
        state = values[STATE] or initial
        taken: str | None = None
        passed: list[Trace] = []
        for name, sources, test in moves:
            if state in sources and test(values):
                taken = name
                break
            passed.append({"id": name, "failed": "if" if state in sources else "from"})
        due = timeout_of(document, outcome.next_state)
        return {
            "state": state,
            "next_state": outcome.next_state,
            "transition": taken,
            "passed_over": passed,
            "effects": list(effects_of(document, str(state), outcome.next_state)),
            "timeout": {"after_min": due[0], "to": due[1]} if due else None,
        }

    return part


def _routing(policy: Policy) -> Part:
    rows = [
        (row.id, [(name, closure(cell.node)) for name, cell in policy.conditions.rows[place]])
        for place, row in by_precedence(policy.document)
    ]
    names = {name for name, _ in rows}

    def part(values: Values, outcome: Outcome) -> Trace:
        taken = _ruled(outcome, names)
        passed: list[Trace] = []
        for name, cells in rows if outcome.disposition == "PERMIT" else ():
            if name == taken:
                break
            passed.append({"id": name, "failed": _failed(cells, values)})
        return {
            "pool": outcome.pool,
            "sla_min": outcome.sla_min,
            "method": outcome.method,
            "row": taken,
            "otherwise": taken is None and outcome.disposition == "PERMIT" and outcome.pool is not None,
            "passed_over": passed,
        }

    return part


def _failed(cells: list[tuple[str, Test]], values: Values) -> list[str]:
    """The columns whose cells do not let the lead through."""
    return [name for name, test in cells if not test(values)]


def _sla(policy: Policy) -> Part:
    """When the lead is due, and what is done where nobody takes it up; minutes of the policy's clock."""
    document, block = policy.document, policy.document.sla
    if block is None:
        return _nothing

    def part(values: Values, outcome: Outcome) -> Trace | None:
        if outcome.disposition != "PERMIT":
            return None
        plan = breach_plan(document, outcome.pool, outcome.sla_min)
        return {"clock": block.clock, "due_min": outcome.sla_min, "on_breach": [asdict(step) for step in plan]}

    return part


def _actions(policy: Policy) -> Part:
    block = policy.document.actions
    if block is None:
        return _nothing
    places = [rule.id for rule in sorted(block.rules, key=lambda rule: -rule.priority)]
    names = set(places)

    def part(values: Values, outcome: Outcome) -> Trace:
        taken = _ruled(outcome, names)
        passed = places[: places.index(taken)] if taken else list(places) if outcome.action else []
        return {"action": outcome.action, "rule": taken, "passed_over": passed}

    return part


def _ruled(outcome: Outcome, ids: set[str]) -> str | None:
    return next((item.rule for item in outcome.reasons if item.rule in ids), None)
