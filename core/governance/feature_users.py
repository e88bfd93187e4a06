"""Who reads a feature: the sets that declare it, the models trained on these, the policies that ask for it by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from core.features.document import Feature
from core.features.store import FeatureStore, Forgotten
from core.governance.errors import FeatureUsed
from core.models.store import ModelStore
from core.policy.inputs import looked_up_fields
from core.policy.store import PolicyStore, StoredVersion


@dataclass(frozen=True)
class FeatureUsers:
    """Set hashes with the same meaning of the feature, models trained on them, and stored policies that read it.

    `deciding` are the content hashes of the policies that are active.
    """

    sets: Mapping[str, str]
    models: tuple[str, ...]
    policies: tuple[StoredVersion, ...]
    deciding: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """What is told in a table: each model, and each policy that decides."""
        live = [f"policy {one.name}" for one in self.policies if one.content_hash in self.deciding]
        return (*(f"model {version}" for version in self.models), *live)


class FeatureReaders:
    """Looks downstream of features, in the registries as they are when it is made."""

    def __init__(self, features: FeatureStore, models: ModelStore, policies: PolicyStore) -> None:
        names = features.list().select("set_hash", set_name="name")
        self._declared = features.features().select("name", "feature_hash", "set_hash").join(names, on="set_hash")
        self._models = models.list().select("version", "feature_set_hash")
        found = [policies.active(name) for name in policies.active_names()]
        self._deciding = frozenset(one.content_hash for one in found if one)
        self._policies = [(one, frozenset(looked_up_fields(one.policy))) for one in policies.history()]

    def of(self, feature: Feature) -> FeatureUsers:
        """The users of a feature of this meaning; a policy asks by name, whatever the meaning."""
        return self._users(self._declared.filter(name=feature.name, feature_hash=feature.behaviour_hash), feature.name)

    def of_name(self, name: str) -> FeatureUsers:
        """The users of every feature of this name, whatever the meaning."""
        return self._users(self._declared.filter(name=name), name)

    def _users(self, declared: pl.DataFrame, name: str) -> FeatureUsers:
        sets = dict(declared.select("set_hash", "set_name").iter_rows())
        trained = self._models.filter(pl.col("feature_set_hash").is_in(list(sets)))["version"]
        asking = tuple(one for one, fields in self._policies if name in fields)
        return FeatureUsers(sets, tuple(trained), asking, self._deciding)


def forget(features: FeatureStore, models: ModelStore, policies: PolicyStore, name: str, actor: str) -> list[Forgotten]:
    """Take a registered feature out of every set; raises FeatureUnknown, and FeatureUsed where anything reads it."""

    def unused() -> None:
        users = FeatureReaders(features, models, policies).of_name(name)
        named = [f"model {version}" for version in users.models] + [f"policy {one.ref}" for one in users.policies]
        if named:
            raise FeatureUsed(name, named)

    return features.forget(name, actor, unused)
