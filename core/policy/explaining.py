"""The full trace of one decision: what was asked, what held, what was passed over, and by how much."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.policy.agreed import breach_plan
from core.policy.banding import DWELL, Step, ladder_of
from core.policy.closures import closure
from core.policy.compiled import Cells
from core.policy.contract import contract_of
from core.policy.deciding import compile
from core.policy.document import Policy
from core.policy.inputs import normalised
from core.policy.outcome import Outcome
from core.policy.routing import STATE, by_precedence
from core.policy.timeouts import effects_of, timeout_of

Values = Mapping[str, object]
Trace = dict[str, Any]


def explain(policy: Policy, inputs: Mapping[str, object]) -> Trace:
    """The outcome with every stage's trace, in JSON's types; stages after a broken contract are None."""
    outcome = compile(policy).decide(inputs)
    values, broken = contract_of(policy.document).normalise(inputs)
    values.update({name: getattr(outcome, name) for name in ("disposition", "band", "priority", "next_state")})
    values.update({name: getattr(outcome, name) for name in ("pool", "sla_min", "method")})
    parts = {
        "guards": _guards,
        "band": _band,
        "priority": _priority,
        "lifecycle": _lifecycle,
        "routing": _routing,
        "actions": _actions,
        "sla": _sla,
    }
    return {
        "policy": {"name": policy.name, "ref": policy.ref, "content_hash": policy.content_hash},
        "inputs": normalised(policy, inputs),
        "violations": [{"field": name, "code": code} for name, code in broken],
        "outcome": outcome.to_json(),
        "trace": {name: None if broken else part(policy, values, outcome) for name, part in parts.items()},
    }


def _guards(policy: Policy, values: Values, outcome: Outcome) -> Trace:
    pairs = zip(policy.document.guards.rules, policy.conditions.guards, strict=True)
    rules = [
        {
            "id": guard.id,
            "effect": guard.effect,
            "reason": guard.reason,
            "if": guard.condition,
            "hit": closure(expression.node)(values),
        }
        for guard, expression in pairs
    ]
    return {"disposition": outcome.disposition, "rules": rules}


def _band(policy: Policy, values: Values, outcome: Outcome) -> Trace:
    ladder, bands = ladder_of(policy.document), policy.document.bands
    unit = 10**ladder.scale
    value = int(str(values[bands.field]))
    previous = values[bands.previous] if bands.previous else None
    reached = ladder.reached(value, previous)
    steps = [_threshold(step, ladder.needed(step, previous), value, unit) for step in ladder.steps]
    return {
        "band": outcome.band,
        "label": bands.labels.get(outcome.band or ""),
        "value": value / unit,
        "previous": previous,
        "held_by_dwell": reached != outcome.band,
        "dwell_min": values.get(DWELL),
        "threshold": next((step for step in steps if step["band"] == outcome.band), None),
        "next_up": _next_up(steps, ladder.ranks[outcome.band or bands.otherwise]),
        "thresholds": steps,
    }


def _threshold(step: Step, needed: int, value: int, unit: int) -> Trace:
    """A band's threshold as it applies to the lead; a negative margin is what is missing."""
    return {
        "band": step.band,
        "kind": "exit" if needed == step.exit and needed != step.enter else "enter",
        "value": needed / unit,
        "margin": (value - needed) / unit,
    }


def _next_up(steps: list[Trace], rank: int) -> Trace | None:
    higher = steps[: len(steps) - rank]
    return higher[-1] if higher else None


def _priority(policy: Policy, values: Values, outcome: Outcome) -> Trace | None:
    block = policy.document.priority
    if block is None:
        return None
    divisor = 10 ** (policy.input_fields[block.base.field].scale or 0)
    base = int(str(values[block.base.field])) * block.base.times // divisor
    pairs = zip(block.add, policy.conditions.additions, strict=True)
    added = [
        {"id": item.id, "if": item.condition, "points": item.points}
        for item, expression in pairs
        if closure(expression.node)(values)
    ]
    total = base + sum(int(str(item["points"])) for item in added)
    return {"base": base, "added": added, "total": total, "clamp": list(block.clamp), "priority": outcome.priority}


def _lifecycle(policy: Policy, values: Values, outcome: Outcome) -> Trace | None:
    block = policy.document.lifecycle
    if block is None:
        return None
    state = values[STATE] or block.initial
    pairs = zip(block.transitions, policy.conditions.transitions, strict=True)
    taken: str | None = None
    passed: list[Trace] = []
    for move, expression in pairs:
        if state in move.sources and closure(expression.node)(values):
            taken = move.id
            break
        why = "if" if state in move.sources else "from"
        passed.append({"id": move.id, "failed": why})
    due = timeout_of(policy.document, outcome.next_state)
    return {
        "state": state,
        "next_state": outcome.next_state,
        "transition": taken,
        "passed_over": passed,
        "effects": list(effects_of(policy.document, str(state), outcome.next_state)),
        "timeout": {"after_min": due[0], "to": due[1]} if due else None,
    }


def _routing(policy: Policy, values: Values, outcome: Outcome) -> Trace:
    taken = _ruled(outcome, {row.id for row in policy.document.routing.rules})
    passed: list[Trace] = []
    for place, row in by_precedence(policy.document):
        if row.id == taken or outcome.disposition != "PERMIT":
            break
        passed.append({"id": row.id, "failed": _failed(policy.conditions.rows[place], values)})
    return {
        "pool": outcome.pool,
        "sla_min": outcome.sla_min,
        "method": outcome.method,
        "row": taken,
        "otherwise": taken is None and outcome.disposition == "PERMIT" and outcome.pool is not None,
        "passed_over": passed,
    }


def _sla(policy: Policy, values: Values, outcome: Outcome) -> Trace | None:
    """When the lead is due, and what is done where nobody takes it up; minutes of the policy's clock."""
    block = policy.document.sla
    if block is None or outcome.disposition != "PERMIT":
        return None
    plan = breach_plan(policy.document, outcome.pool, outcome.sla_min)
    return {"clock": block.clock, "due_min": outcome.sla_min, "on_breach": [asdict(step) for step in plan]}


def _failed(cells: Cells, values: Values) -> list[str]:
    """The columns whose cells do not let the lead through."""
    return [name for name, cell in cells if not closure(cell.node)(values)]


def _actions(policy: Policy, values: Values, outcome: Outcome) -> Trace | None:
    block = policy.document.actions
    if block is None:
        return None
    taken = _ruled(outcome, {rule.id for rule in block.rules})
    ranked = sorted(block.rules, key=lambda rule: -rule.priority)
    places = [rule.id for rule in ranked]
    passed = places[: places.index(taken)] if taken else places if outcome.action else []
    return {"action": outcome.action, "rule": taken, "passed_over": passed}


def _ruled(outcome: Outcome, ids: set[str]) -> str | None:
    return next((item.rule for item in outcome.reasons if item.rule in ids), None)
