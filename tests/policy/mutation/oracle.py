"""An oracle that knows no solver: random and corner leads through the serving evaluator, in every arm and pool."""

import re
from operator import attrgetter
from random import Random
from typing import Any

from core.policy.closures import closure
from core.policy.document import Policy
from core.policy.evaluator import compile
from core.policy.inputs import typical
from core.policy.overlay import arms_of, overlay_of, read_by_overlay, takers
from core.policy.stages import OUTPUTS

_outputs = attrgetter(*OUTPUTS)


def leads(policy: Policy, count: int, seed: int) -> list[tuple[dict, str]]:
    """Leads with an arm each: corners of the text's own numbers, words of each domain, values of a plain lead."""
    rng = Random(seed)
    arms = arms_of(policy.document)
    corners = {name: _corners(policy, name) for name in policy.input_fields}
    plain = {name: typical(field) for name, field in policy.input_fields.items()}
    return [(_lead(rng, policy, corners, plain), rng.choice(arms)) for _ in range(count)]


def _lead(rng: Random, policy: Policy, corners: dict, plain: dict) -> dict:
    usual = rng.random()
    return {
        name: plain[name]
        if rng.random() < usual
        else rng.choice(corners[name])
        if rng.random() < 0.8
        else _any(rng, field)
        for name, field in policy.input_fields.items()
    }


def _any(rng: Random, field) -> object:
    if field.type == "bool":
        return rng.random() < 0.5
    if field.type == "enum":
        return rng.choice(field.values)
    value = rng.uniform(field.min, field.max)
    return round(value, field.scale) if field.type == "decimal" else int(value)


def _corners(policy: Policy, name: str) -> list:
    """The values at which something may change: domain ends, every number of the text, a step either way."""
    field: Any = policy.input_fields[name]
    missing = [] if field.required else [None]
    if field.type == "bool":
        return [True, False, *missing]
    if field.type == "enum":
        return [*field.values, *missing]
    step = 10 ** -(field.scale or 0)
    numbers = {float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", policy.text)}
    near = {number + move * step for number in numbers for move in (-1, 0, 1)} | {field.min, field.max}
    kept = sorted(value for value in near if field.min <= value <= field.max)
    return [*(round(v, field.scale) if field.type == "decimal" else int(v) for v in kept), *missing]


class Decider:
    """What a policy makes of a lead: its core, what an arm makes of it, and the pools that may take it over."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self._evaluator, self._overlay = policy, compile(policy), overlay_of(policy)
        self._takers: dict[str | None, tuple[str, ...]] = {}
        pairs = zip(policy.document.properties, policy.conditions.claims, strict=True)
        self._claims = [
            (claim, closure(given.node) if given else None, closure(stated.node))
            for claim, (given, stated) in pairs
            if stated
        ]

    def met(self, lead: dict, arm: str) -> tuple:
        core, values = self._evaluator.decide_with_values(lead)
        outcome = core if arm == "live" and not self._overlay.caps else self._overlay.apply(core, values, arm)
        faults = tuple(fault.code for fault in core.errors)
        return (*_outputs(core), *_outputs(outcome), self._pools(outcome.pool), faults)

    def _pools(self, pool: str | None) -> tuple[str, ...]:
        if pool not in self._takers:
            self._takers[pool] = takers(self.policy.document, pool) if pool in self.policy.document.pools else ()
        return self._takers[pool]

    def breaks(self, lead: dict, arm: str) -> str | None:
        """The totality or single-lead claim that the lead refutes, in the core or as met."""
        core = self._evaluator.decide(lead)
        if any(fault.code in ("no_row", "conflict") for fault in core.errors):
            return core.errors[0].code
        values = self._evaluator.normalised(lead)
        if any(fault.where.startswith("inputs.") for fault in core.errors):
            return None
        for outcome in (core, self._overlay.apply(core, values, arm)):
            read = {**values, **read_by_overlay(outcome)}
            for claim, given, stated in self._claims:
                if (given is None or given(read)) and stated(read) is (claim.kind == "never"):
                    return claim.id
        return None
