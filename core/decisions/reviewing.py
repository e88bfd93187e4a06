"""A person's look at a decision (`privacy.human_review`): while it is contested, no rule decides about the lead.

The record says so with the reason `contested`, or `decided_by_person` once a person decided otherwise, and replay takes
it from there. Score, band and priority are told as ever; the lead goes to the named queue and stays in its state.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.policy.document import Document
from core.policy.outcome import Outcome, Reason
from core.policy.timeouts import Effect

RULE, KIND = "privacy.human_review", "review"
CONTESTED, BY_PERSON = "contested", "decided_by_person"
HOLD, DENY = "HOLD", "DENY"


@dataclass(frozen=True, slots=True)
class Contest:
    """A contested decision: since when, and from when on a person's word stands (naive UTC; None: not yet).

    `upheld` says that the word was to let the rules decide again.
    """

    since: datetime
    settled: datetime | None = None
    upheld: bool = False


@dataclass(frozen=True)
class Contests:
    """The contests of leads, oldest first, under a policy that has a way for them."""

    document: Document
    by_lead: Mapping[str, Sequence[Contest]]

    def why(self, lead_id: str, moment: datetime | None) -> str | None:
        """Why the lead is held for a person at the moment, None where it is not."""
        if moment is None:
            return None
        found: str | None = None
        for one in self.by_lead.get(lead_id, ()):
            if one.since > moment:
                break
            settled = one.settled is not None and one.settled <= moment
            found = CONTESTED if not settled else None if one.upheld else BY_PERSON
        return found

    def moved(self, lead_id: str, stood: datetime, moment: datetime) -> bool:
        """Whether a contest of the lead began or was settled after it stood so, by the moment."""
        told = (at for one in self.by_lead.get(lead_id, ()) for at in (one.since, one.settled) if at is not None)
        return any(stood < at <= moment for at in told)

    def begin(self, lead_id: str, stood: datetime | None, moment: datetime) -> tuple[Effect, ...]:
        """What other systems are told where a contest began since the lead's last decision."""
        fresh = (one for one in self.by_lead.get(lead_id, ()) if one.since <= moment)
        return (Effect(KIND, "human_review", None),) if any(stood is None or one.since > stood for one in fresh) else ()


def held(document: Document, outcome: Outcome, state: str | None, why: str) -> Outcome:
    """The outcome of a lead that a person decides about, in the state where it stands; a denied one stays denied."""
    review = document.privacy.human_review if document.privacy else None
    if review is None:
        return outcome
    reasons = (*outcome.reasons, Reason(RULE, why))
    if outcome.disposition == DENY:
        return replace(outcome, reasons=reasons)
    return replace(
        outcome, disposition=HOLD, next_state=state, pool=review.route, sla_min=None, method=None, action=None,
        reasons=reasons,
    )  # fmt: skip


def told(reasons: Iterable[Mapping[str, object]]) -> str | None:
    """Why a record's lead was held for a person, None where it was not."""
    return next((str(one["reason"]) for one in reasons if one["rule"] == RULE and one["reason"]), None)
