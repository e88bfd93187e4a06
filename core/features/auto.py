"""The default feature set, derived from what the log holds.

Only sequences look at outcomes, and only at those of the training rows that they are given.

In this order, each while there is room under the limit:

1. attributes (at most half of the room where there are events): numbers, booleans, categories of at most 100 values
   or a quarter as many as leads (models group the rare ones); constants and identifiers are left out;
2. behaviour over all events: counts in four windows that fit how long leads live, recency, tenure, active days,
   breadth, pace, decay, rhythm, and the latest kind of activity;
   how far the lead is and how fast, where some types are stages; sequences (core.features.sequences);
3. properties: latest and number of different values of text and of codes, sums and means of numbers, counts of
   flag values;
4. per event type, the commonest first and in turns: count, recency, count in the middle window, days since the first;
5. per source where there are several: count and share.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

import polars as pl

from core.features import auto_steps
from core.features.aggregates import BOOLEAN, CATEGORY, NUMBER
from core.features.auto_steps import condition, quoted
from core.features.document import Feature, FeatureSet
from core.features.naming import humanised, label_of
from core.features.parser import RESERVED
from core.features.profile import AttributeProfile, Profile, PropertyProfile, TypeProfile, profile
from core.features.schema import OPEN_SCHEMA
from core.features.sequences import Sequence, mine
from core.kernel.database import Database
from core.kernel.expressions import Expression
from core.kernel.times import UNITS_US, duration_text

LADDER = tuple(
    number * UNITS_US[unit]
    for number, unit in ((10, "m"), (1, "h"), (6, "h"), (1, "d"), (7, "d"), (30, "d"), (90, "d"), (365, "d"))
)
WINDOWS = 4
LARGEST_CATEGORY = 100
FEW_VALUES = 6
FEWEST_IDENTIFIERS = 50
RAREST_TYPE = 0.005
COMMON_PROPERTY = 0.05
MOST_SEQUENCES = 4
_TYPES_OF = {"number": NUMBER, "time": NUMBER, "boolean": BOOLEAN, "category": CATEGORY}
_DULL = re.compile(r"[^a-z0-9]+")


def derive(
    db: Database,
    *,
    exclude_types: Collection[str] = (),
    exclude_attributes: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    limit: int = 72,
    leads: pl.DataFrame | None = None,
    labelled: pl.DataFrame | None = None,
) -> FeatureSet:
    """The default set of at most `limit` features for the log of `leads` (column lead_id; default all).

    `exclude_types` and `exclude_attributes` are left out of every feature; `names` gives business names; `labelled` are
    the training rows (lead_id, as_of, known_at, y) that sequences are found on, none without them.
    """
    found = profile(db, leads, exclude_types, FEW_VALUES)
    mined = () if labelled is None else mine(db, labelled, exclude_types, MOST_SEQUENCES)
    return _Author(found, tuple(sorted(exclude_types)), frozenset(exclude_attributes), names or {}, mined).write(limit)


def windows_for(span: int) -> tuple[int, ...]:
    """The four neighbouring lengths of the ladder whose longest does not exceed `span` microseconds, where it can."""
    top = max((place for place, length in enumerate(LADDER) if length <= span), default=0)
    last = max(top, WINDOWS - 1)
    return LADDER[last - WINDOWS + 1 : last + 1]


class _Author:
    def __init__(
        self,
        found: Profile,
        left_out: tuple[str, ...],
        hidden: frozenset[str],
        names: Mapping[str, str],
        mined: tuple[Sequence, ...],
    ) -> None:
        self.found, self.hidden, self.names, self.mined = found, hidden, names, mined
        self.windows = windows_for(found.span)
        self.base, self.can_see_all = _base_condition(left_out, [kind.type for kind in found.types])
        self._taken: set[str] = set(RESERVED)

    def write(self, limit: int) -> FeatureSet:
        attributes = list(self._attributes())
        room = limit // 2 if self.found.types else limit
        behaviours = list(self._behaviours())
        kept = attributes[: max(room, limit - len(behaviours))]
        features = [self._named(feature) for feature in kept + behaviours[: limit - len(kept)]]
        return FeatureSet("auto", tuple(features), dict(self.names))

    def _behaviours(self) -> Iterator[Feature]:
        if not self.found.types:
            return
        if self.can_see_all:
            yield from self._overall()
        yield from auto_steps.stages(self._telling_types(), self.windows[-2])
        yield from auto_steps.sequences(self.mined, LADDER, self.names, _identifier)
        if self.can_see_all:
            yield from self._properties()
        yield from self._per_type()
        if len(self.found.sources) > 1:
            yield from self._per_source()

    def _named(self, feature: Feature) -> Feature:
        name, place = feature.name, 2
        while name.lower() in self._taken:
            name, place = f"{feature.name}_{place}", place + 1
        self._taken.add(name.lower())
        return replace(feature, name=name, names=self.names)

    def _attributes(self) -> Iterator[Feature]:
        for attribute in self.found.attributes:
            if attribute.name not in self.hidden and _is_telling(attribute, self.found.leads):
                kind = _TYPES_OF[attribute.type]
                name = _identifier(attribute.name)
                label = self._since_label(attribute.name) if attribute.type == "time" else ""
                yield Feature(name, attribute=attribute.name, type=kind, given_label=label)

    def _since_label(self, name: str) -> str:
        return f"Days since {self.names.get(name) or humanised(name)}"

    def _overall(self) -> Iterator[Feature]:
        short, middle, long = self.windows[0], self.windows[-2], self.windows[-1]
        yield self._all("events", "count")
        yield self._all("days_since_last", "days_since_last")
        yield self._all("days_since_first", "days_since_first")
        yield self._all("last_type", "last", of="type", type=CATEGORY)
        for window in self.windows:
            yield self._all(f"events_{duration_text(window)}", "count", window=window)
        yield self._all("types", "distinct", of="type")
        yield self._all("active_days", "active_days")
        yield self._all("gap_mean", "gap_mean")
        yield self._all("pace", "velocity", window=middle, against=3 * middle)
        yield self._all("events_fading", "decayed_count", half_life=middle)
        yield self._all(f"types_{duration_text(long)}", "distinct", of="type", window=long)
        yield self._all(f"any_{duration_text(short)}", "exists", window=short)
        if len(self.found.sources) > 1:
            yield self._all("sources", "distinct", of="source")

    def _properties(self) -> Iterator[Feature]:
        sampled = max((found.events for found in self.found.properties), default=0)
        for found in self.found.properties:
            if found.events >= COMMON_PROPERTY * sampled and found.values > 1:
                yield from self._numeric(found) if found.is_number else self._worded(found)

    def _numeric(self, found: PropertyProfile) -> Iterator[Feature]:
        name, of = _identifier(found.key), f"properties.{found.key}"
        yield self._all(f"{name}_sum", "sum", of=of)
        yield self._all(f"{name}_mean", "mean", of=of)
        yield self._all(f"{name}_max", "max", of=of)

    def _worded(self, found: PropertyProfile) -> Iterator[Feature]:
        if found.words < found.events and not found.is_code:
            return
        name, of = _identifier(found.key), f"properties.{found.key}"
        if found.values <= LARGEST_CATEGORY:
            yield self._all(f"{name}_last", "last", of=of, type=CATEGORY)
        yield self._all(f"{name}_distinct", "distinct", of=of)
        for value in self.found.flags.get(found.key, ())[1:]:
            where = _joined(f"{_quoted_name(of)} = {quoted(value)}", self.base)
            if where is not None:
                label = f"{self._word(found.key)}: {self._word(value)}"
                yield Feature(f"{name}_{_identifier(value)}", "count", where=where, given_label=label)

    def _word(self, text: str) -> str:
        return self.names.get(text) or humanised(text)

    def _per_type(self) -> Iterator[Feature]:
        common = self._telling_types()
        for make in (self._type_count, self._type_recency, self._type_recent_count, self._type_tenure):
            yield from _each(common, make)

    def _telling_types(self) -> list[TypeProfile]:
        return [kind for kind in self.found.types if self._is_telling_type(kind)]

    def _is_telling_type(self, kind: TypeProfile) -> bool:
        always_once = kind.leads == kind.events == self.found.active_leads
        return not always_once and kind.leads >= RAREST_TYPE * self.found.active_leads

    def _type_count(self, kind: TypeProfile) -> Feature | None:
        return self._typed(kind, "", "count")

    def _type_recency(self, kind: TypeProfile) -> Feature | None:
        return self._typed(kind, "_days_since", "days_since_last")

    def _type_recent_count(self, kind: TypeProfile) -> Feature | None:
        window = self.windows[-2]
        return self._typed(kind, f"_{duration_text(window)}", "count", window=window)

    def _type_tenure(self, kind: TypeProfile) -> Feature | None:
        repeats = kind.events > kind.leads
        return self._typed(kind, "_days_since_first", "days_since_first") if repeats else None

    def _typed(self, kind: TypeProfile, suffix: str, aggregate: str, window: int | None = None) -> Feature | None:
        where = condition(f"type = {quoted(kind.type)}")
        if where is None:
            return None
        return Feature(f"{_identifier(kind.type)}{suffix}", aggregate, where=where, window=window)

    def _per_source(self) -> Iterator[Feature]:
        for source in self.found.sources[:8]:
            where = _joined(f"source = {quoted(source)}", self.base)
            label = f"{self._word(source)} activity"
            if where is not None:
                yield Feature(f"{_identifier(source)}_events", "count", where=where, given_label=label)
                yield Feature(f"{_identifier(source)}_share", "share", where=where, given_label=f"Share of {label}")

    def _all(
        self,
        name: str,
        aggregate: str,
        *,
        of: str = "",
        type: str | None = None,
        window: int | None = None,
        against: int | None = None,
        half_life: int | None = None,
    ) -> Feature:
        field = OPEN_SCHEMA.find(of) if of else None
        plain = Feature(
            name, aggregate, of=field, type=type, window=window, against=against, half_life=half_life, names=self.names
        )
        if self.base is None:
            return plain
        return replace(plain, where=self.base, given_label=label_of(plain))


def _each(kinds: list[TypeProfile], make: Callable[[TypeProfile], Feature | None]) -> Iterator[Feature]:
    yield from (feature for kind in kinds if (feature := make(kind)) is not None)


def _base_condition(left_out: tuple[str, ...], kept: list[str]) -> tuple[Expression | None, bool]:
    """The condition that hides the left-out types, the shorter of the two ways; and whether there is one."""
    if not left_out:
        return None, True
    ways = [f"type NOT IN ({_list(left_out)})"] + ([f"type IN ({_list(sorted(kept))})"] if kept else [])
    found = condition(min(ways, key=len))
    return found, found is not None


def _list(values: Collection[str]) -> str:
    return ", ".join(quoted(value) for value in values)


def _joined(text: str, base: Expression | None) -> Expression | None:
    return condition(text if base is None else f"{text} AND {base.canonical}")


def _quoted_name(name: str) -> str:
    column, _, key = name.partition(".")
    return f'{column}."' + key.replace('"', '""') + '"'


def _is_telling(attribute: AttributeProfile, leads: int) -> bool:
    if attribute.values < 2 and attribute.leads == leads:
        return False
    is_identifier = attribute.values == attribute.leads > FEWEST_IDENTIFIERS
    if attribute.type == "category":
        return attribute.values <= max(LARGEST_CATEGORY, leads // 4) and not is_identifier
    return not (attribute.type == "number" and attribute.whole and is_identifier)


def _identifier(text: str) -> str:
    name = _DULL.sub("_", text.lower()).strip("_")[:48] or "value"
    return name if not name[0].isdigit() else f"v{name}"
