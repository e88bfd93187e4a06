"""The registry of feature sets, keyed by their behaviour."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import polars as pl

from core.features import store_kept
from core.features.document import Feature, FeatureSet
from core.features.errors import FeatureSetUnknown, FeatureUnknown
from core.features.lineage import reads
from core.features.parser import read
from core.features.writer import write
from core.kernel.canonical import canonical
from core.kernel.database import Change, Database
from core.kernel.times import naive

_LIST_SQL = """
SELECT s.name, s.set_hash, s.content_hash, count(d.place) AS features, s.registered_at, s.actor
FROM feature_sets s JOIN feature_definitions d USING (set_hash)
GROUP BY ALL ORDER BY s.registered_at, s.set_hash
"""
_VERSIONS_SQL = """
SELECT d.feature_hash, d.definition, s.name AS set_name, s.set_hash, s.registered_at, s.actor
FROM feature_definitions d JOIN feature_sets s USING (set_hash) WHERE d.name = $name
ORDER BY s.registered_at, s.set_hash
"""


@dataclass(frozen=True)
class Forgotten:
    """A set that is registered no more, and the hash of what is left of it; None where nothing was."""

    name: str
    set_hash: str
    left: str | None


class FeatureStore:
    """Registered feature sets and their features."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def register(self, feature_set: FeatureSet, actor: str) -> str:
        """The set's behaviour hash; the first document of a behaviour is kept and writes `features.registered`."""
        set_hash = feature_set.behaviour_hash
        if self._document(set_hash) is not None:
            return set_hash
        with self._db.change("features", "features.registered", actor) as change:
            if change.read("SELECT 1 FROM feature_sets WHERE set_hash = ?", [set_hash]).height:
                change.abandon()
                return set_hash
            self._insert(change, feature_set, naive(self._db.clock.now()), actor)
            change.body.update(set_hash=set_hash, name=feature_set.name, features=list(feature_set.feature_names))
            change.body["content_hash"] = feature_set.content_hash
        return set_hash

    def forget(self, name: str, actor: str, allowed: Callable[[], None]) -> list[Forgotten]:
        """Take a feature out: each set that declares it is kept without it, as old as it was, and rows kept of it go.

        `allowed` is asked while nobody else writes. Writes `features.forgotten`; raises FeatureUnknown and what
        `allowed` raises.
        """
        with self._db.change("features", "features.forgotten", actor) as change:
            hashes = list(dict.fromkeys(self.versions(name)["set_hash"]))
            if not hashes:
                raise FeatureUnknown(name, set(self.features()["name"]))
            allowed()
            gone = [self._without(change, self.get(set_hash), name) for set_hash in hashes]
            change.body.update(name=name, sets=[asdict(one) for one in gone])
        return gone

    def _without(self, change: Change, feature_set: FeatureSet, name: str) -> Forgotten:
        set_hash, rest = feature_set.behaviour_hash, tuple(one for one in feature_set.features if one.name != name)
        registered = change.read("SELECT registered_at, actor FROM feature_sets WHERE set_hash = ?", [set_hash]).row(0)
        store_kept.forget(change, set_hash)
        for table in ("feature_sets", "feature_definitions"):
            change.execute(f"DELETE FROM {table} WHERE set_hash = ?", [set_hash])
        if not rest:
            return Forgotten(feature_set.name, set_hash, None)
        left = replace(feature_set, features=rest)
        if not change.read("SELECT 1 FROM feature_sets WHERE set_hash = ?", [left.behaviour_hash]).height:
            self._insert(change, left, *registered)
        return Forgotten(feature_set.name, set_hash, left.behaviour_hash)

    def get(self, set_hash: str) -> FeatureSet:
        """The set of a behaviour hash, or of its first hex digits; raises FeatureSetUnknown."""
        document = self._document(set_hash)
        if document is None:
            raise FeatureSetUnknown(set_hash)
        return read(document, f"feature set {set_hash}")

    def list(self) -> pl.DataFrame:
        """name, set_hash, content_hash, features (count), registered_at and actor, in the order of registration."""
        return self._db.read(_LIST_SQL)

    def features(self, set_hash: str | None = None) -> pl.DataFrame:
        """The features of one set, or of all: hash, label, role, dtype, definition (JSON) and what they read (JSON)."""
        where = "" if set_hash is None else "WHERE set_hash = $set_hash"
        params = None if set_hash is None else {"set_hash": set_hash}
        return self._db.read(f"SELECT * FROM feature_definitions {where} ORDER BY set_hash, place", params)

    def versions(self, name: str) -> pl.DataFrame:
        """feature_hash, definition (JSON), set_name, set_hash, registered_at, actor: where a name is declared, oldest
        first."""
        return self._db.read(_VERSIONS_SQL, {"name": name})

    def find(self, name: str, set_hash: str | None = None) -> tuple[FeatureSet, Feature]:
        """A feature with its set: of that hash (or its first digits), else of the set registered last that has it.

        Raises FeatureSetUnknown and FeatureUnknown.
        """
        homes = [set_hash] if set_hash else self.versions(name)["set_hash"].to_list()
        feature_set = self.get(homes[-1]) if homes else None
        feature = feature_set.find(name) if feature_set else None
        if feature_set is None or feature is None:
            known = feature_set.feature_names if feature_set else set(self.features()["name"])
            raise FeatureUnknown(name, known)
        return feature_set, feature

    def _document(self, set_hash: str) -> str | None:
        digits = set_hash.removeprefix("sha256:")
        sql = "SELECT document FROM feature_sets WHERE starts_with(set_hash, 'sha256:' || ?) LIMIT 2"
        found = self._db.read(sql, [digits])["document"].to_list()
        return found[0] if len(found) == 1 and len(digits) >= 12 else None

    def _insert(self, change: Change, feature_set: FeatureSet, registered_at: datetime, actor: str) -> None:
        head = {
            "set_hash": feature_set.behaviour_hash,
            "content_hash": feature_set.content_hash,
            "name": feature_set.name,
            "document": write(feature_set),
            "registered_at": registered_at,
            "actor": actor,
        }
        change.insert("feature_sets", pl.DataFrame([head]))
        rows = [
            {"set_hash": feature_set.behaviour_hash, "place": place, **_row(feature)}
            for place, feature in enumerate(feature_set.features)
        ]
        change.insert("feature_definitions", pl.DataFrame(rows))


def _row(feature: Feature) -> dict[str, str]:
    return {
        "name": feature.name,
        "feature_hash": feature.behaviour_hash,
        "label": feature.label,
        "role": feature.role,
        "dtype": feature.dtype,
        "definition": canonical(feature.content()).decode(),
        "reads": canonical(reads(feature)).decode(),
    }
