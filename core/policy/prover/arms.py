"""The experiment's arms and the fallback chain over a symbolic decision: the solver's twin of `core.policy.overlay`."""

from dataclasses import dataclass

import z3

from core.policy.caps import caps_of
from core.policy.document import Policy
from core.policy.overlay import EXPLORE, HOLDOUT, LIVE, arms_of, takers
from core.policy.prover.conditions import holds
from core.policy.prover.execution import NOTHING, Run, first_of
from core.policy.prover.symbols import FALSE, TRUE, Symbol, Symbols, Truth, Words, among


@dataclass(frozen=True)
class Effective:
    """The outputs in any arm and any pool of the chain; `facts` say which there are, `wishes` which are plain."""

    outputs: Symbols
    arm: Symbol
    facts: Truth
    wishes: tuple[Truth, ...]


def effective(policy: Policy, run: Run, words: Words, *, chained: bool = True) -> Effective:
    """The decision of the run as leads meet it; not `chained`: no pool is ever full."""
    arm, landed = Symbol(z3.Int("arm of the lead")), Symbol(z3.Int("pool that takes the lead"))
    arms = among(arm.value, map(words.code, arms_of(policy.document)))
    outputs = {**run.outputs, **_in_arm(policy, run, arm, words)}
    outputs = {**outputs, **_capped(policy, run, outputs["action"], words)}
    live = arm.value == words.term(LIVE)
    if not chained:
        return Effective(outputs, arm, arms, (live,))
    lands = _lands(policy, outputs["pool"], landed, words)
    placed = Symbol(landed.value, outputs["pool"].known)
    stays = landed.value == outputs["pool"].value
    return Effective({**outputs, "pool": placed}, arm, z3.And(arms, lands), (live, stays))


def _in_arm(policy: Policy, run: Run, arm: Symbol, words: Words) -> Symbols:
    experiment, core = policy.document.experiment, run.outputs
    if experiment is None:
        return {}
    eligible = core["disposition"].value == words.term("PERMIT")
    changed: dict[str, Symbol] = {}
    if experiment.holdout:
        excluded = _read(policy.conditions.holdout_excludes, run, words, FALSE)
        held = z3.And(arm.value == words.term(HOLDOUT), eligible, z3.Not(excluded))
        changed = {name: first_of([(held, symbol)], core[name]) for name, symbol in _treatment(policy, run, words)}
    if experiment.exploration:
        allowed = z3.And(eligible, _read(policy.conditions.exploration_allowed, run, words, TRUE))
        choices = [
            (z3.And(allowed, arm.value == words.term(EXPLORE + action)), Symbol(words.term(action)))
            for action in experiment.exploration.over.actions
        ]
        changed["action"] = first_of(choices, changed.get("action", core["action"]))
    return changed


def _capped(policy: Policy, run: Run, action: Symbol, words: Words) -> Symbols:
    """The action of a lead that a cap stops: the one that is taken when no rule holds."""
    binding = [
        z3.And(known.known, known.value >= low, *([] if high is None else [known.value <= high]))
        for cap in caps_of(policy.document)
        for known in (run.lead[cap.input],)
        for low, high in cap.binding
    ]
    if not binding or policy.document.actions is None:
        return {}
    spared = Symbol(words.term(policy.document.actions.otherwise))
    return {"action": first_of([(z3.And(action.known, z3.Or(binding)), spared)], action)}


def _read(expression: object, run: Run, words: Words, default: Truth) -> Truth:
    return default if expression is None else holds(expression.node, run.everything, words)  # type: ignore[attr-defined]


def _treatment(policy: Policy, run: Run, words: Words) -> list[tuple[str, Symbol]]:
    assert policy.document.experiment and policy.document.experiment.holdout
    treat = policy.document.experiment.holdout.treat_as
    minutes = NOTHING if treat.sla_min is None else Symbol(z3.IntVal(treat.sla_min))
    method = NOTHING if treat.method is None else Symbol(words.term(treat.method))
    action = Symbol(words.term(treat.action)) if treat.action else run.outputs["action"]
    return [("pool", Symbol(words.term(treat.pool))), ("sla_min", minutes), ("method", method), ("action", action)]


def _lands(policy: Policy, pool: Symbol, landed: Symbol, words: Words) -> Truth:
    """Where a lead with a pool may land: that pool or one of those that take over."""
    ways = [
        z3.Implies(pool.value == words.term(name), among(landed.value, map(words.code, takers(policy.document, name))))
        for name in policy.document.pools
    ]
    return z3.And(ways)
