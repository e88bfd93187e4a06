"""Properties in columns of their own: which ones, how they are taken from the JSON text, and what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.kernel.database import Change

MOST_COLUMNS = 24
MOST_WORDS = 1_000
LISTED_WORDS = 63
SAMPLE = 50_000
BULK = 10_000
SQL_TYPES = {"number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN"}
NAME = "[A-Za-z_][A-Za-z0-9_]*"
_CANDIDATES = f"""
SELECT key, CASE WHEN numbers = n THEN 'number' WHEN flags = n THEN 'boolean' ELSE 'text' END AS type
FROM (SELECT key, count(*) AS n, count(DISTINCT value) AS words,
             count(*) FILTER (WHERE kind IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')) AS numbers,
             count(*) FILTER (WHERE kind = 'VARCHAR') AS texts, count(*) FILTER (WHERE kind = 'BOOLEAN') AS flags
      FROM (SELECT key, json_type(properties, '/' || key) AS kind, json_extract_string(properties, '/' || key) AS value
            FROM (SELECT properties, unnest(json_keys(properties)) AS key FROM {{table}}
                  WHERE properties IS NOT NULL AND hash(event_id) % $step = 0)
            WHERE regexp_full_match(key, '{NAME}'))
      WHERE kind <> 'NULL' GROUP BY key)
WHERE n IN (numbers, flags) OR (n = texts AND words <= {MOST_WORDS}) ORDER BY n DESC, key
"""
_DECLARED = f"""
SELECT property, any_value(kind) FROM (
    SELECT property, CASE WHEN type IN ('number', 'decimal') THEN 'number' ELSE type END AS kind
    FROM declared_properties WHERE type <> 'time' AND regexp_full_match(property, '{NAME}'))
GROUP BY property HAVING count(DISTINCT kind) = 1 ORDER BY property
"""
_NAMES = """
INSERT INTO event_properties (property)
SELECT DISTINCT key FROM (SELECT unnest(keys) AS key FROM (SELECT DISTINCT json_keys(properties) AS keys FROM {table}))
ANTI JOIN event_properties ON property = key ORDER BY key
"""

_NAMED = """
INSERT INTO event_properties (property)
SELECT $name WHERE $name NOT IN (SELECT property FROM event_properties)
"""


@dataclass(frozen=True)
class PropertyColumn:
    """A property, the column of `events` that holds its values, and their type: number, text or boolean."""

    property: str
    column: str
    type: str


def columns(change: Change) -> list[PropertyColumn]:
    """The properties that have a column, in the columns' order."""
    rows = change.read(
        "SELECT property, column_name, type FROM event_properties WHERE column_name IS NOT NULL"
        " ORDER BY CAST(column_name[2:] AS INTEGER)"
    )
    return [PropertyColumn(*row) for row in rows.iter_rows()]


def note_names(change: Change, table: str) -> None:
    """Remember the properties that the table's events have."""
    change.execute(_NAMES.format(table=table))


def add_columns(change: Change, table: str) -> list[PropertyColumn]:
    """Give a column to the declared properties, then to the most frequent ones of one type in the table's events.

    Only for a log that is empty or about to be written anew: the new columns are empty. All columns, old and new.
    """
    present = columns(change)
    taken = {one.property for one in present}
    declared = change.read(_DECLARED).rows()
    step = 1 + change.scalar(f"SELECT count(*) FROM {table}") // SAMPLE
    found = change.read(_CANDIDATES.format(table=table), {"step": step}).rows()
    chosen = {name: kind for name, kind in [*found, *declared] if name not in taken}
    wanted = list(dict.fromkeys([*(name for name, _ in declared), *(name for name, _ in found)]))
    fresh = [name for name in wanted if name in chosen][: MOST_COLUMNS - len(present)]
    added = [PropertyColumn(name, f"p{len(present) + n}", chosen[name]) for n, name in enumerate(fresh, 1)]
    for one in added:
        change.execute(_NAMED, {"name": one.property})
        change.execute(f"ALTER TABLE events ADD COLUMN {one.column} {SQL_TYPES[one.type]}")
        change.execute(
            "UPDATE event_properties SET type = ?, column_name = ? WHERE property = ?",
            [one.type, one.column, one.property],
        )
    return [*present, *added]


def parsed(held: Sequence[PropertyColumn], relation: str = "") -> str:
    """The SQL that reads the JSON values of these properties from `properties`, once an event, as a list."""
    pointers = ", ".join(f"'/{one.property}'" for one in held)
    return f"json_extract({relation}properties, [{pointers}]) AS property_values"


def value(one: PropertyColumn, place: int) -> str:
    """The SQL of a property's value as its column holds it; NULL where it is missing or of another type."""
    text = f"CAST(property_values[{place}] AS VARCHAR)"
    if one.type == "number":
        return f"CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) + 0e0 END"
    if one.type == "boolean":
        return f"CASE {text} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    return f"CASE WHEN starts_with({text}, '\"') THEN json_extract_string(property_values[{place}], '$') END"


def values(held: Sequence[PropertyColumn]) -> list[str]:
    """The columns of these properties, from the list that `parsed` gives."""
    return [f"{value(one, place)} AS {one.column}" for place, one in enumerate(held, 1)]


def note_values(change: Change, held: Sequence[PropertyColumn], table: str, *, anew: bool = False) -> None:
    """Bound the numbers in the table's events and count values that do not fit; `anew` forgets what was known."""
    if anew:
        change.execute("UPDATE event_properties SET misfits = 0, low = NULL, high = NULL")
        change.execute("DELETE FROM event_words")
    if not held:
        return
    shown = [f"{value(one, place)} AS {one.column}" for place, one in enumerate(held, 1)]
    counted = [_counted(one, place) for place, one in enumerate(held, 1)]
    sql = (
        f"SELECT {', '.join(counted)} FROM (SELECT property_values, {', '.join(shown)}"
        f" FROM (SELECT {parsed(held)} FROM {table}))"
    )
    found = change.read(sql).row(0, named=True)
    for one in held:
        misfits, low, high = (found[f"{one.column}_{what}"] for what in ("misfits", "low", "high"))
        change.execute(
            "UPDATE event_properties SET misfits = misfits + ?, low = least(low, ?), high = greatest(high, ?)"
            " WHERE property = ?",
            [misfits, low, high, one.property],
        )
    for place, one in enumerate(held, 1):
        if one.type == "text":
            _note_words(change, one, f"SELECT {value(one, place)} AS word FROM (SELECT {parsed(held)} FROM {table})")


def _counted(one: PropertyColumn, place: int) -> str:
    misfit = f"{one.column} IS NULL AND CAST(property_values[{place}] AS VARCHAR) <> 'null'"
    edges = [f"{edge}({one.column})" if one.type == "number" else "CAST(NULL AS DOUBLE)" for edge in ("min", "max")]
    names = [f"{one.column}_{what}" for what in ("misfits", "low", "high")]
    columns = zip([f"count(*) FILTER (WHERE {misfit})", *edges], names, strict=True)
    return ", ".join(f"{sql} AS {name}" for sql, name in columns)


def _note_words(change: Change, one: PropertyColumn, words: str) -> None:
    """List the property's new values, up to one more than a word of bits has room for."""
    listed = change.scalar("SELECT count(*) FROM event_words WHERE property = ?", [one.property])
    if listed > LISTED_WORDS:
        return
    change.execute(
        f"INSERT INTO event_words SELECT $name, $listed - 1 + row_number() OVER (ORDER BY word), word"
        f" FROM (SELECT DISTINCT word FROM ({words}) WHERE word IS NOT NULL)"
        f" ANTI JOIN (SELECT word FROM event_words WHERE property = $name) USING (word)"
        f" ORDER BY word LIMIT {LISTED_WORDS + 1}",
        {"name": one.property, "listed": listed},
    )
