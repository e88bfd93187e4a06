"""Trust in models: approval and release by somebody who did not train it, and which arm a decision runs in.

Which model scores and which policy decides are two releases: neither changes the other.
"""

from typing import Literal

import polars as pl

from core.governance.errors import AlreadyActive, AlreadyApproved, AuthorCannotApprove, NoEarlierModel
from core.governance.errors_release import ChampionMoved
from core.governance.permissions import Permission
from core.governance.store import ModelApprovalStore
from core.governance.users import Users
from core.kernel.database import Database
from core.models.store_releases import ReleaseStore
from core.policy.errors import PolicyUnknown
from core.policy.states import State
from core.policy.store import PolicyStore

Arm = Literal["live", "trial"]


class ModelReleases:
    """Approval of models; a model's authors are those whose ledger entries brought it into the store."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database = database
        self._users = users or Users(database)
        self._store = ModelApprovalStore(database)
        self._policies = PolicyStore(database)
        self._releases = ReleaseStore(database)

    def approve_model(self, model_hash: str, version: str, actor: str, comment: str | None = None) -> None:
        """Record that a second person trusts the model; raises Forbidden, AuthorCannotApprove, AlreadyApproved."""
        with self._database.change("models", "model.approved", actor) as change:
            self._users.require(actor, Permission.APPROVE, change)
            if actor in self._store.trainers(model_hash, change):
                raise AuthorCannotApprove(f"model {version}", actor)
            if actor in self._store.approvers(model_hash, change):
                raise AlreadyApproved(f"model {version}", actor)
            self._store.add(change, model_hash, version, actor, comment)
            change.body.update(model_hash=model_hash, version=version, comment=comment)

    def release(self, model_hash: str, version: str, actor: str, reason: str, over: str | None = None) -> None:
        """Make the model the champion that scores, whatever policy decides; it counts as approved by the releaser.

        `over` is the model that it was compared with. Raises Forbidden, AuthorCannotApprove (whoever trained it),
        AlreadyActive, and ChampionMoved where another model than `over` scores by now.
        """
        with self._database.change("models", "model.released", actor) as change:
            self._users.require(actor, Permission.APPROVE, change)
            if actor in self._store.trainers(model_hash, change):
                raise AuthorCannotApprove(f"model {version}", actor)
            before = self._releases.champion_hash(change)
            if before == model_hash:
                raise AlreadyActive(f"model {version}")
            if over is not None and over != before:
                raise ChampionMoved(version, over, before)
            if not self._store.approvers(model_hash, change):
                self._store.add(change, model_hash, version, actor, reason)
            self._releases.add(change, model_hash, version, "release", actor, reason)
            change.body.update(model_hash=model_hash, version=version, reason=reason, before=before)

    def roll_back(self, actor: str, reason: str) -> str:
        """Make the model that scored before the champion score again; its version.

        Raises Forbidden and NoEarlierModel.
        """
        with self._database.change("models", "model.rolled_back", actor) as change:
            self._users.require(actor, Permission.ROLL_BACK, change)
            champion = self._releases.champion_hash(change)
            earlier = None if champion is None else self._releases.before(champion, change)
            if earlier is None:
                raise NoEarlierModel
            model_hash, version = earlier
            self._releases.add(change, model_hash, version, "rollback", actor, reason)
            change.body.update(model_hash=model_hash, version=version, reason=reason, before=champion)
            return version

    def releases(self) -> pl.DataFrame:
        """Every release and rollback, oldest first: model_hash, version, kind, actor, reason, released_at."""
        return self._releases.all()

    def is_approved(self, model_hash: str) -> bool:
        """Whether a second person approved the model."""
        return bool(self._store.approvers(model_hash))

    def arm_for(self, model_hash: str, policy_hash: str) -> Arm:
        """`live` where the policy is a published, active one and the model is approved, else `trial`."""
        return "live" if self.is_approved(model_hash) and self._decides(policy_hash) else "trial"

    def _decides(self, policy_hash: str) -> bool:
        try:
            return self._policies.get(policy_hash).state is State.PUBLISHED
        except PolicyUnknown:
            return False
