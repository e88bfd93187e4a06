"""Fields and their kinds: what a condition may name and how its values compare."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.kernel.errors import nearest


class Kind(StrEnum):
    """How a field's values compare; ANY is a JSON value whose type is known only when it is read."""

    INT = "int"
    DECIMAL = "decimal"
    NUMBER = "number"
    TEXT = "text"
    ENUM = "enum"
    BOOL = "bool"
    TIME = "time"
    ANY = "any"


ORDERED = frozenset({Kind.INT, Kind.DECIMAL, Kind.NUMBER, Kind.TIME})
NUMERIC = frozenset({Kind.INT, Kind.DECIMAL, Kind.NUMBER})
TEXTUAL = frozenset({Kind.TEXT, Kind.ENUM})


@dataclass(frozen=True)
class Field:
    """A name that conditions may use; `scale` counts decimal places, `minimum` and `maximum` bound its constants."""

    name: str
    kind: Kind
    optional: bool = True
    values: tuple[str, ...] = ()
    scale: int = 0
    minimum: Decimal | None = None
    maximum: Decimal | None = None


class Schema:
    """The fields that a condition may name; `open` may answer for further names, and must always answer alike."""

    def __init__(self, fields: Iterable[Field], *, open: Callable[[str], Field | None] | None = None) -> None:
        self._fields = {field.name: field for field in fields}
        self._open = open
        self._hash = hash((frozenset(self._fields.values()), open))

    def find(self, name: str) -> Field | None:
        """The field of exactly that name, or None."""
        known = self._fields.get(name)
        return known if known is not None or self._open is None else self._open(name)

    def nearest(self, name: str) -> str | None:
        """The known name closest to `name` in spelling, or None where nothing is close."""
        by_folded = {known.casefold(): known for known in self._fields}
        found = nearest(name.casefold(), by_folded)
        return None if found is None else by_folded[found]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and (self._fields, self._open) == (other._fields, other._open)

    def __hash__(self) -> int:
        return self._hash
