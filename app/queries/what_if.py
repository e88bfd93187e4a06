"""Other values on a decided lead: which can be given, and what would follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from app.queries.access import concealed, role, rooms


@dataclass(frozen=True)
class Editable:
    """A feature that the model reads: its name for people, type, value in the decision, and the words it may have."""

    label: str
    dtype: str
    value: Any
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """What would follow: score, base, each feature's points, and the decision by the names of its outputs."""

    score: float
    base: float
    points: pl.DataFrame
    outcome: dict[str, Any]


def editable(decision_id: str) -> dict[str, Editable]:
    """By feature, the ones with the most points first; those whose values who is looking does not see are left out."""
    record, by = rooms().decisions.get(decision_id), role()
    model, values = rooms().models.get(record.model_hash), dict(record.features)
    weight = {name: -abs(points) for name, points in record.points}
    ordered = sorted(model.features, key=lambda one: (weight[one.name], one.name))
    return {
        one.name: Editable(one.label, one.dtype, values[one.name], model.categories.get(one.name, ()))
        for one in ordered
        if concealed([one.name, "seen"], by) == [one.name, "seen"]
    }


def tried(decision_id: str, changes: Mapping[str, Any]) -> Tried:
    """The lead of a stored decision with these values, scored and decided; raises what a missing part raises."""
    from core.decisions.what_if import what_if

    store, record = rooms(), rooms().decisions.get(decision_id)
    policy = store.policies.get(record.policy_hash).policy
    model, feature_set = store.models.get(record.model_hash), store.features.get(record.feature_set_hash)
    found = what_if(record, model, policy, feature_set, changes)
    points = [(one.label, one.points) for one in found.reasons]
    frame = pl.DataFrame(points, schema={"label": pl.String, "points": pl.Float64}, orient="row")
    return Tried(found.score, found.base, frame, dict(found.outcome.to_json()))
