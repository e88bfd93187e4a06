"""The release of policies: drafts, submission, approval by others, publishing and rollback, each a ledger entry.

Every rule is checked inside the transaction that writes, so two people who act at once cannot both pass it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event

from uuid_utils import uuid7

from core.decisions.store_contests import ContestStore
from core.governance import authorship, publishing
from core.governance.bundles import SIMULATED, Bundle, Bundles, Submission, tell
from core.governance.drafting import Drafting
from core.governance.emergencies import Emergencies
from core.governance.errors import (
    AlreadyActive,
    AlreadyApproved,
    AlreadyBootstrapped,
    AuthorCannotApprove,
    NothingToRollBack,
)
from core.governance.errors_release import EvidenceVoid
from core.governance.permissions import Permission
from core.governance.reviews import Reviews
from core.governance.rollouts import Rollouts
from core.governance.standing import Standing, named, require_reason, switched
from core.governance.store import DraftStore
from core.governance.users import SYSTEM, Users
from core.kernel.database import Change, Database
from core.kernel.workers import Progress
from core.policy import checker, parser
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
        self._drafting = Drafting(self.policies, self.drafts)
        self.bundles = Bundles(database)
        self.rollouts = Rollouts(database, self._users, self.policies)
        self.emergencies = Emergencies(database, self._users, self.policies, self.bundles, self.rollouts)
        self.contests = ContestStore(database)
        self.reviews = Reviews(database, self._users, self.policies)
        self.clock = database.clock

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
            before = self._drafting.head(draft_id, change) if draft_id else None
            draft_id = draft_id or f"dr_{uuid7().hex}"
            if not self._drafting.edit(change, policy, actor, draft_id, before):
                change.abandon()
        return draft_id, self.standing(policy.content_hash)

    def submit(
        self,
        text: str,
        file: str,
        actor: str,
        draft_id: str | None = None,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> Standing:
        """Submit a document for approval; submitting again what waits already changes nothing.

        Bundle and evidence are made here, for approvals to bind to. Raises PolicyInvalid, GoldenTestsFailed,
        ProofsFailed, Forbidden, AlreadyActive, DraftUnknown, TransitionRefused, Cancelled; DraftMoved or ParentStale
        where the draft or the active version is another by the end: nothing is written then.
        """
        self._users.require(actor, Permission.SUBMIT)
        head = self._drafting.head(draft_id) if draft_id else None
        tell("checking and proving", progress, cancel)
        found = checker.sound(text, file)
        policy = found.policy
        assert policy is not None
        bundle = self.bundles.of(policy)
        pack, simulation = self.bundles.evidence(found, self.policies.active(policy.name), progress, cancel)
        with self._change("policy.submitted", actor, Permission.SUBMIT) as change:
            tell("handing it in", progress, cancel, SIMULATED)
            publishing.require_active(self.policies, change, policy.name, pack["parent"])
            is_edit = bool(draft_id and head and self._drafting.edit_from(change, policy, actor, draft_id, head))
            if self._waits_unchanged(change, policy, bundle, actor, is_edit):
                change.abandon()
            else:
                stored = self.policies.put_draft(change, policy, actor)
                self._submit(change, stored, actor)
                change.body.update(self.bundles.keep(change, bundle, pack, simulation, actor))
                change.body.update(parent=stored.parent, risk_class=stored.risk_class, **named(policy))
        return self.standing(policy.content_hash)

    def approve(self, ref: str, actor: str, comment: str | None = None) -> Standing:
        """Approve a submitted version, bound to its content, bundle and evidence; enough approvals make it approved.

        Raises Forbidden, AuthorCannotApprove, AlreadyApproved, EvidenceVoid, TransitionRefused.
        """
        with self._change("policy.approved", actor, Permission.APPROVE) as change:
            standing = self._reviewable(change, ref, actor, State.APPROVED)
            version = standing.version
            if actor in standing.approvers:
                raise AlreadyApproved(version.ref, actor)
            publishing.require_bound(self.policies, self.bundles, change, version)
            self.policies.record_action(change, version.content_hash, "approved", actor, comment)
            approved = self.standing(version.content_hash, change)
            if approved.is_approved and version.state is State.PUBLISHED:
                self.policies.record_action(change, version.content_hash, "published", actor, "approved afterwards")
                self.emergencies.settle(change, version.name, "approved afterwards")
            elif approved.is_approved:
                self.policies.set_state(change, version.content_hash, State.APPROVED)
            change.body.update(
                **self._bound(version, change),
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

        With a `rollout:` block it reaches its leads step by step, while the one before decides the others.
        Raises ReasonMissing, Forbidden, AlreadyActive, ApprovalsMissing, EvidenceVoid,
        GoldenTestsFailed, ParentConflict, OutsideWindow, RolloutUnderWay and GlassBroken.
        """
        require_reason("publish a policy", reason)
        with self._change("policy.published", actor, Permission.PUBLISH) as change:
            standing = self.standing(ref, change)
            version, active = standing.version, self.policies.active(standing.version.name, change)
            publishing.require_other(version, active)
            publishing.require_approved(self.policies, self.bundles, change, standing)
            publishing.require_sound(version, active, self.clock.now())
            publishing.require_no_rollout(self.rollouts, change, self.policies, version.name)
            self.emergencies.require_way_back(version, active)
            number = publishing.activate(self.policies, change, version, active, State.SUPERSEDED)
            self.policies.record_action(change, version.content_hash, "published", actor, reason)
            change.body.update(switched(version, active, number, reason), **self._bound(version, change))
            change.body["rollout_id"] = self.rollouts.begin(change, version, active, actor)
            self.emergencies.settle(change, version.name, "approved version published")
        return self.standing(version.content_hash)

    def rollback(
        self,
        name: str,
        actor: str,
        reason: str | None,
        to: str | None = None,
        *,
        left: State = State.ROLLED_BACK,
        expected: str | None = None,
    ) -> Standing:
        """Go back to the version before the active one, or to another that was once approved; models stay.

        Needs no new approval; the entry says that a review afterwards is due. Raises ReasonMissing, Forbidden,
        NothingToRollBack, NeverApproved, RolloutUnfinished, and ParentStale where another than `expected` is active.
        """
        require_reason("roll a policy back", reason)
        kind = "policy.expired" if left is State.EXPIRED else "policy.rolled_back"
        with self._change(kind, actor, Permission.ROLL_BACK) as change:
            active = self.policies.active(name, change)
            if active is None:
                raise NothingToRollBack(name, "no version of it is active")
            if expected:
                publishing.require_active(self.policies, change, name, expected)
            target = publishing.rollback_target(self.policies, self.rollouts, change, active, to)
            number = publishing.activate(self.policies, change, target, active, left)
            self.policies.record_action(change, active.content_hash, left.value, actor, reason)
            self.policies.record_action(change, target.content_hash, "returned", actor, reason)
            self.rollouts.end(change, name, actor, reason)
            self.emergencies.settle(change, name, "rolled back")
            change.body.update(switched(target, active, number, reason), post_review="due")
        return self.standing(target.content_hash)

    def bootstrap(self, text: str, file: str, actor: str = SYSTEM) -> Standing:
        """Let the shipped default decide on a store where nothing is published; raises AlreadyBootstrapped."""
        policy = parser.load(text, file)
        with self._database.change("policy", "policy.bootstrapped", actor) as change:
            if names := self.policies.active_names():
                raise AlreadyBootstrapped(names)
            self.policies.put_bootstrapped(change, policy, actor)
            change.body.update(named(policy))
        return self.standing(policy.content_hash)

    def later(self, ref: str, actor: str, reason: str | None, due_at: datetime) -> Standing:
        """Publish an approved version at a time to come; raises what `Emergencies.schedule` refuses."""
        standing = self.standing(ref)
        self.emergencies.schedule(standing, actor, reason, due_at)
        return standing

    def submission(self, ref: str) -> Submission:
        """What was handed in with the version last; raises PolicyUnknown, EvidenceVoid where nothing ever was."""
        version = self.policies.get(ref)
        found = self.bundles.newest(version.content_hash)
        if found is None:
            raise EvidenceVoid(version.ref, "no evidence was handed in with it")
        return found

    def standing(self, ref: str, change: Change | None = None) -> Standing:
        """A version with its authors and approvers; raises PolicyUnknown."""
        version = self.policies.get(ref, change)
        actions = self.policies.actions(version.content_hash, change)
        made_by = authorship.authors(actions, self.drafts.contributors(version.content_hash, change))
        return Standing(version, made_by, authorship.approvers(actions, made_by), authorship.needed(version.risk_class))

    @contextmanager
    def _change(self, kind: str, actor: str, permission: Permission) -> Iterator[Change]:
        with self._database.change("policy", kind, actor) as change:
            if (actor, permission) != (SYSTEM, Permission.ROLL_BACK):
                self._users.require(actor, permission, change)
            yield change

    def _bound(self, version: StoredVersion, change: Change) -> dict[str, object]:
        """The hashes that an approval or a publishing binds to."""
        found = self.bundles.newest(version.content_hash, change)
        hashes = {"bundle_hash": found.bundle_hash, "evidence_hash": found.evidence_hash} if found else {}
        return {"content_hash": version.content_hash, **hashes}

    def _waits_unchanged(self, change: Change, policy: Policy, bundle: Bundle, actor: str, is_edit: bool) -> bool:
        """Whether the version waits already and this submission adds nothing; else one that waits is taken back.

        Another person's submission, or an edit of a draft, makes authors; one on top of another active version is
        another change, and one of another bundle binds anew: all void the approvals given.
        """
        try:
            version = self.policies.get(policy.content_hash, change)
        except PolicyUnknown:
            return False
        if version.state not in (State.SUBMITTED, State.APPROVED):
            return False
        is_current = version.parent in (
            self.policies.active_hash(version.name, change),
            policy.document.metadata.parent,
        )
        holds = not is_edit and is_current and self.bundles.holds(bundle, change)
        if holds and actor in self.standing(version.content_hash, change).authors:
            return True
        self.policies.set_state(change, version.content_hash, State.CHANGES_REQUESTED)
        return False

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
        if version.state is not State.SUBMITTED and not self.emergencies.is_open(version.content_hash):
            raise TransitionRefused(version.ref, version.state, target, [State.SUBMITTED])
        return standing

    def _send_back(self, ref: str, actor: str, comment: str | None, target: State, kind: str) -> Standing:
        require_reason("refuse a policy" if target is State.REFUSED else "send a policy back", comment)
        with self._change(f"policy.{kind}", actor, Permission.APPROVE) as change:
            version = self.policies.get(ref, change)
            self.policies.set_state(change, version.content_hash, target)
            self.policies.record_action(change, version.content_hash, kind, actor, comment)
            change.body.update(content_hash=version.content_hash, name=version.name, comment=comment)
        return self.standing(version.content_hash)
