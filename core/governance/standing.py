"""Where a version stands between its makers and its checkers, and how that is written down."""

from dataclasses import dataclass

from core.kernel.errors import ReasonMissing
from core.policy.document import Policy
from core.policy.states import State
from core.policy.store import StoredVersion

WAITING = (State.DRAFT, State.SUBMITTED, State.CHANGES_REQUESTED, State.APPROVED)


@dataclass(frozen=True)
class Standing:
    """A version with who made it, who approved it and how many approvals it needs."""

    version: StoredVersion
    authors: frozenset[str]
    approvers: tuple[str, ...]
    needed: int

    @property
    def is_approved(self) -> bool:
        """Whether enough people other than the authors approved it."""
        return len(self.approvers) >= self.needed

    def to_json(self) -> dict[str, object]:
        """What `policy submit` prints: name, ref, content_hash, state."""
        version = self.version
        return {
            "name": version.name,
            "ref": version.ref,
            "content_hash": version.content_hash,
            "state": version.state.value,
        }


def named(policy: Policy) -> dict[str, object]:
    """How a ledger entry names a policy."""
    return {"name": policy.name, "content_hash": policy.content_hash, "behaviour_hash": policy.behaviour_hash}


def switched(target: StoredVersion, before: StoredVersion | None, number: int, reason: str | None) -> dict[str, object]:
    """How a ledger entry tells that another version decides."""
    return {
        "name": target.name,
        "content_hash": target.content_hash,
        "version": number,
        "before": before.content_hash if before else None,
        "no_op": bool(before and before.behaviour_hash == target.behaviour_hash),
        "reason": reason,
    }


def require_reason(step: str, reason: str | None) -> None:
    """Refuse with ReasonMissing where there is no reason."""
    if not (reason or "").strip():
        raise ReasonMissing(step)
