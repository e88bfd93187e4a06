"""Replay: stored decisions executed again from their vectors, and compared field by field."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.decisions import record as records
from core.decisions import reexecution
from core.decisions.choices import Choice, Choices
from core.decisions.encoding import encode
from core.decisions.errors import RecordMissing
from core.decisions.integrity import Integrity
from core.decisions.reexecution import Rerun
from core.decisions.store import DecisionStore, Stored
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.models.errors import ModelDamaged
from core.models.model import Model
from core.policy.document import Policy
from core.policy.errors import PolicyDamaged

CHUNK_ROWS = 2_000
LEVELS = ("full", "from_vector", "record_only")
Progress = Callable[[float, str], None]
Content = dict[str, Any]


@dataclass(frozen=True)
class Loaders:
    """How a replay gets what a record names by hash; each raises a LeadbenchError for what is gone."""

    model: Callable[[str], Model]
    policy: Callable[[str], Policy]
    feature_set: Callable[[str], FeatureSet]


@dataclass(frozen=True)
class Difference:
    """A field that came out differently; `columns.` are the table's copies, `recomputed.` fresh features."""

    decision_id: str
    field: str
    stored: Any
    replayed: Any


@dataclass(frozen=True)
class ReplayReport:
    """How many decisions were replayed, how many came out bit for bit the same, and what did not.

    `unchecked` counts by field what could not be made again: what it was made of was not kept at that time.
    """

    replayed: int
    equal: int
    differences: tuple[Difference, ...]
    levels: dict[str, int]
    unchecked: dict[str, int]
    seconds: float = field(compare=False)

    def to_json(self) -> dict[str, Any]:
        """The object that `audit replay` prints."""
        return {
            "replayed": self.replayed,
            "equal": self.equal,
            "differences": [vars(difference) for difference in self.differences],
            "levels": self.levels,
            "unchecked": self.unchecked,
            "seconds": round(self.seconds, 3),
        }


def replay(
    db: Database,
    loaders: Loaders,
    *,
    decision_id: str | None = None,
    sample: int | None = None,
    seed: int = 7,
    progress: Progress | None = None,
) -> ReplayReport:
    """Replay one decision, a seeded sample, or (with neither) all of them.

    Of a decision whose time was over its leaf is replayed: its batch's root, and that a certificate covers it. Raises
    DecisionUnknown for an unknown id and RecordMissing on a store without any.
    """
    began = time.perf_counter()
    store = DecisionStore(db)
    gone = store.gone(decision_id) if sample is None else []
    ids = _chosen(store, sample, seed, gone) if decision_id is None else [] if gone else [decision_id]
    rerun, integrity = _Replay(db, store, loaders), Integrity(store)
    for row in gone:
        rerun.differences += integrity.gone(*row)
    rerun.levels["record_only"] += len(gone)
    for start in range(0, len(ids), CHUNK_ROWS):
        part = store.stored(ids[start : start + CHUNK_ROWS])
        rerun.differences += integrity.differences(part)
        rerun.run(part)
        if progress:
            progress((start + len(part)) / len(ids), f"{start + len(part):,} of {len(ids):,} decisions replayed")
    found = [Difference(*one) for one in rerun.differences + rerun.choices.differences]
    touched = {one.decision_id for one in found}
    count, spent = len(ids) + len(gone), time.perf_counter() - began
    return ReplayReport(count, count - len(touched), tuple(found), rerun.levels, rerun.unchecked, spent)


def _chosen(store: DecisionStore, sample: int | None, seed: int, gone: Sequence[object]) -> list[str]:
    ids = store.all_ids()
    if not ids and not gone:
        raise RecordMissing
    if sample is None or sample >= len(ids):
        return ids
    places = np.sort(np.random.default_rng(seed).choice(len(ids), sample, replace=False))
    return [ids[place] for place in places]


class _Replay:
    """Collects differences as (decision_id, field, stored, replayed) and the level that each decision reached."""

    def __init__(self, db: Database, store: DecisionStore, loaders: Loaders) -> None:
        self._db = db
        self._store = store
        self._loaders = loaders
        self.choices = Choices(db)
        self.unchecked = {"assignee": 0}
        self.differences: list[tuple[str, str, Any, Any]] = []
        self.levels: dict[str, int] = dict.fromkeys(LEVELS, 0)

    def run(self, part: Sequence[Stored]) -> None:
        groups: dict[tuple[str, str, str], list[tuple[Content, Choice | None]]] = {}
        for stored in part:
            content = records.parse(stored.text)
            key = (content["feature_set_hash"], content["model_hash"], content["policy_hash"])
            groups.setdefault(key, []).append((content, self.choices.of(stored, content["lead_id"])))
        for key, rows in groups.items():
            contents = [content for content, _ in rows]
            rerun = self._rerun(key, contents)
            if rerun is None:
                self.levels["record_only"] += len(contents)
            else:
                self._compare(rerun, contents, [choice for _, choice in rows])

    def _rerun(self, key: tuple[str, str, str], contents: list[Content]) -> Rerun | None:
        """What the group was decided by; None where it is gone, or altered, which is a difference of each decision."""
        try:
            feature_set, model = self._loaders.feature_set(key[0]), self._loaders.model(key[1])
            return Rerun(feature_set, model, self._loaders.policy(key[2]))
        except (ModelDamaged, PolicyDamaged) as damage:
            name = "model_hash" if isinstance(damage, ModelDamaged) else "policy_hash"
            self.differences += [(content["decision_id"], name, content[name], damage.value) for content in contents]
        except LeadbenchError:
            return None
        return None

    def _compare(self, rerun: Rerun, contents: list[Content], choices: list[Choice | None]) -> None:
        self.unchecked["assignee"] += choices.count(None)
        for content, again in zip(contents, reexecution.execute(rerun, contents, choices), strict=True):
            self.differences += _differing(content["decision_id"], "", content, again)
        there = self._store.existing([content["lead_id"] for content in contents])
        known = [content for content in contents if content["lead_id"] in there]
        for content, vector in zip(known, reexecution.recomputed(self._db, rerun, known), strict=True):
            self.differences += _differing(content["decision_id"], "recomputed.", dict(content["features"]), vector)
        self.levels["full"] += len(known)
        self.levels["from_vector"] += len(contents) - len(known)


def _differing(decision_id: str, prefix: str, stored: Content, again: Content) -> Iterator[tuple[str, str, Any, Any]]:
    for name, value in again.items():
        if encode(stored.get(name)) != encode(value):
            yield decision_id, prefix + name, stored.get(name), value
