"""What the compiler must know of the store: the heaviest lead, the dictionaries, and the types of values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.features.aggregates import BOOLEAN, CATEGORY, NUMBER
from core.features.compiler.columns import json_sql
from core.features.document import Feature, FeatureSet
from core.features.errors import AttributePersonal, AttributeUnknown
from core.features.schema import json_path
from core.features.stored import StoredColumn, stored_columns
from core.kernel.database import Cursor
from core.kernel.expressions import Kind

NUMBER_TYPES = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"})
_ATTRIBUTE_DTYPES = {"number": NUMBER, "time": NUMBER, "boolean": BOOLEAN, "category": CATEGORY}
_COUNTS = """
SELECT k.*, g.*, e.events, CASE WHEN l.events = e.events AND l.last_no >= e.last_no THEN l.heaviest_lead END,
    (SELECT count(*) FROM leads), (SELECT coalesce(max(n), 0) FROM
        (SELECT count(DISTINCT from_no) AS n FROM lead_merges GROUP BY into_no)), {in_account}
FROM (SELECT count(DISTINCT type), count(DISTINCT source), coalesce(max(kind_no), 0) FROM event_kinds) k,
    (SELECT count(*) > 0 FROM (SELECT 1 FROM events WHERE superseded_at IS NOT NULL LIMIT 1)) g,
    (SELECT count(*) AS events, coalesce(max(event_no), 0) AS last_no FROM events) e LEFT JOIN log_layout l ON TRUE
"""
_IN_ACCOUNT = "(SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM lead_accounts GROUP BY account_no))"
_HEAVIEST_LEAD = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM events GROUP BY lead_no)"


@dataclass(frozen=True)
class Statistics:
    """Counts are of events and never too small; `attributes` maps a name to its stored type.

    `last_kind` is the largest number of a kind of event, (source, type).

    `merged` says whether any leads are one identity, `superseded` whether any event was corrected; `columns` are the
    properties that need no parsing, by field name.
    """

    heaviest_lead: int = 0
    heaviest_account: int = 0
    types: int = 0
    sources: int = 0
    last_kind: int = 0
    events: int = 0
    leads: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    merged: bool = False
    superseded: bool = False
    columns: Mapping[str, StoredColumn] = field(default_factory=dict)


def measured(cursor: Cursor, feature_set: FeatureSet) -> tuple[FeatureSet, Statistics]:
    """The set resolved, and the statistics that compiling it needs, as the cursor's transaction sees the store.

    Resolved is a set with every attribute's, first's and last's value type stated, taken from the store where it is
    undeclared. What the log keeps of itself is taken while it is true; a log that something else wrote to is counted
    anew, and its properties are read as JSON. Raises AttributeUnknown and AttributePersonal.
    """
    listed = cursor.rows("SELECT name, type, personal FROM attribute_types ORDER BY name")
    by_account = any(feature.aggregate and feature.scope != "lead" for feature in feature_set.features)
    counts = cursor.rows(_COUNTS.format(in_account=_IN_ACCOUNT if by_account else 0))[0]
    types, sources, last_kind, superseded, events, kept, leads, most_merged, in_account = counts
    columns = {} if kept is None else stored_columns(cursor)
    heaviest = (cursor.scalar(_HEAVIEST_LEAD) if kept is None else kept) * (1 + most_merged)
    statistics = Statistics(
        heaviest_lead=min(heaviest, events),
        heaviest_account=min(heaviest * in_account * (1 + most_merged), events),
        types=types,
        sources=sources,
        last_kind=last_kind,
        events=events,
        leads=leads,
        attributes={name: kind for name, kind, _ in listed},
        merged=most_merged > 0,
        superseded=superseded,
        columns=columns,
    )
    attributes = {name: (kind, personal) for name, kind, personal in listed}
    properties = _property_types(cursor, feature_set, columns)
    features = [_resolved(feature, attributes, properties) for feature in feature_set.features]
    return replace(feature_set, features=tuple(features)), statistics


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


def _property_types(cursor: Cursor, feature_set: FeatureSet, columns: Mapping[str, StoredColumn]) -> dict[str, str]:
    wanted = {
        feature.of.name
        for feature in feature_set.features
        if feature.of and feature.type is None and feature.aggregate in ("first", "last") and json_path(feature.of.name)
    }
    known = {name: columns[name].dtype for name in wanted if name in columns}
    names = sorted(wanted - set(known))
    if not names:
        return known
    types = ", ".join(f"list(DISTINCT json_type({json_sql(name)})) AS t{place}" for place, name in enumerate(names))
    found = cursor.read(f"SELECT {types} FROM events").row(0)
    return known | {name: _value_type(set(types or ())) for name, types in zip(names, found, strict=True)}


def _value_type(types: set[str]) -> str:
    present = types - {"NULL", None}
    if present and present <= NUMBER_TYPES:
        return NUMBER
    return BOOLEAN if present == {"BOOLEAN"} else CATEGORY
