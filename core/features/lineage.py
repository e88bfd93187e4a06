"""What a feature reads, found in its parsed conditions."""

from dataclasses import dataclass

import polars as pl

from core.features.document import Feature
from core.features.schema import json_path
from core.kernel.expressions import And, Comparison, Expression, InList, Literal, Node, Or

ANY_ACTIVITY = "Activity of every kind"
MOST_NAMED = 2


@dataclass(frozen=True)
class Reads:
    """Sorted names; `types` and `sources` are None where the feature reads events of every type or source."""

    attributes: tuple[str, ...] = ()
    types: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    properties: tuple[str, ...] = ()
    envelope: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """What features are about, in business words, all of them; `label` names two and counts the rest."""

    words: tuple[str, ...]

    @property
    def label(self) -> str:
        """`Calls`, `Calls and Visits`, or `Calls, Visits and 1 more`."""
        named, more = self.words[:MOST_NAMED], len(self.words) - MOST_NAMED
        return f"{', '.join(named)} and {more} more" if more > 0 else " and ".join(named)


def reads(feature: Feature) -> Reads:
    """The attribute, or the event types, sources, properties and envelope fields, that decide the feature's value."""
    if feature.attribute is not None:
        return Reads(attributes=(feature.attribute,), types=(), sources=())
    fields = _fields(feature)
    return Reads(
        types=_only(feature, "type"),
        sources=_only(feature, "source"),
        properties=tuple(sorted(name for name in fields if json_path(name))),
        envelope=tuple(sorted(name for name in fields if not json_path(name))),
    )


def family(feature: Feature) -> Family:
    """What a feature is about, in business words: its attribute, its event types, or activity of every kind.

    A sequence is about its last step.
    """
    if feature.attribute is not None:
        return Family((feature.label,))
    last = feature.then or feature.where
    types = sorted((last and _allowed(last.node, "type")) or ())
    if not types or feature.aggregate == "share":
        return Family((ANY_ACTIVITY,))
    return Family(tuple(feature.names.get(one, one.replace("_", " ").capitalize()) for one in types))


def delivering(read: Reads, kinds: pl.DataFrame) -> pl.DataFrame:
    """The rows of `kinds` (source, type, ...: what the log has) that the feature counts; none for an attribute."""
    asked = ((name, getattr(read, f"{name}s")) for name in ("type", "source"))
    return kinds.filter(*(pl.col(name).is_in(list(values)) for name, values in asked if values is not None))


def _expressions(feature: Feature) -> list[Expression | None]:
    return [feature.where, *([feature.then] if feature.then else [])]


def _fields(feature: Feature) -> set[str]:
    found = {"occurred_at", "received_at"} | ({feature.of.name} if feature.of else set())
    return found.union(*(expression.fields for expression in _expressions(feature) if expression))


def _only(feature: Feature, field: str) -> tuple[str, ...] | None:
    if feature.aggregate == "share":
        return None
    found: set[str] = set()
    for expression in _expressions(feature):
        allowed = None if expression is None else _allowed(expression.node, field)
        if allowed is None:
            return None
        found |= allowed
    return tuple(sorted(found))


def _allowed(node: Node, field: str) -> set[str] | None:
    """The values of the field that the condition lets through; None where it may let any through."""
    if isinstance(node, Comparison) and node.operator == "=" and isinstance(node.right, Literal):
        return {str(node.right.value)} if node.left.field.name == field else None
    if isinstance(node, InList) and not node.negated and node.ref.field.name == field:
        return {str(value.value) for value in node.values}
    if isinstance(node, And):
        known = [found for part in node.parts if (found := _allowed(part, field)) is not None]
        return set.intersection(*known) if known else None
    if isinstance(node, Or):
        found = [_allowed(part, field) for part in node.parts]
        return None if None in found else set().union(*(part for part in found if part is not None))
    return None
