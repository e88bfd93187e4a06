"""What a policy makes of a lead: outputs, ordered reasons, errors."""

from dataclasses import dataclass

VIOLATION_RULE = "inputs"
NO_ROW = "no_row"
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that had a part in the outcome; guards and the contract carry a reason code."""

    rule: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong in deciding: `where` is `inputs.FIELD` or `routing`."""

    where: str
    code: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision over one lead; band and priority are None where the inputs break the contract."""

    disposition: str
    band: str | None
    priority: int | None
    next_state: str | None
    pool: str | None
    sla_min: int | None
    method: str | None
    action: str | None
    reasons: tuple[Reason, ...] = ()
    errors: tuple[Fault, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The outcome in JSON's types, keys in the order of the fields."""
        return {
            "disposition": self.disposition,
            "band": self.band,
            "priority": self.priority,
            "next_state": self.next_state,
            "pool": self.pool,
            "sla_min": self.sla_min,
            "method": self.method,
            "action": self.action,
            "reasons": [{"rule": item.rule, "reason": item.reason} for item in self.reasons],
            "errors": [{"where": item.where, "code": item.code} for item in self.errors],
        }
