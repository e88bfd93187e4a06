"""Which column comes from which, in the words of OpenLineage's schema and column-lineage facets."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.features.document import Feature, FeatureSet
from core.features.lineage import reads

Column = tuple[str, str]
"""Name and type."""
IDENTITY, AGGREGATION, FILTER, TRANSFORMATION = (
    ("DIRECT", "IDENTITY"),
    ("DIRECT", "AGGREGATION"),
    ("INDIRECT", "FILTER"),
    ("DIRECT", "TRANSFORMATION"),
)


class Source(NamedTuple):
    """A dataset by namespace and name."""

    namespace: str
    name: str


def schema_of(columns: Sequence[Column]) -> dict[str, Any]:
    """The content of a schema facet."""
    return {"fields": [{"name": name, "type": kind} for name, kind in columns]}


def imported(mapping: Mapping[str, Any], file: Source) -> dict[str, Any] | None:
    """Which column of a file gives which field, as far as its mapping names columns; None where it names none."""
    named = {to: _columns(given) for to, given in (mapping.get("map") or {}).items()}
    fields = {to: _field([_input(file, one, IDENTITY) for one in found]) for to, found in named.items() if found}
    return {"fields": fields} if fields else None


def _columns(given: object) -> list[str]:
    """The columns that a mapping's entry names: one, or several of which the first filled one counts."""
    several = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [one for one in several if isinstance(one, str)]


def of_features(feature_set: FeatureSet, namespace: str) -> dict[str, Any]:
    """What each feature of a set reads: an attribute of the lead, or fields of events."""
    return {"fields": {one.name: _field(_read(one, namespace)) for one in feature_set.features}}


def _read(feature: Feature, namespace: str) -> list[dict[str, Any]]:
    found, leads, events = reads(feature), Source(namespace, "leads"), Source(namespace, "events")
    if found.attributes:
        return [_input(leads, name, IDENTITY) for name in found.attributes]
    chosen = {"type": found.types, "source": found.sources}
    filters = [_input(events, name, FILTER) for name, words in chosen.items() if words is not None]
    direct = sorted({*found.properties, *found.envelope} - {one["field"] for one in filters})
    return [*(_input(events, name, AGGREGATION) for name in direct), *filters]


def of_score(names: Sequence[str], source: Source) -> dict[str, Any]:
    """A score that is made of these columns of a dataset."""
    return {"fields": {"score": _field([_input(source, name, TRANSFORMATION) for name in names])}}


def _field(inputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inputFields": inputs}


def _input(source: Source, name: str, how: tuple[str, str]) -> dict[str, Any]:
    kind, sort = how
    transformation = {"type": kind, "subtype": sort, "masking": False}
    return {"namespace": source.namespace, "name": source.name, "field": name, "transformations": [transformation]}
