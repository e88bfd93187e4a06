"""What a lead would come to with other values: scored and decided as a record is, and never stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.decisions import inputs as policy_inputs
from core.decisions.record import Record
from core.decisions.reexecution import vectors
from core.features.document import FeatureSet
from core.features.errors import FeatureUnknown
from core.models.model import Model
from core.models.rationale import Reason, reasons
from core.models.scoring import score_with_points
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.inputs import looked_up_fields
from core.policy.outcome import Outcome


@dataclass(frozen=True)
class WhatIf:
    """The lead with other values: score and unrounded probability, base, reasons by weight, policy inputs, outcome."""

    score: float
    probability: float
    percentile: float
    base: float
    reasons: tuple[Reason, ...]
    inputs: Mapping[str, Any]
    outcome: Outcome


def what_if(
    record: Record, model: Model, policy: Policy, feature_set: FeatureSet, changes: Mapping[str, Any]
) -> WhatIf:
    """The record's lead with these features changed, everything else as it was; raises FeatureUnknown.

    A changed feature also changes the policy's input of its name, or of its attribute's name.
    """
    for name in changes:
        if feature_set.find(name) is None:
            raise FeatureUnknown(name, feature_set.feature_names)
    before = dict(record.features)
    after = before | dict(changes)
    scores, points = score_with_points(model, vectors(feature_set, [{"features": after.items()}]))
    row = scores.row(0, named=True)
    inputs = inputs_after(record, policy, feature_set, after, row["score"])
    told = reasons(model.features, after, points.values[0].tolist())
    outcome = evaluator.compile(policy).decide(inputs)
    return WhatIf(row["score"], row["probability"], row["percentile"], points.base, told, inputs, outcome)


def inputs_after(
    record: Record, policy: Policy, feature_set: FeatureSet, after: Mapping[str, Any], score: float
) -> dict[str, Any]:
    """The record's policy inputs with the score, and with the features that differ from the record's."""
    before = dict(record.features)
    moved: dict[str, Any] = {}
    for name, value in after.items():
        if value != before.get(name):
            moved |= dict.fromkeys(fields_of(policy, feature_set, name), policy_inputs.plain(value))
    scored = {"score": score} if "score" in record.inputs else {}
    return {**record.inputs, **moved, **scored}


def fields_of(policy: Policy, feature_set: FeatureSet, name: str) -> set[str]:
    """The policy's fields that a feature stands for: of its own name, or of its attribute's."""
    found = feature_set.find(name)
    return {name, found.attribute if found else None} & set(looked_up_fields(policy))  # type: ignore[return-value]
