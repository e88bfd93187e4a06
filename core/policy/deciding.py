"""The serving evaluator: a policy as one Python closure, total over every lead."""

from collections.abc import Mapping

from core.policy.banding import band_of, priority_of
from core.policy.blocks import Guard
from core.policy.closures import closure
from core.policy.contract import contract_of
from core.policy.document import Policy
from core.policy.outcome import VIOLATION_RULE, Fault, Outcome, Reason
from core.policy.routing import NOWHERE, STATE, Chosen, Routed, action_of, next_state_of, route_of


class Evaluator:
    """Decides leads by one policy; made once, safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        document, conditions = policy.document, policy.conditions
        self.policy = policy
        self._contract = contract_of(document)
        self._guards = [
            (closure(expression.node), guard, Reason(guard.id, guard.reason))
            for expression, guard in zip(conditions.guards, document.guards.rules, strict=True)
        ]
        self._band = band_of(document)
        self._priority = priority_of(document, conditions)
        self._next_state = next_state_of(document, conditions)
        self._route = route_of(document, conditions)
        self._action = action_of(document, conditions)
        self._on_violation = document.inputs.on_violation
        self._initial = document.lifecycle.initial if document.lifecycle else None

    def normalised(self, inputs: Mapping[str, object]) -> dict[str, object]:
        """The inputs in normal form, None for what is missing or breaks the contract."""
        return self._contract.normalise(inputs)[0]

    def decide(self, inputs: Mapping[str, object]) -> Outcome:
        """The outcome for a lead's inputs by field name; unnamed fields are missing. Never raises on a value."""
        return self.decide_with_values(inputs)[0]

    def decide_with_values(self, inputs: Mapping[str, object]) -> tuple[Outcome, dict[str, object]]:
        """What `decide` gives, and the normalised inputs with what was made of them: all that an overlay reads."""
        values, broken = self._contract.normalise(inputs)
        return (self._violation(values, broken) if broken else self._decided(values)), values

    def _decided(self, values: dict[str, object]) -> Outcome:
        hits = [(guard, reason) for test, guard, reason in self._guards if test(values)]
        disposition = disposition_of([guard for guard, _ in hits])
        values["disposition"] = disposition
        values["band"] = band = self._band(values)
        values["priority"] = priority = self._priority(values)
        moved = self._next_state(values)
        values["next_state"] = moved.word
        reasons = [reason for _, reason in hits]
        if disposition != "PERMIT":
            reasons.extend([moved.reason] if moved.reason else [])
            queue = first_queue([guard for guard, _ in hits]) if disposition == "HOLD" else None
            return Outcome(disposition, band, priority, moved.word, queue, None, None, None, tuple(reasons))
        routed, chosen = self._send(values)
        reasons.extend([routed.reason, *routed.others] if routed.reason else ())
        reasons.extend(part.reason for part in (chosen, moved) if part.reason)
        errors = (routed.fault,) if routed.fault else ()
        return Outcome(disposition, band, priority, moved.word, *routed.to, chosen.word, tuple(reasons), errors)

    def _send(self, values: dict[str, object]) -> tuple[Routed, Chosen]:
        routed = self._route(values)
        values["pool"], values["sla_min"], values["method"] = routed.to
        return routed, self._action(values)

    def _violation(self, values: Mapping[str, object], broken: list[tuple[str, str]]) -> Outcome:
        found = self._on_violation
        state = values.get(STATE) or self._initial
        return Outcome(
            found.disposition,
            None,
            None,
            None if state is None else str(state),
            found.queue,
            *NOWHERE[1:],
            None,
            (Reason(VIOLATION_RULE, found.reason),),
            tuple(Fault(f"inputs.{name}", code) for name, code in broken),
        )


def disposition_of(hits: list[Guard]) -> str:
    """DENY over HOLD over PERMIT, whatever the order of the rules."""
    effects = {guard.effect for guard in hits}
    return "DENY" if "DENY" in effects else "HOLD" if effects else "PERMIT"


def first_queue(hits: list[Guard]) -> str | None:
    """The queue of the first HOLD rule in order."""
    return next((guard.queue for guard in hits if guard.effect == "HOLD"), None)


def compile(policy: Policy) -> Evaluator:
    """The policy as a function of a lead's inputs."""
    return Evaluator(policy)
