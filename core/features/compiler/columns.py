"""How an event's fields read in SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.features.aggregates import BOOLEAN, CATEGORY, COUNT, NUMBER, RAW_NUMBER_LIMIT
from core.features.schema import json_path
from core.features.stored import StoredColumn
from core.kernel.expressions import Field, Kind
from core.kernel.times import DAY_US

SQL_TYPES = {COUNT: "BIGINT", BOOLEAN: "BOOLEAN", NUMBER: "DOUBLE", CATEGORY: "VARCHAR"}
WHOLE_LIMIT = 1e15
EARLY_US = 400_000 * DAY_US
"""Added to a time it gives a positive number."""
DICTIONARY_BITS = 62
OCCURRED, RECEIVED = "epoch_us(e.occurred_at)", "epoch_us(e.received_at)"
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
    """The columns that one branch takes from the event log; JSON columns are parsed once an event.

    `stored` has the properties that need no parsing, by field name; `root` is the SQL of the lead that an event
    counts for, `log` the relation of the events.
    """

    def __init__(
        self, stored: Mapping[str, StoredColumn] | None = None, root: str = "e.lead_no", log: str = "events"
    ) -> None:
        self._stored, self._root, self._events = stored or {}, root, log
        self._keys: dict[str, dict[str, int]] = {"properties": {}, "context": {}}
        self._json: dict[str, str] = {}
        self._plain: dict[str, str] = {}

    def stored(self, field: Field) -> StoredColumn | None:
        """The field's own column in the log, or None."""
        return self._stored.get(field.name)

    @property
    def names_kinds(self) -> bool:
        """Whether an event's type or source is read."""
        return not {"type", "source"}.isdisjoint(self._plain)

    def kind(self, field: Field) -> Kind | None:
        """The one kind of a property's column; None where it is read as JSON."""
        found = self.stored(field)
        return None if found is None else found.kind

    def sql(self, field: Field) -> str:
        """The name that the field's value has in the branch's event relation."""
        found = self.stored(field)
        if found is not None:
            self._plain.setdefault(found.column, f"e.{found.column}")
            return found.column
        return self.json(field) if json_path(field.name) else self._envelope(field.name)

    def json(self, field: Field) -> str:
        """The name of a property's JSON text."""
        if field.name not in self._json:
            self._json[field.name] = self._element(json_path(field.name)[0], field.name)  # type: ignore[index]
        return f"j{list(self._json).index(field.name)}"

    def _envelope(self, name: str) -> str:
        self._plain.setdefault(name, _JOINED.get(name, f"e.{name}"))
        return f'"{name}"'

    def _element(self, column: str, name: str) -> str:
        keys = self._keys[column]
        reads = []
        for pointer in pointers(name):
            place = keys.setdefault(pointer, len(keys) + 1)
            reads.append(f"nullif(CAST({column}_values[{place}] AS VARCHAR), 'null')")
        return reads[0] if len(reads) == 1 else f"coalesce({', '.join(reads)})"

    def seen(self, leads: str, tests: str) -> str:
        """The SQL of the pairs (row, event) that meet the tests: row_no, age, lead_no, t, k, kind, the columns."""
        plain = [f'{sql} AS "{name}"' for name, sql in self._plain.items() if name not in ("type", "source")]
        parsed = [f"e.{column}_values" for column, keys in self._keys.items() if keys]
        columns = ["s.row_no", f"s.a - {OCCURRED} AS age", f"{self._root} AS lead_no", f"{OCCURRED} AS t"]
        columns += [f"{RECEIVED} AS k", "e.kind_no AS kind"]
        source = f"{self._log(leads)} e JOIN {leads} s ON e.lead_no = s.lead_no AND {tests}"
        if "lead_id" in self._plain:
            source += f" JOIN leads l ON l.lead_no = {self._root}"
        if "account_id" in self._plain:
            source += " LEFT JOIN accounts o ON o.account_no = e.account_no"
        selected = f"SELECT {', '.join([*columns, *plain, *parsed])}\n    FROM {source}"
        outer = [f"{sql} AS j{place}" for place, sql in enumerate(self._json.values())]
        return f"SELECT {', '.join(['*', *outer])} FROM (\n    {selected})" if outer else selected

    def _log(self, leads: str) -> str:
        """The log itself, or the events of these leads with their JSON parsed before any join."""
        parsed = [
            f"json_extract(e.{column}, [{', '.join(map(quoted, keys))}]) AS {column}_values"
            for column, keys in self._keys.items()
            if keys
        ]
        if not parsed:
            return self._events
        return f"(SELECT e.*, {', '.join(parsed)} FROM {self._events} e SEMI JOIN {leads} USING (lead_no))"

    def number(self, field: Field) -> str:
        """The field as DOUBLE where it is a number within the limit, else NULL; text is never a number.

        No other field has this SQL, whatever the log holds.
        """
        found, sql = self.stored(field), self.sql(field)
        if found is None:
            return number_sql(field, sql)
        if found.dtype != NUMBER:
            return f"CASE WHEN {sql} IS NULL THEN CAST(NULL AS DOUBLE) END"
        return within_limit(sql, found.bound)

    def bound(self, field: Field) -> float:
        """No number of the field is larger than this."""
        found = self.stored(field)
        return RAW_NUMBER_LIMIT if found is None else min(found.bound, RAW_NUMBER_LIMIT)

    def distinct(self, field: Field) -> str:
        """The field as the key by which values differ: numbers by value, everything else by its text."""
        sql = self.sql(field)
        return sql if self.stored(field) else distinct_sql(field, sql)

    def bit(self, field: Field) -> str | None:
        """The name of the one bit that stands for a text property's value; None where a word has too few bits."""
        found = self.stored(field)
        if found is None or found.dtype != CATEGORY or not 0 < len(found.words) <= DICTIONARY_BITS:
            return None
        words = f"ENUM({', '.join(map(quoted, found.words))})"
        self._plain.setdefault(
            f"{found.column}_bit", f"CAST(1 AS BIGINT) << enum_code(TRY_CAST(e.{found.column} AS {words}))"
        )
        return f"{found.column}_bit"

    def edge(self, field: Field, dtype: str) -> "Edge":
        """What a first or last value keeps of an event, and how the declared type is made of it."""
        found = self.stored(field)
        if found is None or found.dtype != dtype:
            kept = self.json(field) if field.kind is Kind.ANY else self.sql(field)
            return Edge(f"raw_{dtype}", kept, "VARCHAR", lambda sql: typed_sql(field, sql, dtype))
        bound = found.bound if dtype == NUMBER else 0.0
        return Edge("v", self.sql(field), SQL_TYPES[dtype], lambda sql: within_limit(sql, bound))


@dataclass(frozen=True)
class Edge:
    """A value of an event as it is kept: a name for what it is, its SQL and type, and the SQL of the declared type."""

    name: str
    sql: str
    sql_type: str
    typed: Callable[[str], str]


def within_limit(sql: str, bound: float) -> str:
    """The number where it is within the limit that sums keep to."""
    return sql if bound <= RAW_NUMBER_LIMIT else f"CASE WHEN abs({sql}) <= {real(RAW_NUMBER_LIMIT)} THEN {sql} END"


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
    written = rf"regexp_replace(regexp_replace({sql}, '\.0$', ''), 'e(\d)', 'e+\1')"
    return (
        f"CASE WHEN starts_with({sql}, '\"') THEN json_extract_string({sql}, '$')"
        f" WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR)"
        f" WHEN {value} IS NOT NULL THEN {written} ELSE {sql} END"
    )
