"""What must hold before a version decides, and where a rollback may go."""

from datetime import datetime

from core.governance import authorship
from core.governance.bundles import Bundles
from core.governance.errors import (
    AlreadyActive,
    ApprovalsMissing,
    NeverApproved,
    NothingToRollBack,
    ParentConflict,
)
from core.governance.errors_release import EvidenceVoid, OutsideWindow, RolloutUnderWay, RolloutUnfinished
from core.governance.rollouts import Rollouts
from core.governance.standing import Standing
from core.kernel.database import Change
from core.kernel.times import to_text
from core.policy import golden
from core.policy.errors import ParentStale
from core.policy.states import State
from core.policy.store import PolicyStore, StoredVersion
from core.policy.windows import require_unexpired, window_of


def require_approved(policies: PolicyStore, bundles: Bundles, change: Change, standing: Standing) -> None:
    """Refuse a version that has not its approvals, or whose approvals bind to what would no longer decide.

    A version that was once approved needs neither. Raises ApprovalsMissing and EvidenceVoid.
    """
    version = standing.version
    retired = version.state in (State.SUPERSEDED, State.ROLLED_BACK)
    if retired and authorship.was_approved(policies.actions(version.content_hash, change)):
        return
    if not (version.state is State.APPROVED and standing.is_approved):
        raise ApprovalsMissing(version.ref, version.state, len(standing.approvers), standing.needed)
    require_bound(policies, bundles, change, version)


def require_active(policies: PolicyStore, change: Change, name: str, expected: str | None) -> None:
    """Refuse where another version is active than what was done was done for; raises ParentStale."""
    found = policies.active_hash(name, change)
    if found != expected:
        raise ParentStale(name, expected, found)


def require_bound(policies: PolicyStore, bundles: Bundles, change: Change, version: StoredVersion) -> None:
    """Refuse where bundle or evidence are not what was handed in, or compare with what would not be replaced.

    Raises EvidenceVoid and ParentConflict.
    """
    submission = bundles.newest(version.content_hash, change)
    if submission is None:
        raise EvidenceVoid(version.ref, "no evidence was handed in with it")
    if not submission.is_intact:
        raise EvidenceVoid(version.ref, "the stored evidence was altered")
    moved = submission.bundle.differing(bundles.of(version.policy))
    if moved:
        raise EvidenceVoid(version.ref, f"another {' and '.join(moved)} would decide with it now")
    parent, active = submission.evidence["parent"], policies.active_hash(version.name, change)
    if active not in (parent, version.content_hash):
        raise ParentConflict(version.ref, parent, active)


def require_other(version: StoredVersion, active: StoredVersion | None) -> None:
    """Refuse what decides already; raises AlreadyActive."""
    if active and active.content_hash == version.content_hash:
        raise AlreadyActive(version.ref)


def require_sound(version: StoredVersion, active: StoredVersion | None, now: datetime) -> None:
    """Refuse what fails its tests, was made on another version, or is out of its time."""
    golden.require(version.policy)
    if version.parent != (active.content_hash if active else None):
        raise ParentConflict(version.ref, version.parent, active.content_hash if active else None)
    require_unexpired(version.policy, now)
    window = window_of(version.policy.document)
    if window.since is not None and window.at(now) == "early":
        raise OutsideWindow(version.ref, to_text(window.since))


def require_no_rollout(rollouts: Rollouts, change: Change, policies: PolicyStore, name: str) -> None:
    """Refuse to publish over a rollout that is under way; raises RolloutUnderWay."""
    found = rollouts.open(name, change)
    if found:
        raise RolloutUnderWay(name, policies.get(found.row.content_hash, change).ref)


def rollback_target(
    policies: PolicyStore, rollouts: Rollouts, change: Change, active: StoredVersion, to: str | None
) -> StoredVersion:
    """The version to go back to: another of its name that was once approved, by default the nearest of its parents.

    One whose rollout did not reach everybody is none: it would decide everybody past its steps and the judge.
    """
    if to is None and active.parent is None:
        raise NothingToRollBack(active.name, f"`{active.ref}` is its first version")
    target = policies.get(to or str(active.parent), change)
    while to is None and target.parent and not was_approved(policies, change, target):
        target = policies.get(target.parent, change)
    if target.content_hash == active.content_hash:
        raise AlreadyActive(target.ref)
    if target.name != active.name:
        raise NothingToRollBack(active.name, f"`{target.ref}` is another policy")
    if not was_approved(policies, change, target):
        raise NeverApproved(target.ref)
    if rollouts.is_unfinished(target.content_hash, change):
        raise RolloutUnfinished(target.ref)
    return target


def was_approved(policies: PolicyStore, change: Change, version: StoredVersion) -> bool:
    """Whether the version once went live by approval or as the shipped default."""
    return authorship.was_approved(policies.actions(version.content_hash, change))


def activate(
    policies: PolicyStore, change: Change, target: StoredVersion, before: StoredVersion | None, left: State
) -> int:
    """Let the target decide in place of the version before, which gets the state `left`; the target's number."""
    if before:
        policies.set_state(change, before.content_hash, left)
    policies.set_state(change, target.content_hash, State.PUBLISHED)
    expected = before.content_hash if before else None
    return policies.set_active(change, target.name, target.content_hash, expected=expected)
