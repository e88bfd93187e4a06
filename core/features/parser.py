"""Reads feature sets: strict, with the place of every refusal and the nearest known key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.features.aggregates import ACTIONABLE, AGGREGATES, SCOPES, VALUE_TYPES, allowed_keys
from core.features.document import SCHEMA, Feature, FeatureSet
from core.features.errors import FeatureSetInvalid
from core.features.schema import OPEN_SCHEMA
from core.kernel.errors import Where, did_you_mean
from core.kernel.expressions import Expression, ExpressionInvalid, Field, Kind, Schema, parse
from core.kernel.strict_yaml import Path, Positions, check_keys, load
from core.kernel.times import DurationInvalid, duration_us

SET_KEYS = ("schema", "name", "description", "names", "features")
ROW_COLUMNS = ("lead_id", "as_of", "known_at", "row_no", "landmark", "y", "part")
RESERVED = frozenset(
    {*ROW_COLUMNS, "created_at", "created_order", "label_known_at", "recency_in_days", "worked_weight"}
)
NUMERIC_KINDS = (Kind.ANY, Kind.INT, Kind.DECIMAL, Kind.NUMBER)
LONGEST_US = 100 * 366 * 86_400_000_000
FEATURE_LIMIT = 1000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


def read(text: str, file: str, schema: Schema = OPEN_SCHEMA) -> FeatureSet:
    """The feature set that a YAML text declares; `schema` says which fields conditions may name.

    Raises DocumentInvalid for YAML that is not strict and FeatureSetInvalid for everything else, both with the place.
    """
    document, positions = load(text, file=file)
    return _Reader(file, positions, schema).feature_set(document)


@dataclass(frozen=True)
class _Reader:
    file: str
    positions: Positions
    schema: Schema

    def feature_set(self, document: object) -> FeatureSet:
        body = self._mapping(document, ())
        check_keys(body, SET_KEYS, where_path=(), file=self.file, positions=self.positions)
        if body.get("schema") != SCHEMA:
            raise self._wrong(("schema",), "The document's `schema` is `{}`.", body.get("schema"), f"Write `{SCHEMA}`.")
        name = self._text(body, (), "name", required=True)
        if not _SET_NAME.fullmatch(name):
            raise self._wrong(("name",), "`{}` is no name of a feature set.", name, "Use letters, digits, _ . and -.")
        names = self._names(body.get("names"))
        listed = body.get("features")
        if not isinstance(listed, list) or not 0 < len(listed) <= FEATURE_LIMIT:
            count = len(listed) if isinstance(listed, list) else listed
            raise self._wrong(
                ("features",), "`features` holds `{}` features.", count, f"List between 1 and {FEATURE_LIMIT}."
            )
        features = tuple(self._feature(item, ("features", place), names) for place, item in enumerate(listed))
        self._check_unique(features)
        return FeatureSet(name, features, names, self._text(body, (), "description"))

    def _feature(self, item: object, path: Path, names: Mapping[str, str]) -> Feature:
        body = self._mapping(item, path)
        name = self._feature_name(body, path)
        aggregate = self._aggregate(body, path, name)
        check_keys(body, allowed_keys(aggregate), where_path=path, file=self.file, positions=self.positions)
        self._check_needs(body, path, name, aggregate)
        feature = Feature(
            name=name,
            aggregate=aggregate,
            attribute=self._text(body, path, "attribute") or None,
            scope=self._choice(body, path, "scope", SCOPES) or "lead",
            of=self._of(body, path, name, aggregate),
            where=self._expression(body, path, name, "where"),
            then=self._expression(body, path, name, "then"),
            window=None if body.get("window", "all") == "all" else self._span(body, path, "window"),
            half_life=self._span(body, path, "half_life"),
            against=self._span(body, path, "against"),
            within=self._span(body, path, "within"),
            type=self._choice(body, path, "type", VALUE_TYPES),
            max_age=self._span(body, path, "max_age"),
            given_actionable=self._choice(body, path, "actionable", ACTIONABLE) or "",
            description=self._text(body, path, "description"),
            owner=self._text(body, path, "owner"),
            given_label=self._text(body, path, "label"),
            names=names,
        )
        if aggregate == "velocity" and feature.window is None:
            raise self._wrong((*path, "window"), f"`{name}` has the window `{{}}`.", "all", "velocity needs a length.")
        return feature

    def _feature_name(self, body: Mapping[str, object], path: Path) -> str:
        name = self._text(body, path, "name", required=True)
        if not _NAME.fullmatch(name):
            remedy = "Use up to 63 letters, digits and _, not beginning with a digit."
            raise self._wrong((*path, "name"), "`{}` is no name of a feature.", name, remedy)
        if name.lower() in RESERVED:
            raise self._wrong((*path, "name"), "`{}` is a column of every spine.", name, "Choose another name.")
        return name

    def _aggregate(self, body: Mapping[str, object], path: Path, name: str) -> str | None:
        if ("aggregate" in body) == ("attribute" in body):
            remedy = "Give exactly one: `aggregate` for behaviour or `attribute` for what is known of a lead."
            raise self._wrong(path, "Feature `{}` needs an `aggregate` or an `attribute`.", name, remedy)
        return self._choice(body, path, "aggregate", tuple(AGGREGATES))

    def _check_needs(self, body: Mapping[str, object], path: Path, name: str, aggregate: str | None) -> None:
        for key in AGGREGATES[aggregate].needs if aggregate else ():
            if key not in body:
                raise self._wrong(path, f"Feature `{name}` has no `{{}}`.", key, f"{aggregate} needs `{key}`.")

    def _of(self, body: Mapping[str, object], path: Path, name: str, aggregate: str | None) -> Field | None:
        text = self._text(body, path, "of")
        if not text or aggregate is None:
            return None
        field = self.schema.find(text)
        if field is None:
            close = self.schema.nearest(text)
            remedy = f"Did you mean `{close}`?" if close else "Name an envelope field, or `properties.` and a property."
            raise self._wrong((*path, "of"), f"Feature `{name}` reads the unknown field `{{}}`.", text, remedy)
        if AGGREGATES[aggregate].numeric and field.kind not in NUMERIC_KINDS:
            remedy = f"{aggregate} needs numbers; use distinct, first or last for other values."
            raise self._wrong((*path, "of"), f"Feature `{name}` reads `{{}}`, which holds no numbers.", text, remedy)
        if AGGREGATES[aggregate].dtype is None and field.kind is Kind.TIME:
            remedy = "Use days_since_last or days_since_first."
            raise self._wrong((*path, "of"), f"Feature `{name}` reads `{{}}`, which is a time.", text, remedy)
        return field

    def _expression(self, body: Mapping[str, object], path: Path, name: str, key: str) -> Expression | None:
        text = self._text(body, path, key)
        if not text:
            return None
        try:
            return parse(text, self.schema)
        except ExpressionInvalid as error:
            first = error.diagnostics[0]
            place = Where(self.file, *self.positions.inside((*path, key), first.line, first.column))
            message = f"Feature `{name}`, `{key}`: {error.message}"
            raise FeatureSetInvalid(message, value=text, remedy=error.remedy, where=place) from error

    def _span(self, body: Mapping[str, object], path: Path, key: str) -> int | None:
        if key not in body:
            return None
        try:
            span = duration_us(body[key])
        except DurationInvalid as error:
            raise self._wrong((*path, key), f"The {key} `{{}}` is no duration.", body[key], error.remedy) from error
        if not 0 < span <= LONGEST_US:
            remedy = "Give a length between `1s` and 100 years" + (", or `all`." if key == "window" else ".")
            raise self._wrong((*path, key), f"The {key} `{{}}` is out of range.", body[key], remedy)
        return span

    def _choice(self, body: Mapping[str, object], path: Path, key: str, choices: tuple[str, ...]) -> str | None:
        if key not in body:
            return None
        value = body[key]
        if value not in choices:
            remedy = did_you_mean(str(value), choices, f"Use one of {', '.join(choices)}.")
            raise self._wrong((*path, key), f"`{{}}` is no {key}.", value, remedy)
        return str(value)

    def _text(self, body: Mapping[str, object], path: Path, key: str, *, required: bool = False) -> str:
        value = body.get(key, "" if not required else None)
        if not isinstance(value, str) or (key in body and not value.strip()):
            raise self._wrong((*path, key), f"`{key}` is `{{}}`.", value, f"Give `{key}` as text.")
        return value

    def _names(self, value: object) -> Mapping[str, str]:
        if value is None:
            return {}
        names = self._mapping(value, ("names",))
        for key in names:
            self._text(names, ("names",), key, required=True)
        return {key: str(word) for key, word in names.items()}

    def _mapping(self, value: object, path: Path) -> Mapping[str, object]:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        raise self._wrong(path, "Here stands `{}`.", str(value)[:40], "Write keys and values, as in `name: pace`.")

    def _check_unique(self, features: tuple[Feature, ...]) -> None:
        seen: set[str] = set()
        for place, feature in enumerate(features):
            if feature.name.lower() in seen:
                path = ("features", place, "name")
                raise self._wrong(path, "Two features are called `{}`.", feature.name, "Rename one of them.")
            seen.add(feature.name.lower())

    def _wrong(self, path: Path, message: str, value: object, remedy: str) -> FeatureSetInvalid:
        return FeatureSetInvalid(message.format(value), value=value, remedy=remedy, where=self._where(path))

    def _where(self, path: Path) -> Where:
        return Where(self.file, *self.positions.nearest(path))
