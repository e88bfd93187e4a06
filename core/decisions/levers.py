"""What somebody could change about a lead: further deeds of a kind, and single features that may be moved.

A deed moves every feature that counts its kind, all together. How far a change goes is measured by how unusual it is:
the share of the reference population that lies between the value and the new one (the percentile shift of B. Ustun,
A. Spangher, Y. Liu, Actionable Recourse in Linear Classification, 2019). New values are values that leads have.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.features.aggregates import ANY, FIXED, LESS, MORE
from core.features.document import Feature, FeatureSet
from core.models.model import Model

COUNTED = ("count", "decayed_count")
LIKELY = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FEW = (1, 2, 3)
Vector = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """One way to pull a lever: the features' new values, and the share of leads that the lead passes by it."""

    lever: str
    label: str
    values: Mapping[str, Any]
    effort: float


@dataclass(frozen=True)
class Population:
    """The values of each feature that leads have, numbers and truth values sorted."""

    numbers: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, vectors: Sequence[Vector]) -> "Population":
        """The population of these vectors; texts and missing values are left out."""
        names = dict.fromkeys(name for vector in vectors for name in vector)
        columns = {name: [vector.get(name) for vector in vectors] for name in names}
        return cls({name: _numbers(values) for name, values in columns.items()})

    def likely(self, name: str) -> list[float]:
        """Some of the feature's values, from low to high."""
        values = self.numbers.get(name, np.empty(0))
        places = [int(share * (len(values) - 1)) for share in LIKELY] if len(values) else []
        return sorted({float(values[place]) for place in places})

    def passed(self, name: str, old: Any, new: Any) -> float:
        """The share of leads whose value lies between the old and the new one; a new word passes half of them."""
        values = self.numbers.get(name, np.empty(0))
        if not isinstance(new, int | float) or not len(values):
            return 0.5
        ends = sorted((float(old or 0), float(new)))
        inside = np.searchsorted(values, ends[1], side="left") - np.searchsorted(values, ends[0], side="left")
        return float(inside) / len(values)


def _numbers(values: Sequence[Any]) -> np.ndarray:
    return np.sort(np.array([float(one) for one in values if isinstance(one, int | float)], dtype=np.float64))


def movable(feature_set: FeatureSet, forbidden: Collection[str]) -> dict[str, str]:
    """Which way each feature may be moved; fixed features and those that read something forbidden are left out."""
    return {
        one.name: one.actionable
        for one in feature_set.features
        if one.actionable != FIXED and not {one.name, one.attribute} & set(forbidden)
    }


def choices(
    feature_set: FeatureSet, model: Model, vector: Vector, ways: Mapping[str, str], population: Population
) -> list[Choice]:
    """Every way to pull every lever, by lever and effort."""
    found, deeds = [], list(_deeds(feature_set, vector, ways, population))
    moved = {name for one in deeds for name in one.values}
    single = [one for one in feature_set.features if one.name in ways and one.name not in moved]
    for one in single:
        for value in _values(one, vector.get(one.name), ways[one.name], model, population):
            effort = population.passed(one.name, vector.get(one.name), value)
            found.append(Choice(one.name, one.label, {one.name: value}, effort))
    return sorted([*deeds, *found], key=lambda one: (one.lever, one.effort, sorted(map(str, one.values.values()))))


def _deeds(
    feature_set: FeatureSet, vector: Vector, ways: Mapping[str, str], population: Population
) -> Iterator[Choice]:
    """So many more deeds of one kind; a deed that would move a fixed feature is none."""
    for leading in _kinds(feature_set):
        touched = [one for one in feature_set.features if _is_touched(one, leading)]
        if any(
            ways.get(one.name) not in (ANY, LESS if one.aggregate == "days_since_last" else MORE) for one in touched
        ):
            continue
        now = int(vector.get(leading.name) or 0)
        usual = population.likely(leading.name)
        for times in sorted({*FEW, *(int(value) - now for value in usual if value > now)}):
            values = {one.name: _moved(one, vector.get(one.name), times) for one in touched}
            changed = {name: value for name, value in values.items() if value != vector.get(name)}
            effort = population.passed(leading.name, now, now + times) + times / 1000
            yield Choice(leading.name, leading.label, changed, effort)


def _kinds(feature_set: FeatureSet) -> list[Feature]:
    """One counting feature a kind of deed, the one with the shortest window."""
    found: dict[str, Feature] = {}
    counting = [one for one in feature_set.features if one.aggregate == "count" and one.scope == "lead" and one.where]
    for one in sorted(counting, key=lambda feature: feature.window or 2**62):
        found.setdefault(one.where.canonical if one.where else "", one)
    return list(found.values())


def _is_touched(one: Feature, leading: Feature) -> bool:
    if one.scope != "lead" or one.aggregate not in (*COUNTED, "exists", "days_since_last"):
        return False
    return one.where is None or (leading.where is not None and one.where.canonical == leading.where.canonical)


def _moved(one: Feature, value: Any, times: int) -> Any:
    if one.aggregate in COUNTED:
        return (value or 0) + times
    return True if one.aggregate == "exists" else 0.0


def _values(one: Feature, value: Any, way: str, model: Model, population: Population) -> list[Any]:
    """The values that the feature could take instead, the way that it may go."""
    if one.dtype == "category":
        return [word for word in model.categories.get(one.name, ()) if word != value] if way == ANY else []
    if one.dtype == "boolean":
        wished = {MORE: [True], LESS: [False], ANY: [True, False]}[way]
        return [word for word in wished if word != value]
    kind = int if one.dtype == "count" else float
    return [kind(new) for new in population.likely(one.name) if _is_on_the_way(value, new, way)]


def _is_on_the_way(value: Any, new: float, way: str) -> bool:
    if value is None or way == ANY:
        return new != value
    return new > value if way == MORE else new < value
