"""The release of policies: drafts, submission, approval by others, publishing and rollback, each a ledger entry.

Every rule is checked inside the transaction that writes, so two people who act at once cannot both pass it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from uuid_utils import uuid7

from core.governance import authorship
from core.governance.errors import (
    AlreadyActive,
    AlreadyApproved,
    AlreadyBootstrapped,
    ApprovalsMissing,
    AuthorCannotApprove,
    BlocksUnexecuted,
    DraftUnknown,
    NeverApproved,
    NothingToRollBack,
    ParentConflict,
)
from core.governance.permissions import Permission
from core.governance.standing import WAITING, Standing, named, require_reason, switched
from core.governance.store import DraftStore
from core.governance.users import SYSTEM, Users
from core.kernel.database import Change, Database
from core.policy import checker, golden, parser
from core.policy.document import Policy
from core.policy.errors import PolicyUnknown, TransitionRefused
from core.policy.states import State
from core.policy.store import PolicyStore, StoredVersion


class Releases:
    """The commands of the policy's life; every one names its actor and is refused by one permission table."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database = database
        self._users = users or Users(database)
        self.policies = PolicyStore(database)
        self.drafts = DraftStore(database)

    def draft(self, text: str, file: str, actor: str, draft_id: str | None = None) -> tuple[str, Standing]:
        """Keep a text as a draft, or as the next content of a draft; the draft's id and the version.

        Editing voids what the draft's earlier content had reached: that version is discarded unless it was published.
        The same text by the same person again changes nothing. Raises PolicyInvalid, Forbidden, DraftUnknown.
        """
        policy = parser.load(text, file)
        if draft_id is None and (known := self.drafts.holding(policy.content_hash, actor)):
            return known, self.standing(policy.content_hash)
        kind = "policy.edited" if draft_id else "policy.drafted"
        with self._change(kind, actor, Permission.SUBMIT) as change:
            before = self._head(draft_id, change) if draft_id else None
            draft_id = draft_id or f"dr_{uuid7().hex}"
            self._keep(change, policy, actor, draft_id)
            if before == policy.content_hash:
                change.abandon()
            elif before is not None:
                self.policies.record_action(change, policy.content_hash, "edited", actor)
                self._withdraw(change, before, actor)
                change.body["replaces"] = before
            change.body.update(draft_id=draft_id, **named(policy))
        return draft_id, self.standing(policy.content_hash)

    def submit(self, text: str, file: str, actor: str, draft_id: str | None = None) -> Standing:
        """Submit a document for approval; submitting again what waits already changes nothing.

        Raises PolicyInvalid, GoldenTestsFailed, ProofsFailed, Forbidden, AlreadyActive, DraftUnknown and
        TransitionRefused.
        """
        policy = checker.sound(text, file)
        if draft_id:
            self.draft(text, file, actor, draft_id)
        with self._change("policy.submitted", actor, Permission.SUBMIT) as change:
            if self._waits_unchanged(change, policy, actor):
                change.abandon()
            else:
                stored = self.policies.put_draft(change, policy, actor)
                self._submit(change, stored, actor)
                change.body.update(parent=stored.parent, risk_class=stored.risk_class, **named(policy))
        return self.standing(policy.content_hash)

    def approve(self, ref: str, actor: str, comment: str | None = None) -> Standing:
        """Approve a submitted version, bound to its content hash; enough approvals make it approved.

        Raises Forbidden, AuthorCannotApprove, AlreadyApproved, TransitionRefused.
        """
        with self._change("policy.approved", actor, Permission.APPROVE) as change:
            standing = self._reviewable(change, ref, actor, State.APPROVED)
            version = standing.version
            if actor in standing.approvers:
                raise AlreadyApproved(version.ref, actor)
            self.policies.record_action(change, version.content_hash, "approved", actor, comment)
            approved = self.standing(version.content_hash, change)
            if approved.is_approved:
                self.policies.set_state(change, version.content_hash, State.APPROVED)
            change.body.update(
                content_hash=version.content_hash,
                name=version.name,
                comment=comment,
                approvals=list(approved.approvers),
                needed=approved.needed,
            )
        return self.standing(version.content_hash)

    def refuse(self, ref: str, actor: str, comment: str | None) -> Standing:
        """Refuse a submitted version for good; raises ReasonMissing without a comment."""
        return self._send_back(ref, actor, comment, State.REFUSED, "refused")

    def request_changes(self, ref: str, actor: str, comment: str | None) -> Standing:
        """Send a submitted or approved version back; raises ReasonMissing without a comment."""
        return self._send_back(ref, actor, comment, State.CHANGES_REQUESTED, "changes_requested")

    def discard(self, ref: str, actor: str) -> Standing:
        """Drop a draft or a version that was sent back."""
        with self._change("policy.discarded", actor, Permission.SUBMIT) as change:
            version = self.policies.get(ref, change)
            self.policies.set_state(change, version.content_hash, State.DISCARDED)
            self.policies.record_action(change, version.content_hash, "discarded", actor)
            change.body.update(content_hash=version.content_hash, name=version.name)
        return self.standing(version.content_hash)

    def publish(self, ref: str, actor: str, reason: str | None) -> Standing:
        """Make an approved version the one that decides; the version before it is superseded.

        Raises ReasonMissing, Forbidden, AlreadyActive, ApprovalsMissing, BlocksUnexecuted, GoldenTestsFailed and
        ParentConflict.
        """
        require_reason("publish a policy", reason)
        with self._change("policy.published", actor, Permission.PUBLISH) as change:
            standing = self.standing(ref, change)
            active = self.policies.active(standing.version.name, change)
            self._require_publishable(change, standing, active)
            number = self._activate(change, standing.version, active, State.SUPERSEDED)
            self.policies.record_action(change, standing.version.content_hash, "published", actor, reason)
            change.body.update(switched(standing.version, active, number, reason))
        return self.standing(standing.version.content_hash)

    def rollback(self, name: str, actor: str, reason: str | None, to: str | None = None) -> Standing:
        """Go back to the version before the active one, or to another that was once approved; models stay.

        Needs no new approval; the entry says that a review afterwards is due.
        Raises ReasonMissing, Forbidden, NothingToRollBack, NeverApproved.
        """
        require_reason("roll a policy back", reason)
        with self._change("policy.rolled_back", actor, Permission.ROLL_BACK) as change:
            active = self.policies.active(name, change)
            if active is None:
                raise NothingToRollBack(name, "no version of it is active")
            target = self._rollback_target(change, active, to)
            number = self._activate(change, target, active, State.ROLLED_BACK)
            self.policies.record_action(change, active.content_hash, "rolled_back", actor, reason)
            self.policies.record_action(change, target.content_hash, "published", actor, reason)
            change.body.update(switched(target, active, number, reason), post_review="due")
        return self.standing(target.content_hash)

    def bootstrap(self, text: str, file: str, actor: str = SYSTEM) -> Standing:
        """Let the shipped default decide on a store where nothing is published; raises AlreadyBootstrapped."""
        policy = parser.load(text, file)
        with self._database.change("policy", "policy.bootstrapped", actor) as change:
            if names := self.policies.active_names():
                raise AlreadyBootstrapped(names)
            if policy.unexecuted_blocks:
                raise BlocksUnexecuted(policy.ref, policy.unexecuted_blocks)
            self.policies.put_bootstrapped(change, policy, actor)
            change.body.update(named(policy))
        return self.standing(policy.content_hash)

    def standing(self, ref: str, change: Change | None = None) -> Standing:
        """A version with its authors and approvers; raises PolicyUnknown."""
        version = self.policies.get(ref, change)
        actions = self.policies.actions(version.content_hash, change)
        made_by = authorship.authors(actions, self.drafts.contributors(version.content_hash, change))
        return Standing(version, made_by, authorship.approvers(actions, made_by), authorship.needed(version.risk_class))

    @contextmanager
    def _change(self, kind: str, actor: str, permission: Permission) -> Iterator[Change]:
        with self._database.change("policy", kind, actor) as change:
            self._users.require(actor, permission, change)
            yield change

    def _head(self, draft_id: str, change: Change) -> str:
        head = self.drafts.head(draft_id, change)
        if head is None:
            raise DraftUnknown(draft_id)
        return head

    def _keep(self, change: Change, policy: Policy, actor: str, draft_id: str) -> None:
        self.policies.put_draft(change, policy, actor)
        self.drafts.add(change, draft_id, policy.content_hash, actor)

    def _withdraw(self, change: Change, content_hash: str, actor: str) -> None:
        """Discard a draft's earlier content, whatever it had reached short of being published."""
        state = self.policies.get(content_hash, change).state
        if state not in WAITING:
            return
        if state in (State.SUBMITTED, State.APPROVED):
            self.policies.set_state(change, content_hash, State.CHANGES_REQUESTED)
        self.policies.set_state(change, content_hash, State.DISCARDED)
        self.policies.record_action(change, content_hash, "discarded", actor, "replaced by an edit of its draft")

    def _waits_unchanged(self, change: Change, policy: Policy, actor: str) -> bool:
        """Whether the version waits already and this submission adds nothing; else one that waits is taken back.

        Another person's submission makes that person an author, and one on top of another active version is another
        change: both void the approvals given.
        """
        version = self._found(policy.content_hash, change)
        if version is None or version.state not in (State.SUBMITTED, State.APPROVED):
            return False
        is_current = version.parent in (
            self.policies.active_hash(version.name, change),
            policy.document.metadata.parent,
        )
        if is_current and actor in self.standing(version.content_hash, change).authors:
            return True
        self.policies.set_state(change, version.content_hash, State.CHANGES_REQUESTED)
        return False

    def _found(self, content_hash: str, change: Change) -> StoredVersion | None:
        try:
            return self.policies.get(content_hash, change)
        except PolicyUnknown:
            return None

    def _submit(self, change: Change, stored: StoredVersion, actor: str) -> None:
        if stored.state is State.PUBLISHED:
            raise AlreadyActive(stored.ref)
        self.policies.set_state(change, stored.content_hash, State.SUBMITTED)
        self.policies.record_action(change, stored.content_hash, "submitted", actor)

    def _reviewable(self, change: Change, ref: str, actor: str, target: State) -> Standing:
        standing = self.standing(ref, change)
        version = standing.version
        if actor in standing.authors:
            raise AuthorCannotApprove(version.ref, actor)
        if version.state is not State.SUBMITTED:
            raise TransitionRefused(version.ref, version.state, target, [State.SUBMITTED])
        return standing

    def _send_back(self, ref: str, actor: str, comment: str | None, target: State, kind: str) -> Standing:
        require_reason("send a policy back", comment)
        with self._change(f"policy.{kind}", actor, Permission.APPROVE) as change:
            version = self.policies.get(ref, change)
            self.policies.set_state(change, version.content_hash, target)
            self.policies.record_action(change, version.content_hash, kind, actor, comment)
            change.body.update(content_hash=version.content_hash, name=version.name, comment=comment)
        return self.standing(version.content_hash)

    def _require_publishable(self, change: Change, standing: Standing, active: StoredVersion | None) -> None:
        version = standing.version
        if active and active.content_hash == version.content_hash:
            raise AlreadyActive(version.ref)
        retired = version.state in (State.SUPERSEDED, State.ROLLED_BACK)
        once_approved = retired and authorship.was_approved(self.policies.actions(version.content_hash, change))
        if not once_approved and not (version.state is State.APPROVED and standing.is_approved):
            raise ApprovalsMissing(version.ref, version.state, len(standing.approvers), standing.needed)
        if blocks := version.policy.unexecuted_blocks:
            raise BlocksUnexecuted(version.ref, blocks)
        golden.require(version.policy)
        if version.parent != (active.content_hash if active else None):
            raise ParentConflict(version.ref, version.parent, active.content_hash if active else None)

    def _activate(self, change: Change, target: StoredVersion, before: StoredVersion | None, left: State) -> int:
        if before:
            self.policies.set_state(change, before.content_hash, left)
        self.policies.set_state(change, target.content_hash, State.PUBLISHED)
        expected = before.content_hash if before else None
        return self.policies.set_active(change, target.name, target.content_hash, expected=expected)

    def _rollback_target(self, change: Change, active: StoredVersion, to: str | None) -> StoredVersion:
        if to is None and active.parent is None:
            raise NothingToRollBack(active.name, f"`{active.ref}` is its first version")
        target = self.policies.get(to or str(active.parent), change)
        if target.content_hash == active.content_hash:
            raise AlreadyActive(target.ref)
        if target.name != active.name:
            raise NothingToRollBack(active.name, f"`{target.ref}` is another policy")
        if not authorship.was_approved(self.policies.actions(target.content_hash, change)):
            raise NeverApproved(target.ref)
        return target
