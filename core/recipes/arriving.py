"""By what live events are decided: the newest model, and the policy that decides now."""

from threading import Lock

from core.decisions.arrival import Chosen
from core.decisions.store_arrivals import ArrivalStore
from core.governance.history import active
from core.policy.document import Policy
from core.recipes.deciding import exposed, health_of
from core.recipes.rooms import Rooms

STREAMS = ("models", "policy", "features", "governance")


class Choice:
    """What decides on arrival, looked up again whenever a model, its health, a policy or an approval has changed."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._guard = Lock()
        self._known: tuple[dict[str, str], Chosen | None] | None = None

    def __call__(self) -> Chosen | None:
        """The feature set, model, policy and arm; None on a store without a model or a policy."""
        with self._guard:
            revisions = self._rooms.db.revisions(*STREAMS)
            if self._known is None or self._known[0] != revisions or self._known[1] is None:
                self._known = (revisions, self._choose())
            return self._known[1]

    def _choose(self) -> Chosen | None:
        champion, policy = self._rooms.models.champion(), self._policy()
        if champion is None or champion.feature_set_hash is None or policy is None:
            return None
        model = self._rooms.models.get(champion.version)
        feature_set = self._rooms.features.get(champion.feature_set_hash)
        arm = self._rooms.model_releases.arm_for(model.model_hash, policy.content_hash)
        policy, exposure = exposed(self._rooms, policy, arm)
        return Chosen(feature_set, model, policy, arm, health_of(self._rooms, model).ok, exposure)

    def _policy(self) -> Policy | None:
        """The active policy; on a store where none is, the one that decided last."""
        found = active(self._rooms.releases)
        if found is not None:
            return found.policy
        last = ArrivalStore(self._rooms.db).last_policy()
        return self._rooms.policies.get(last).policy if last else None
