"""Mapping: which column of a file gives which field, in words that a recipe, a file or the import wizard writes."""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.kernel.errors import nearest
from core.signals.aliases import TABLES, lacking, plain_name, suggest
from core.signals.errors import MappingInvalid, UnknownColumn, UnknownMappingField, UnmappedField
from core.signals.readers.xes_file import NAMES as XES_NAMES

KEYS = ("map", "properties", "attributes", "personal", "placeholders", "dates", "delimiter", "order_of_rows")
DATES = ("dmy", "mdy")


@dataclass(frozen=True)
class Mapping:
    """Field → column names (the first present value counts), literals, and what else to keep.

    `keep` lists the further columns kept as properties or attributes (None: every one not mapped); `personal` adds
    columns that are sealed; `placeholders` are texts that mean missing, beside the well-known ones.
    """

    columns: Table[str, tuple[str, ...]] = field(default_factory=dict)
    literals: Table[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] | None = None
    personal: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    dates: str | None = None
    delimiter: str | None = None
    order_of_rows: bool = False

    @classmethod
    def of(cls, given: Table[str, Any] | None) -> "Mapping":
        """The mapping that a recipe's source or a mapping file holds; raises MappingInvalid or UnknownMappingField.

        Either {"map": {...}, "properties": [...], ...} or the inner table alone.
        """
        given = dict(given or {})
        outer = given if "map" in given or not given or set(given) <= set(KEYS) else {"map": given}
        for key in outer:
            if key not in KEYS:
                raise UnknownMappingField(key, KEYS)
        fields = outer.get("map") or {}
        if not isinstance(fields, dict):
            raise MappingInvalid("map", fields, "a table of field: column")
        return _assemble(fields, outer)

    def to_json(self) -> dict[str, Any]:
        """The mapping as it is stored with a batch; `of` reads it back."""
        shown = {name: _shown(names) for name, names in self.columns.items()}
        literals = {name: {"literal": value} for name, value in self.literals.items()}
        extras = {
            "properties": None if self.keep is None else list(self.keep),
            "personal": list(self.personal),
            "placeholders": list(self.placeholders),
            "dates": self.dates,
            "delimiter": self.delimiter,
            "order_of_rows": self.order_of_rows,
        }
        return {"map": shown | literals} | {
            name: value for name, value in extras.items() if value not in (None, [], False)
        }


def _assemble(fields: dict[str, Any], outer: dict[str, Any]) -> Mapping:
    columns: dict[str, tuple[str, ...]] = {}
    literals: dict[str, Any] = {}
    order_of_rows = bool(outer.get("order_of_rows", False))
    for name, value in fields.items():
        if isinstance(value, dict) and set(value) == {"literal"}:
            literals[name] = value["literal"]
        elif name == "created_at" and isinstance(value, dict) and set(value) == {"order_of_rows"}:
            order_of_rows = bool(value["order_of_rows"])
        elif value is not None:
            columns[name] = _column_names(name, value)
    keep = outer.get("properties", outer.get("attributes"))
    return Mapping(
        columns,
        literals,
        None if keep is None else _texts("properties", keep),
        _texts("personal", outer.get("personal") or []),
        _texts("placeholders", outer.get("placeholders") or []),
        _dates(outer.get("dates")),
        outer.get("delimiter"),
        order_of_rows,
    )


def _column_names(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise MappingInvalid(name, value, "a column's name, a list of them, or {literal: VALUE}")


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise MappingInvalid(name, value, "a list of names")


def _dates(value: Any) -> str | None:
    if value is None or value in DATES:
        return value
    raise MappingInvalid("dates", value, "dmy or mdy")


def _shown(names: Sequence[str]) -> str | list[str]:
    return list(names) if len(names) > 1 else names[0]


@dataclass(frozen=True)
class Resolved:
    """A mapping laid on a file: every column exists; `kept` are the further columns to keep, in the file's order."""

    columns: Table[str, tuple[str, ...]]
    literals: Table[str, Any]
    kept: tuple[str, ...]
    mapping: Mapping


def resolve(mapping: Mapping, columns: Sequence[str], kind: str, path: object) -> Resolved:
    """Lay the mapping on the file's columns, aliases filling what it leaves open.

    Raises UnknownMappingField, UnknownColumn, or UnmappedField for a required field.
    """
    known = list(TABLES[kind])
    for name in (*mapping.columns, *mapping.literals):
        if name not in known:
            raise UnknownMappingField(name, known)
    given = {
        name: tuple(_existing(column, f"map.{name}", columns, path) for column in names)
        for name, names in mapping.columns.items()
    }
    found = _with_aliases(mapping, given, columns, kind)
    for name in lacking(kind, {*found, *mapping.literals}):
        raise UnmappedField(name, kind, columns, path, _near(name, columns, kind))
    return Resolved(found, mapping.literals, _kept(mapping, found, columns, path), mapping)


def _with_aliases(
    mapping: Mapping, given: dict[str, tuple[str, ...]], columns: Sequence[str], kind: str
) -> dict[str, tuple[str, ...]]:
    used = {column for names in given.values() for column in names} | set(mapping.keep or ())
    free = [column for column in columns if column not in used]
    guessed = {
        name: names
        for name, names in suggest(free, kind).items()
        if name not in given and name not in mapping.literals and not (name == "created_at" and mapping.order_of_rows)
    }
    return guessed | given


def _kept(
    mapping: Mapping, found: Table[str, tuple[str, ...]], columns: Sequence[str], path: object
) -> tuple[str, ...]:
    if mapping.keep is not None:
        return tuple(_existing(column, "properties", columns, path) for column in mapping.keep)
    used = {column for names in found.values() for column in names}
    return tuple(column for column in columns if column not in used)


def _existing(column: str, where: str, columns: Sequence[str], path: object) -> str:
    if column in columns:
        return column
    renamed = XES_NAMES.get(column.removeprefix("case:") if column != "case:concept:name" else "", None)
    for candidate in (renamed, "case_id" if column in ("case:concept:name", "trace concept:name") else None):
        if candidate in columns:
            return str(candidate)
    raise UnknownColumn(column, where, list(columns), path)


def _near(name: str, columns: Sequence[str], kind: str) -> list[str]:
    plain = {plain_name(column): column for column in columns}
    wanted = (plain_name(name), *TABLES[kind][name])
    close = [plain[match] for alias in wanted if (match := nearest(alias, plain))]
    return list(dict.fromkeys(close))[:3]


def suggested_map(columns: Sequence[str], kind: str) -> dict[str, Any]:
    """The mapping that the alias tables suggest, as a recipe writes it."""
    return {name: _shown(names) for name, names in suggest(columns, kind).items()}
