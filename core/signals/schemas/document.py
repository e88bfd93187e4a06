"""The document of an event schema: one type of event (or `*` for every event), one version, its properties."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.kernel.canonical import digest
from core.kernel.errors import LeadbenchError, Where, did_you_mean
from core.kernel.strict_yaml import Path, Positions, check_keys, load

SCHEMA = "leadbench/event-schema/v1"
EVERY = "*"
TYPES = ("text", "number", "decimal", "boolean", "time")
KEYS = ("schema", "type", "version", "description", "properties", "upcast")
PROPERTY_KEYS = ("type", "required", "description")
STEPS = {
    "rename": ("to",),
    "retype": ("to",),
    "default": ("value",),
    "split": ("by", "into"),
    "remove": (),
}
NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,99}")
HIGHEST = 9_999


class SchemaInvalid(LeadbenchError):
    """A document that does not say what an event is."""

    code = "invalid_schema"


@dataclass(frozen=True)
class Property:
    """A declared member of an event's properties; type is text, number, decimal, boolean or time."""

    type: str
    required: bool = False
    description: str = ""


@dataclass(frozen=True)
class Step:
    """One change of the properties from the version before: rename, retype, default, split or remove of `name`."""

    kind: str
    name: str
    to: str | None = None
    value: Any = None
    by: str | None = None
    into: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventSchema:
    """One version of a type of event; `content` is the document as it was written."""

    type: str
    version: int
    properties: Mapping[str, Property]
    upcast: tuple[Step, ...] = ()
    description: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """`sha256:<hex>` of the document."""
        return digest(self.content)

    @property
    def name(self) -> str:
        """How messages call it: `demo_requested` v2."""
        return f"`{'every event' if self.type == EVERY else self.type}` v{self.version}"


def read(text: str, file: str) -> EventSchema:
    """The schema that a YAML text declares; raises DocumentInvalid and SchemaInvalid, both with the place."""
    document, positions = load(text, file=file)
    return of(document, file, positions)


def of(document: object, file: str = "", positions: Positions | None = None) -> EventSchema:
    """The schema that a document declares; raises the same."""
    return _Reader(file, positions or Positions({})).schema(document)


@dataclass(frozen=True)
class _Reader:
    file: str
    positions: Positions

    def schema(self, document: object) -> EventSchema:
        body = self._table(document, (), KEYS)
        if body.get("schema") != SCHEMA:
            raise self._wrong(("schema",), f"Its `schema` is `{body.get('schema')}`", f"Write `schema: {SCHEMA}`.")
        kind = body.get("type")
        if not isinstance(kind, str) or not kind.strip() or len(kind) > 256:
            raise self._wrong(("type",), f"Its `type` is `{kind}`", "Name the events' type, or '*' for every event.")
        version = body.get("version")
        if type(version) is not int or not 0 < version <= HIGHEST:
            raise self._wrong(("version",), f"Its `version` is `{version}`", f"Count from 1 to {HIGHEST}.")
        properties = self._properties(body.get("properties"))
        steps = body.get("upcast") or []
        if not isinstance(steps, list):
            raise self._wrong(("upcast",), "Its `upcast` is no list", "List steps such as `{rename: a, to: b}`.")
        upcast = tuple(self._step(one, ("upcast", place), properties) for place, one in enumerate(steps))
        return EventSchema(kind, version, properties, upcast, str(body.get("description", "")), dict(body))

    def _properties(self, given: object) -> dict[str, Property]:
        body = self._table(given, ("properties",), None)
        found: dict[str, Property] = {}
        for name, about in body.items():
            path: Path = ("properties", name)
            if not NAME.fullmatch(name):
                raise self._wrong(path, f"`{name}` is no name of a property", "Use letters, digits, _, $ and -.")
            said = self._table(about, path, PROPERTY_KEYS)
            kind, required = said.get("type"), said.get("required", False)
            if kind not in TYPES:
                remedy = did_you_mean(str(kind), TYPES, f"Use {', '.join(TYPES)}.")
                raise self._wrong((*path, "type"), f"The type of `{name}` is `{kind}`", remedy)
            if not isinstance(required, bool):
                raise self._wrong((*path, "required"), f"`required` of `{name}` is `{required}`", "Use true or false.")
            found[name] = Property(str(kind), required, str(said.get("description", "")))
        return found

    def _step(self, given: object, path: Path, properties: Mapping[str, Property]) -> Step:
        body = self._table(given, path, None)
        kind = next((name for name in STEPS if name in body), None)
        if kind is None or set(body) != {kind, *STEPS[kind]} or not isinstance(body[kind], str):
            shapes = "; ".join(
                "{" + ", ".join(f"{key}: ..." for key in (one, *more)) + "}" for one, more in STEPS.items()
            )
            raise self._wrong(path, f"A step is `{dict(body)}`", f"Write one of {shapes}.")
        step = Step(kind, body[kind], body.get("to"), body.get("value"), body.get("by"), tuple(body.get("into") or ()))
        self._check_step(step, path, properties)
        return step

    def _check_step(self, step: Step, path: Path, properties: Mapping[str, Property]) -> None:
        if step.kind == "retype" and step.to not in TYPES:
            raise self._wrong(path, f"`{step.name}` is retyped to `{step.to}`", f"Use {', '.join(TYPES)}.")
        if step.kind == "split" and not (isinstance(step.by, str) and step.by and len(step.into) > 1):
            raise self._wrong(path, f"`{step.name}` is split by `{step.by}`", "Give `by` as text and `into` as names.")
        gives = {"rename": (step.to,), "split": step.into, "default": (step.name,), "retype": (step.name,)}
        for name in gives.get(step.kind, ()):
            if name not in properties:
                remedy = f"Declare `{name}` under `properties`, with its type."
                raise self._wrong(path, f"A step gives `{name}`, which this version does not declare", remedy)

    def _table(self, given: object, path: Path, known: tuple[str, ...] | None) -> Mapping[str, Any]:
        if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
            raise self._wrong(path, f"Here stands `{str(given)[:40]}`", "Write keys and values.")
        if known is not None:
            check_keys(given, known, where_path=path, file=self.file, positions=self.positions)
        return given

    def _wrong(self, path: Path, what: str, remedy: str) -> SchemaInvalid:
        where = Where(self.file, *self.positions.nearest(path)) if self.file else None
        return SchemaInvalid(f"{what}.", value=".".join(map(str, path)) or "document", remedy=remedy, where=where)
