"""How an event's fields read in SQL when events are taken into memory: straight from the log, parsed once an event."""

from core.features.compiler.columns import pointers, quoted
from core.features.schema import json_path
from core.kernel.expressions import Field

_JOINED = {"lead_id": "l.lead_id", "account_id": "o.account_id", "type": "d.type", "source": "d.source"}
_JOINS = {
    "d.": " JOIN event_kinds d USING (kind_no)",
    "l.": " JOIN leads l ON l.lead_no = e.lead_no",
    "o.": " LEFT JOIN accounts o ON o.account_no = e.account_no",
}
_FIXED = ("e.event_no", "e.lead_no", "e.kind_no", "e.event_id AS id", "e.superseded_at")
_NONE = "nullif(CAST({}_values[{}] AS VARCHAR), 'null')"


class Columns:
    """The columns that are asked for, and the relation that has them."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, int]] = {"properties": {}, "context": {}}
        self._fields: dict[str, str] = {}

    def sql(self, field: Field) -> str:
        """The name of the field's column; a property is JSON text, NULL where missing or null."""
        self._fields.setdefault(field.name, self._read(field.name))
        return f'"{field.name}"'

    def relation(self, which: str) -> str:
        """The events that `which` says, with these columns, their numbers, kinds and times."""
        parsed = [
            f"json_extract({column}, [{', '.join(map(quoted, keys))}]) AS {column}_values"
            for column, keys in self._keys.items()
            if keys
        ]
        columns = [f'{sql} AS "{name}"' for name, sql in self._fields.items()]
        times = [f"epoch_us(e.{name}_at) AS {name}_us" for name in ("occurred", "received", "superseded")]
        joins = [join for name, join in _JOINS.items() if any(sql.startswith(name) for sql in self._fields.values())]
        return f"""SELECT {", ".join([*_FIXED, *times, *columns])}
FROM (SELECT {", ".join(["*", *parsed])} FROM events WHERE {which}) e{"".join(joins)}"""

    def _read(self, name: str) -> str:
        path = json_path(name)
        if path is None:
            return _JOINED.get(name, f"e.{name}")
        keys = self._keys[path[0]]
        reads = [_NONE.format(path[0], keys.setdefault(pointer, len(keys) + 1)) for pointer in pointers(name)]
        return reads[0] if len(reads) == 1 else f"coalesce({', '.join(reads)})"
