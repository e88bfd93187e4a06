"""What is looked at afterwards: versions that decided without approvals, and those that a rollback brought back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.governance import authorship
from core.governance.permissions import Permission, allowed
from core.governance.standing import require_reason
from core.governance.store import DraftStore
from core.governance.store_release import BreakGlassStore, CommentStore
from core.governance.users import User, Users
from core.kernel.database import Database
from core.kernel.times import utc
from core.policy.store import PolicyStore, StoredVersion

REVIEWED = "reviewed"


@dataclass(frozen=True)
class Review:
    """A review that is due: of which version, why, who brought it about when and for what reason.

    `is_open` says that the version decides by broken glass now, until `until`; `authors` made what decided unapproved.
    """

    kind: Literal["emergency", "rollback"]
    version: StoredVersion
    at: datetime
    by: str
    reason: str
    is_open: bool = False
    until: datetime | None = None
    authors: frozenset[str] = frozenset()

    def may_be_done_by(self, user: User) -> bool:
        """Whether somebody's word counts as this review: a reviewer's who did not bring it about or make it."""
        return user.name not in {self.by, *self.authors} and allowed(user.role, Permission.APPROVE)


class Reviews:
    """The reviews that are due, and the comments that settle them."""

    def __init__(self, database: Database, users: Users, policies: PolicyStore) -> None:
        self._database, self._users, self._policies = database, users, policies
        self._glass, self._drafts, self._comments = (
            BreakGlassStore(database),
            DraftStore(database),
            CommentStore(database),
        )

    def due(self) -> list[Review]:
        """Every review that is due, open emergencies first, then the longest due."""
        found = [*self._emergencies(), *self._rollbacks()]
        return sorted(found, key=lambda one: (not one.is_open, one.at, one.version.content_hash))

    def comment(self, ref: str, actor: str, text: str | None) -> bool:
        """Say something about a version, for everybody who reads it later; whether no review of it is due any more.

        It is the review that is due where it comes from a reviewer who did not bring that about. Raises ReasonMissing
        without words, Forbidden, PolicyUnknown.
        """
        require_reason("comment", text)
        with self._database.change("policy", "policy.commented", actor) as change:
            user = self._users.require(actor, Permission.READ, change)
            version = self._policies.get(ref, change)
            due = [one for one in self.due() if one.version.content_hash == version.content_hash]
            settles = bool(due) and all(one.may_be_done_by(user) for one in due)
            self._policies.record_action(
                change, version.content_hash, REVIEWED if settles else "commented", actor, text
            )
            change.body.update(content_hash=version.content_hash, name=version.name, comment=text, review=settles)
        return settles or not due

    def _emergencies(self) -> Iterator[Review]:
        """Those that decide so now, and those that nobody looked at since they began."""
        for row in self._glass.all().iter_rows(named=True):
            version, at = self._policies.get(row["content_hash"]), utc(row["broken_at"])
            is_open = row["ended_at"] is None
            is_settled = row["ended_how"] == "approved afterwards"
            if is_open or not (is_settled or self._was_reviewed(version.content_hash, at, row["actor"])):
                until, authors = utc(row["expires_at"]), self._authors(version.content_hash)
                yield Review("emergency", version, at, row["actor"], row["reason"], is_open, until, authors)

    def _rollbacks(self) -> Iterator[Review]:
        """Versions that decide because a rollback brought them back."""
        for name in self._policies.active_names():
            version = self._policies.active(name)
            actions = self._policies.actions(version.content_hash) if version else []
            back = [one for one in actions if one.kind == "returned"]
            if version and back and not self._was_reviewed(version.content_hash, back[-1].at, back[-1].actor):
                yield Review("rollback", version, back[-1].at, back[-1].actor, back[-1].comment or "")

    def _was_reviewed(self, content_hash: str, since: datetime, by: str) -> bool:
        """Whether anybody reviewed it since, or commented on it while every comment of another person was a review."""
        told = [(one.actor, one.at) for one in self._policies.actions(content_hash) if one.kind == REVIEWED]
        earlier = [one for one in self._comments.before_reviews(content_hash) if one[0] != by]
        return any(at >= since for _, at in (*told, *earlier))

    def _authors(self, content_hash: str) -> frozenset[str]:
        return authorship.authors(self._policies.actions(content_hash), self._drafts.contributors(content_hash))
