"""Features and feature sets as values, with the two hashes that tell meaning from wording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.features.aggregates import AGGREGATES, CATEGORY, FIXED
from core.features.naming import label_of
from core.kernel.canonical import digest
from core.kernel.expressions import Expression, Field
from core.kernel.times import duration_text

SCHEMA = "leadbench/features/v1"


@dataclass(frozen=True)
class Feature:
    """One column of a lead at a time; durations are microseconds, a window of None means all time.

    `type` is the declared value type of an attribute, first or last: number, category or boolean.
    """

    name: str
    aggregate: str | None = None
    attribute: str | None = None
    scope: str = "lead"
    of: Field | None = None
    where: Expression | None = None
    then: Expression | None = None
    window: int | None = None
    half_life: int | None = None
    against: int | None = None
    within: int | None = None
    type: str | None = None
    max_age: int | None = None
    given_actionable: str = ""
    description: str = ""
    owner: str = ""
    given_label: str = ""
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def role(self) -> str:
        """`fit` for an attribute, `engagement` for behaviour."""
        return "fit" if self.attribute is not None else "engagement"

    @property
    def dtype(self) -> str:
        """count, boolean, number or category; an undeclared first, last or attribute counts as a category."""
        aggregate = AGGREGATES.get(self.aggregate or "")
        return (aggregate.dtype if aggregate else None) or self.type or CATEGORY

    @property
    def label(self) -> str:
        """What a sales leader calls it, such as `Pricing page visits, last 7 days`."""
        return self.given_label or label_of(self)

    @property
    def actionable(self) -> str:
        """Which way somebody can move the value: as declared, else by the aggregate; attributes are fixed."""
        return self.given_actionable or (AGGREGATES[self.aggregate].actionable if self.aggregate else FIXED)

    @property
    def reach(self) -> int | None:
        """How long before as_of an event may be that the value counts, in microseconds; None without end."""
        return self.window and self.window + (self.against or 0)

    def behaviour(self) -> dict[str, object]:
        """What decides the feature's value, in canonical form: no name, description or owner."""
        spelled: dict[str, object] = {
            "aggregate": self.aggregate,
            "attribute": self.attribute,
            "scope": self.scope if self.aggregate else None,
            "of": self.of.name if self.of else None,
            "where": self.where.canonical if self.where else None,
            "then": self.then.canonical if self.then else None,
            "window": _span(self.window) if self.aggregate else None,
            "half_life": _span(self.half_life) if self.half_life else None,
            "against": _span(self.against) if self.against else None,
            "within": _span(self.within) if self.within else None,
            "type": self.type,
            "max_age": _span(self.max_age) if self.max_age else None,
        }
        return {key: value for key, value in spelled.items() if value is not None}

    @cached_property
    def behaviour_hash(self) -> str:
        """The hash that changes with the feature's meaning and with nothing else."""
        return digest(self.behaviour())

    def content(self) -> dict[str, object]:
        """The feature as a document writes it, keys in the document's order."""
        about = {
            "actionable": self.given_actionable,
            "label": self.given_label,
            "description": self.description,
            "owner": self.owner,
        }
        order = ("attribute", "scope", "aggregate", "of", "type", "where", "then", "within")
        order += ("window", "against", "half_life", "max_age")
        spelled = self.behaviour() | self._texts()
        if spelled.get("scope") == "lead":
            del spelled["scope"]
        body = {key: spelled[key] for key in order if key in spelled}
        return {"name": self.name} | body | {key: text for key, text in about.items() if text}

    def _texts(self) -> dict[str, object]:
        given = {"where": self.where, "then": self.then}
        return {key: expression.text for key, expression in given.items() if expression is not None}


@dataclass(frozen=True)
class FeatureSet:
    """Features in their order, and the business names of event types and attributes that labels use."""

    name: str
    features: tuple[Feature, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    def __len__(self) -> int:
        return len(self.features)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The lead attributes that the set reads, in order and once each."""
        return tuple(dict.fromkeys(f.attribute for f in self.features if f.attribute is not None))

    def find(self, name: str) -> Feature | None:
        """The feature of that name, or None."""
        return next((feature for feature in self.features if feature.name == name), None)

    @cached_property
    def behaviour_hash(self) -> str:
        """The hash of the columns' names and meanings, in order; wording and business names are left out."""
        return digest([{"name": feature.name, **feature.behaviour()} for feature in self.features])

    @cached_property
    def content_hash(self) -> str:
        """The hash of the whole document."""
        return digest(self.content())

    def content(self) -> dict[str, object]:
        """The set as a document writes it."""
        head: dict[str, object] = {"schema": SCHEMA, "name": self.name}
        if self.description:
            head["description"] = self.description
        names = {"names": dict(self.names)} if self.names else {}
        return head | names | {"features": [feature.content() for feature in self.features]}


def _span(microseconds: int | None) -> str:
    return "all" if microseconds is None else duration_text(microseconds)
