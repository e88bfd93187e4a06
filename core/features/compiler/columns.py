"""How an event's fields read in SQL."""

from core.features.aggregates import RAW_NUMBER_LIMIT
from core.features.schema import json_path
from core.kernel.expressions import Field, Kind

WHOLE_LIMIT = 1e15
_JOINED = {"lead_id": "l.lead_id", "account_id": "o.account_id", "type": "d.type", "source": "d.source"}


def quoted(text: str) -> str:
    """An SQL text constant."""
    return "'" + text.replace("'", "''") + "'"


def real(value: float) -> str:
    """An SQL DOUBLE constant; without an exponent DuckDB would read a DECIMAL."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def pointers(name: str) -> tuple[str, ...]:
    """The JSON pointers that a property name may mean: the key itself, then the path that its dots spell."""
    path = json_path(name)
    key = path[1] if path else name
    escaped = key.replace("~", "~0").replace("/", "~1")
    nested = "/" + escaped.replace(".", "/")
    return (f"/{escaped}",) if "." not in key else (f"/{escaped}", nested)


def json_sql(name: str, relation: str = "") -> str:
    """The SQL of a property as JSON text read straight from its column; NULL where missing or null."""
    path = json_path(name)
    column = relation + (path[0] if path else "properties")
    reads = [f"nullif(CAST(json_extract({column}, {quoted(place)}) AS VARCHAR), 'null')" for place in pointers(name)]
    return reads[0] if len(reads) == 1 else f"coalesce({', '.join(reads)})"


class EventColumns:
    """The columns that one branch takes from the event log; JSON columns are parsed once an event."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, int]] = {"properties": {}, "context": {}}
        self._json: dict[str, str] = {}
        self._plain: dict[str, str] = {}

    def sql(self, field: Field) -> str:
        """The name that the field's value has in the branch's event relation."""
        path = json_path(field.name)
        if path is None:
            self._plain.setdefault(field.name, _JOINED.get(field.name, f"e.{field.name}"))
            return f'"{field.name}"'
        if field.name not in self._json:
            self._json[field.name] = self._element(path[0], field.name)
        return f"j{list(self._json).index(field.name)}"

    def _element(self, column: str, name: str) -> str:
        keys = self._keys[column]
        reads = []
        for pointer in pointers(name):
            place = keys.setdefault(pointer, len(keys) + 1)
            reads.append(f"nullif(CAST({column}_values[{place}] AS VARCHAR), 'null')")
        return reads[0] if len(reads) == 1 else f"coalesce({', '.join(reads)})"

    def relation(self, leads: str, dictionary: str) -> str:
        """The SQL of the log of the leads in `leads`, with these columns and the dictionary's."""
        plain = [f'{sql} AS "{name}"' for name, sql in self._plain.items() if sql != "d.type" and sql != "d.source"]
        parsed = [
            f"json_extract(e.{column}, [{', '.join(map(quoted, keys))}]) AS {column}_values"
            for column, keys in self._keys.items()
            if keys
        ]
        inner = ["e.lead_no", "epoch_us(e.occurred_at) AS t", "epoch_us(e.received_at) AS k", "d.*", *plain, *parsed]
        outer = [f"{sql} AS j{place}" for place, sql in enumerate(self._json.values())]
        source = f"SELECT {', '.join(inner)}\n    FROM events e SEMI JOIN {leads} USING (lead_no)"
        source += f" JOIN {dictionary} d USING (kind_no)"
        if "lead_id" in self._plain:
            source += " JOIN leads l ON l.lead_no = e.lead_no"
        if "account_id" in self._plain:
            source += " LEFT JOIN accounts o ON o.account_no = e.account_no"
        return f"SELECT {', '.join(['*', *outer])} FROM (\n    {source})" if outer else source


def number_sql(field: Field, sql: str) -> str:
    """The field as DOUBLE where it is a number within the limit, else NULL; text is never a number."""
    if field.kind is Kind.INT:
        return f"CAST({sql} AS DOUBLE)"
    value = f"TRY_CAST({sql} AS DOUBLE)"
    return f"CASE WHEN abs({value}) <= {real(RAW_NUMBER_LIMIT)} THEN {value} + 0e0 END"


def distinct_sql(field: Field, sql: str) -> str:
    """The field as the key by which values differ: numbers by value, everything else by its text."""
    if field.kind is not Kind.ANY:
        return sql
    return f"coalesce(CAST(TRY_CAST({sql} AS DOUBLE) + 0e0 AS VARCHAR), {sql})"


def typed_sql(field: Field, sql: str, dtype: str) -> str:
    """A stored first or last value as the declared type; text of another type is missing, a category takes any."""
    if field.kind is not Kind.ANY:
        same = dtype == "category" or (dtype == "number" and field.kind is Kind.INT)
        return f"CAST({sql} AS {'DOUBLE' if dtype == 'number' else 'VARCHAR'})" if same else "NULL"
    if dtype == "number":
        return number_sql(field, sql)
    if dtype == "boolean":
        return f"CASE {sql} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    value = f"TRY_CAST({sql} AS DOUBLE)"
    whole = f"abs({value}) < {real(WHOLE_LIMIT)} AND {value} = trunc({value})"
    return (
        f"CASE WHEN starts_with({sql}, '\"') THEN json_extract_string({sql}, '$')"
        f" WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {sql} END"
    )
