"""Why a lead has its score and its outcome: read back from the record, never computed anew."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from core.decisions.record import Record
from core.decisions.reexecution import DTYPES
from core.models.model import Model
from core.models.rationale import correlated, grouped, reasons, sentence

OUTCOME = (
    "decided_at", "arm", "disposition", "band", "priority", "prev_state", "next_state", "pool", "assignee", "sla_min",
    "action", "reasons", "errors",
)  # fmt: skip


def explain(record: Record, model: Model) -> dict[str, Any]:
    """The object of `leadbench explain LEAD`; points in probability points, largest part first.

    `model` gives the features' business names and the unrounded probability; it is the one of record.model_hash.
    """
    labels = {feature.name: feature.label for feature in model.features}
    values = dict(record.features)
    ordered = sorted(record.points, key=lambda pair: (-abs(pair[1]), pair[0]))
    return {
        "lead_id": record.lead_id,
        "decision_id": record.decision_id,
        "as_of": record.as_of,
        "score": record.score,
        "probability": float(model.fitted(values).calibration.probability(np.array([record.margin]))[0]),
        "percentile": record.percentile,
        "base": record.base,
        "points": [_point(name, labels.get(name, name), values.get(name), points) for name, points in ordered],
        "fit": record.fit,
        "engagement": record.engagement,
        "decision": {name: getattr(record, name) for name in OUTCOME},
        "model_hash": record.model_hash,
        "policy_hash": record.policy_hash,
    }


def groups(record: Record, model: Model, population: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The record's points by group of features that go together in the population of vectors: label, features, points.

    They sum to the same as the points do.
    """
    names = [one.name for one in model.features]
    rows = [{name: vector.get(name) for name in names} for vector in population]
    types = {one.name: DTYPES[one.dtype] for one in model.features}
    frame = pl.DataFrame(rows, schema=types, strict=False)
    told = reasons(model.features, dict(record.features), [dict(record.points)[name] for name in names])
    return grouped(told, correlated(frame, model.features))


def _point(name: str, label: str, value: Any, points: float) -> dict[str, Any]:
    return {
        "feature": name,
        "label": label,
        "value": value,
        "points": points,
        "sentence": sentence(label, value, points),
    }
