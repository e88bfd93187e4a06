"""Where inputs come from, and the inputs of a plain lead."""

from collections.abc import Mapping

from core.kernel.errors import nearest
from core.policy.blocks import InputField
from core.policy.caps import CLOCK_SOURCE, TOUCH_SOURCE
from core.policy.contract import contract_of
from core.policy.document import Policy
from core.policy.errors import InputUnknown

ENGINE_TYPES: dict[str, tuple[str, str]] = {
    "score": ("model.score", "decimal"),
    "score_age_min": ("engine.age", "int"),
    "feature_age_min": ("engine.age", "int"),
    "model_ok": ("engine.model_health", "bool"),
    "evidence_tier": ("engine.evidence_tier", "int"),
    "local_minute": (CLOCK_SOURCE, "int"),
    "touches_7d": (TOUCH_SOURCE, "int"),
    "account_touches_7d": (TOUCH_SOURCE, "int"),
    "prev_band": ("engine.state", "enum"),
    "dwell_min": ("engine.state", "int"),
    "state": ("engine.state", "enum"),
    "state_age_min": ("engine.state", "int"),
}


def is_engine_source(source: str | None) -> bool:
    """Whether the engine computes fields of this source itself."""
    return source is not None and (source.startswith("engine.") or source == "model.score")


def engine_fields(policy: Policy) -> dict[str, str]:
    """The declared fields that the engine computes, with their sources."""
    return {name: field.source or "" for name, field in policy.input_fields.items() if is_engine_source(field.source)}


def looked_up_fields(policy: Policy) -> list[str]:
    """The declared fields that are lead attributes or features of the same name."""
    return [name for name, field in policy.input_fields.items() if not is_engine_source(field.source)]


def typical(field: InputField) -> object:
    """The field's value in a plain lead: as declared; else missing, false, the first value or the minimum."""
    if field.typical is not None:
        return field.typical
    if not field.required:
        return None
    if field.type == "bool":
        return False
    if field.type == "enum":
        return field.values[0]
    return "" if field.type == "text" else (field.min or 0)


def differing(policy: Policy, lead: Mapping[str, object]) -> dict[str, object]:
    """The values of a lead that are not those of a plain one; an arm other than `live` is one of them."""
    plain = {name: typical(field) for name, field in policy.input_fields.items()} | {"arm": "live"}
    return {name: value for name, value in lead.items() if value != plain.get(name)}


def fill(policy: Policy, given: Mapping[str, object]) -> dict[str, object]:
    """A whole lead: the given inputs, all others with their typical value; raises InputUnknown."""
    for name in given:
        if name not in policy.input_fields:
            raise InputUnknown(policy.name, name, nearest(name, policy.input_fields))
    return {name: given.get(name, typical(field)) for name, field in policy.input_fields.items()}


def fresh(policy: Policy, inputs: Mapping[str, object], ages: Mapping[str, int]) -> dict[str, object]:
    """The inputs without the values that are older, in minutes, than their field's `max_age_min`: those are missing.

    A field without a known age is taken as fresh. A missing required field is judged by `on_violation` like any other.
    """
    most = {name: field.max_age_min for name, field in policy.input_fields.items() if field.max_age_min is not None}
    stale = {name for name, limit in most.items() if ages.get(name, 0) > limit}
    return {name: None if name in stale else value for name, value in inputs.items()}


def violations(policy: Policy, inputs: Mapping[str, object]) -> list[tuple[str, str]]:
    """(field, code) of every input that breaks the contract; none where the lead can be decided."""
    return contract_of(policy.document).normalise(inputs)[1]


def normalised(policy: Policy, inputs: Mapping[str, object]) -> dict[str, object]:
    """The inputs as a decision record keeps them: decimals rounded to their places, unusable values as None."""
    return as_kept(policy, contract_of(policy.document).normalise(inputs)[0])


def as_kept(policy: Policy, values: Mapping[str, object]) -> dict[str, object]:
    """Inputs in normal form as a decision record keeps them."""
    scales = {name: field.scale or 0 for name, field in policy.input_fields.items() if field.type == "decimal"}
    kept = {name: values[name] for name in policy.input_fields}
    for name, scale in scales.items():
        if isinstance(value := kept[name], int):
            kept[name] = round(value / 10**scale, scale)
    return kept
