"""What the compiler must know of the store: the heaviest lead, the dictionaries, and the types of values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.features.aggregates import BOOLEAN, CATEGORY, NUMBER
from core.features.compiler.columns import json_sql
from core.features.document import Feature, FeatureSet
from core.features.errors import AttributePersonal, AttributeUnknown
from core.features.schema import json_path
from core.kernel.database import Cursor
from core.kernel.expressions import Kind

NUMBER_TYPES = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"})
_ATTRIBUTE_DTYPES = {"number": NUMBER, "time": NUMBER, "boolean": BOOLEAN, "category": CATEGORY}
_HEAVIEST_LEAD = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM events GROUP BY lead_no)"
_HEAVIEST_ACCOUNT = """
SELECT coalesce(max(n), 0) FROM (
    SELECT sum(c.n) AS n
    FROM (SELECT lead_no, count(*) AS n FROM events GROUP BY lead_no) c
    JOIN (SELECT DISTINCT lead_no, account_no FROM lead_accounts) m USING (lead_no)
    GROUP BY m.account_no)
"""


@dataclass(frozen=True)
class Statistics:
    """Counts are of events; `attributes` maps a name to its stored type (number, category, boolean, time)."""

    heaviest_lead: int = 0
    heaviest_account: int = 0
    types: int = 0
    sources: int = 0
    events: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


def measure(cursor: Cursor, feature_set: FeatureSet) -> Statistics:
    """The statistics that compiling this set needs, as the cursor's transaction sees the store."""
    kinds = cursor.read("SELECT count(DISTINCT type) AS types, count(DISTINCT source) AS sources FROM event_kinds").row(
        0
    )
    by_account = any(feature.aggregate and feature.scope != "lead" for feature in feature_set.features)
    return Statistics(
        heaviest_lead=int(cursor.read(_HEAVIEST_LEAD).item()),
        heaviest_account=int(cursor.read(_HEAVIEST_ACCOUNT).item()) if by_account else 0,
        types=kinds[0],
        sources=kinds[1],
        events=cursor.read("SELECT count(*) FROM events").item(),
        attributes=dict(cursor.read("SELECT name, type FROM attribute_types").iter_rows()),
    )


def resolved(cursor: Cursor, feature_set: FeatureSet) -> FeatureSet:
    """The set with every attribute's, first's and last's value type stated, taken from the store where undeclared.

    Raises AttributeUnknown and AttributePersonal.
    """
    listed = cursor.read("SELECT name, type, personal FROM attribute_types ORDER BY name")
    attributes = {name: (kind, personal) for name, kind, personal in listed.iter_rows()}
    properties = _property_types(cursor, feature_set)
    features = [_resolved(feature, attributes, properties) for feature in feature_set.features]
    return replace(feature_set, features=tuple(features))


def _resolved(feature: Feature, attributes: Mapping[str, tuple[str, bool]], properties: Mapping[str, str]) -> Feature:
    if feature.attribute is not None:
        return _resolved_attribute(feature, feature.attribute, attributes)
    if feature.of is None or feature.type is not None or feature.aggregate not in ("first", "last"):
        return feature
    envelope = NUMBER if feature.of.kind is Kind.INT else CATEGORY
    return replace(feature, type=properties.get(feature.of.name, envelope))


def _resolved_attribute(feature: Feature, name: str, attributes: Mapping[str, tuple[str, bool]]) -> Feature:
    if name not in attributes:
        raise AttributeUnknown(feature.name, name, attributes)
    kind, personal = attributes[name]
    if personal:
        raise AttributePersonal(feature.name, name)
    return replace(feature, type=_ATTRIBUTE_DTYPES[kind])


def _property_types(cursor: Cursor, feature_set: FeatureSet) -> dict[str, str]:
    wanted = {
        feature.of.name
        for feature in feature_set.features
        if feature.of and feature.type is None and feature.aggregate in ("first", "last") and json_path(feature.of.name)
    }
    if not wanted:
        return {}
    names = sorted(wanted)
    columns = ", ".join(f"list(DISTINCT json_type({json_sql(name)})) AS t{place}" for place, name in enumerate(names))
    found = cursor.read(f"SELECT {columns} FROM events").row(0)
    return {name: _value_type(set(types or ())) for name, types in zip(names, found, strict=True)}


def _value_type(types: set[str]) -> str:
    present = types - {"NULL", None}
    if present and present <= NUMBER_TYPES:
        return NUMBER
    return BOOLEAN if present == {"BOOLEAN"} else CATEGORY
