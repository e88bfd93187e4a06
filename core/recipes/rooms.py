"""The rooms that a recipe works in, handed over by the composition root."""

from dataclasses import dataclass

from core.decisions.replay import Loaders
from core.decisions.store import DecisionStore
from core.features.store import FeatureStore
from core.governance.annotations import Annotations
from core.governance.feedback import Feedback
from core.governance.models import ModelReleases
from core.governance.overrides import Overrides
from core.governance.releases import Releases
from core.governance.users import Users
from core.governance.views import SavedViews
from core.governance.write_keys import WriteKeys
from core.kernel.database import Database
from core.models.store import ModelStore
from core.monitoring.store import DriftStore
from core.monitoring.store_performance import PerformanceStore
from core.policy.store import PolicyStore
from core.recipes.store import RunStore
from core.signals.service import Signals


@dataclass(frozen=True)
class Rooms:
    """One service a room, all on the same store."""

    db: Database
    signals: Signals
    features: FeatureStore
    models: ModelStore
    policies: PolicyStore
    decisions: DecisionStore
    users: Users
    releases: Releases
    model_releases: ModelReleases
    feedback: Feedback
    overrides: Overrides
    views: SavedViews
    annotations: Annotations
    drift: DriftStore
    performance: PerformanceStore
    runs: RunStore
    write_keys: WriteKeys

    @property
    def loaders(self) -> Loaders:
        """How a replay gets models, policies and feature sets by hash."""
        return Loaders(self.models.get, lambda content_hash: self.policies.get(content_hash).policy, self.features.get)

    @classmethod
    def on(cls, db: Database) -> "Rooms":
        """All rooms of one store."""
        users = Users(db)
        releases = Releases(db, users)
        return cls(
            db,
            Signals(db),
            FeatureStore(db),
            ModelStore(db),
            PolicyStore(db),
            DecisionStore(db),
            users,
            releases,
            ModelReleases(db, users),
            Feedback(db, users),
            Overrides(db, users, releases),
            SavedViews(db, users),
            Annotations(db, users),
            DriftStore(db),
            PerformanceStore(db),
            RunStore(db),
            WriteKeys(db, users, db.settings.write_key),
        )
