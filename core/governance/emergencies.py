"""What does not wait for the ordinary way: a version that decides without its approvals, and publishings for later."""

from datetime import datetime, timedelta

from core.governance import publishing
from core.governance.bundles import Bundles
from core.governance.errors import ApprovalsMissing
from core.governance.errors_release import DueInvalid, ExpiryInvalid, GlassBroken, NothingBefore
from core.governance.permissions import Permission
from core.governance.rollouts import Rollouts
from core.governance.standing import Standing, require_reason, switched
from core.governance.store_release import BreakGlassStore, ScheduleStore
from core.governance.users import Users
from core.kernel.database import Change, Database
from core.kernel.times import duration_us, to_text
from core.policy.states import State
from core.policy.store import PolicyStore, StoredVersion
from core.policy.windows import require_apart

LONGEST = timedelta(hours=4)
BREAKABLE = (State.SUBMITTED, State.APPROVED)


class Emergencies:
    """Broken glass and schedules; every use of them stays listed."""

    def __init__(
        self, database: Database, users: Users, policies: PolicyStore, bundles: Bundles, rollouts: Rollouts
    ) -> None:
        self._database, self._users, self._policies = database, users, policies
        self._bundles, self._rollouts = bundles, rollouts
        self.glass = BreakGlassStore(database)
        self.schedules = ScheduleStore(database)

    def break_glass(self, ref: str, actor: str, reason: str | None, lasts: str) -> datetime:
        """Let a submitted version decide at once, for everybody, without its approvals; when that expires.

        It was checked and proved when it was handed in. The version before it decides again at the expiry, unless this
        one is approved meanwhile. Raises ReasonMissing, Forbidden, ExpiryInvalid, NothingBefore, GlassBroken,
        ApprovalsMissing (where it was never handed in), and what publishing refuses besides approvals.
        """
        require_reason("break the glass", reason)
        expires_at = self._expiry(lasts)
        with self._database.change("policy", "policy.glass_broken", actor) as change:
            self._users.require(actor, Permission.PUBLISH, change)
            version = self._policies.get(ref, change)
            active = self._policies.active(version.name, change)
            if active is None:
                raise NothingBefore(version.name)
            self._require_closed(active)
            publishing.require_other(version, active)
            publishing.require_sound(version, active, self._database.clock.now())
            if version.state not in BREAKABLE:
                raise ApprovalsMissing(version.ref, version.state, 0, 0)
            publishing.require_bound(self._policies, self._bundles, change, version)
            publishing.require_no_rollout(self._rollouts, change, self._policies, version.name)
            number = publishing.activate(self._policies, change, version, active, State.SUPERSEDED)
            self._policies.record_action(change, version.content_hash, "broke_glass", actor, reason)
            row = {"content_hash": version.content_hash, "name": version.name, "before_hash": active.content_hash}
            self.glass.add(change, {**row, "actor": actor, "reason": reason, "expires_at": expires_at})
            change.body.update(switched(version, active, number, reason), expires_at=to_text(expires_at))
        return expires_at

    def settle(self, change: Change, name: str, how: str) -> bool:
        """End what is open for the name; whether there was anything."""
        return bool(self.glass.end(change, name, how))

    def is_open(self, content_hash: str) -> bool:
        """Whether the version decides by broken glass."""
        rows = self.glass.all()
        return bool(((rows["content_hash"] == content_hash) & rows["ended_at"].is_null()).any())

    def require_way_back(self, version: StoredVersion, active: StoredVersion | None) -> None:
        """Refuse a rollout over a version that decides by broken glass; raises GlassBroken.

        That one would go on deciding the other leads without its approvals or an expiry, and none could go back to it.
        """
        if active and version.policy.document.rollout:
            self._require_closed(active)

    def schedule(self, standing: Standing, actor: str, reason: str | None, due_at: datetime) -> None:
        """Publish an approved version later; raises ReasonMissing, Forbidden, DueInvalid, ApprovalsMissing."""
        require_reason("schedule a publishing", reason)
        if due_at <= self._database.clock.now():
            raise DueInvalid(to_text(due_at))
        version = standing.version
        with self._database.change("policy", "policy.publish_scheduled", actor) as change:
            self._users.require(actor, Permission.PUBLISH, change)
            publishing.require_approved(self._policies, self._bundles, change, standing)
            hashes = self.schedules.waiting(change)["content_hash"]
            require_apart(version.policy, [self._policies.get(one, change).policy for one in hashes])
            row = {"content_hash": version.content_hash, "name": version.name, "due_at": due_at}
            self.schedules.add(change, {**row, "actor": actor, "reason": reason})
            change.body.update(name=version.name, content_hash=version.content_hash, due_at=to_text(due_at))
            change.body["reason"] = reason

    def settle_schedule(self, seq: int, state: str, actor: str, note: str | None) -> None:
        """Say what became of a publishing for later: done, cancelled or refused."""
        with self._database.change("policy", f"policy.schedule_{state}", actor) as change:
            self.schedules.settle(change, [seq], state, note)
            change.body.update(schedule=seq, note=note)

    def _require_closed(self, active: StoredVersion) -> None:
        if self.is_open(active.content_hash):
            raise GlassBroken(active.name, active.ref)

    def _expiry(self, lasts: str) -> datetime:
        span = timedelta(microseconds=duration_us(lasts))
        if not timedelta(0) < span <= LONGEST:
            raise ExpiryInvalid(lasts)
        return self._database.clock.now() + span
