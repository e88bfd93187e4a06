"""What a log holds, counted without any look at outcomes: the ground of the default feature set."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from core.kernel.database import Cursor, Database

SAMPLE_EVENTS = 200_000
SPARSE = 20
MOST_CODES = 1000
_MEASURE_WORDS = """
amount price value cost revenue total sum count number qty quantity seat score rate age size length second minute hour
day week month year duration time percent budget salary income width height weight view visit lat lon
"""
MEASURES = frozenset(_MEASURE_WORDS.split())
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LEADS_SQL = (
    "CREATE OR REPLACE TEMP TABLE profiled AS SELECT i.lead_no, i.root_no "
    "FROM root_leads l {} JOIN identity_at(NULL) i ON i.root_no = l.lead_no"
)
_KINDS_SQL = """
SELECT k.type, k.source, count(*) AS events
FROM events e SEMI JOIN profiled USING (lead_no) JOIN event_kinds k USING (kind_no) GROUP BY ALL
"""
_TYPES_SQL = """
SELECT k.type, count(*) AS events, count(DISTINCT e.lead_no) AS leads
FROM events e SEMI JOIN profiled USING (lead_no) JOIN event_kinds k USING (kind_no) GROUP BY k.type
ORDER BY leads DESC, events DESC, k.type
"""
_SPAN_SQL = """
SELECT coalesce(quantile_disc(span, 0.75), 0) AS span, count(*) AS leads FROM (
    SELECT epoch_us(max(occurred_at)) - epoch_us(min(occurred_at)) AS span
    FROM events e JOIN profiled USING (lead_no) GROUP BY root_no)
"""
_PROPERTIES_SQL = """
SELECT key, count(*) AS events, count(DISTINCT kind_no) AS kinds,
       count(*) FILTER (WHERE kind IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')) AS numbers,
       count(*) FILTER (WHERE kind IN ('VARCHAR', 'BOOLEAN')) AS words, count(DISTINCT value) AS values,
       count(*) FILTER (WHERE number = trunc(number)) AS whole,
       coalesce(max(number) - min(number), 0) AS range
FROM (
    SELECT kind_no, key, CAST(json_extract(properties, pointer) AS VARCHAR) AS value,
           TRY_CAST(value AS DOUBLE) AS number, json_type(properties, pointer) AS kind
    FROM (
        SELECT kind_no, key, properties, '/' || replace(replace(key, '~', '~0'), '/', '~1') AS pointer
        FROM (
            SELECT kind_no, properties, unnest(json_keys(properties)) AS key
            FROM events e SEMI JOIN profiled USING (lead_no)
            WHERE properties IS NOT NULL AND hash(event_id) % $step = 0)))
WHERE kind <> 'NULL'
GROUP BY key ORDER BY events DESC, key
"""
_VALUES_SQL = """
SELECT json_extract_string(properties, $pointer) AS value, count(*) AS events
FROM events e SEMI JOIN profiled USING (lead_no) WHERE properties IS NOT NULL
GROUP BY value HAVING value IS NOT NULL ORDER BY events DESC, value LIMIT 20
"""
_ATTRIBUTES_SQL = """
SELECT t.name, t.type, count(DISTINCT a.lead_no) AS leads,
       count(DISTINCT coalesce(a.text, CAST(a.number AS VARCHAR), CAST(a.flag AS VARCHAR), CAST(a.moment AS VARCHAR)))
           AS values,
       coalesce(bool_and(a.number = trunc(a.number)), FALSE) AS whole
FROM attribute_types t JOIN attributes a USING (name) SEMI JOIN profiled p ON p.lead_no = a.lead_no
WHERE NOT t.personal GROUP BY t.name, t.type ORDER BY leads DESC, t.name
"""


@dataclass(frozen=True)
class TypeProfile:
    """An event type with its numbers of events and of leads that have it."""

    type: str
    events: int
    leads: int


@dataclass(frozen=True)
class PropertyProfile:
    """A property of events: how many (sampled) events have it, as numbers, whole numbers or words; its distinct values.

    `range` is the largest number minus the smallest.
    """

    key: str
    events: int
    kinds: int
    numbers: int
    words: int
    values: int
    whole: int
    range: float

    @property
    def is_number(self) -> bool:
        """Whether every value is a number that measures something."""
        return self.numbers == self.events and not self.is_code

    @property
    def is_code(self) -> bool:
        """Whether the values are few whole numbers far apart and the name is no measure's: names of things."""
        sparse = self.whole == self.events and self.range > SPARSE * self.values
        words = {word.lower().rstrip("s") for word in _WORDS.findall(self.key)}
        return sparse and self.values <= MOST_CODES and not words & MEASURES


@dataclass(frozen=True)
class AttributeProfile:
    """A lead attribute with its stored type, the leads that have it, its distinct values and whether all are whole."""

    name: str
    type: str
    leads: int
    values: int
    whole: bool


@dataclass(frozen=True)
class Profile:
    """`span` is the third quartile of the leads' time between first and last event, in microseconds."""

    leads: int
    active_leads: int
    span: int
    types: tuple[TypeProfile, ...]
    sources: tuple[str, ...]
    properties: tuple[PropertyProfile, ...]
    attributes: tuple[AttributeProfile, ...]
    flags: dict[str, tuple[str, ...]]


def profile(db: Database, leads: pl.DataFrame | None, exclude_types: Collection[str], few: int) -> Profile:
    """The profile of the log of `leads` (column lead_id; default all); `flags` holds the values of text properties
    that have at most `few` of them."""
    with db.scratch() as cursor:
        chosen = ""
        if leads is not None:
            cursor.load("chosen", leads.select(pl.col("lead_id").cast(pl.String)).unique())
            chosen = "SEMI JOIN chosen USING (lead_id)"
        cursor.execute(_LEADS_SQL.format(chosen))
        return _profile(cursor, exclude_types, few)


def _profile(cursor: Cursor, exclude_types: Collection[str], few: int) -> Profile:
    span, active = cursor.read(_SPAN_SQL).row(0)
    types = tuple(TypeProfile(**row) for row in cursor.read(_TYPES_SQL).iter_rows(named=True))
    kinds = cursor.read(_KINDS_SQL).filter(~pl.col("type").is_in(list(exclude_types)))
    properties = _properties(cursor)
    return Profile(
        leads=cursor.read("SELECT count(DISTINCT root_no) FROM profiled").item(),
        active_leads=active,
        span=span,
        types=tuple(found for found in types if found.type not in exclude_types),
        sources=tuple(kinds.group_by("source").agg(pl.sum("events")).sort(-pl.col("events"), "source")["source"]),
        properties=properties,
        attributes=tuple(AttributeProfile(**row) for row in cursor.read(_ATTRIBUTES_SQL).iter_rows(named=True)),
        flags={found.key: _values(cursor, found.key) for found in properties if _is_flag(found, few)},
    )


def _properties(cursor: Cursor) -> tuple[PropertyProfile, ...]:
    step = 1 + cursor.read("SELECT count(*) FROM events").item() // SAMPLE_EVENTS
    found = cursor.read(_PROPERTIES_SQL, {"step": step})
    return tuple(PropertyProfile(**row) for row in found.iter_rows(named=True))


def _is_flag(found: PropertyProfile, few: int) -> bool:
    return found.words == found.events and 2 <= found.values <= few


def _values(cursor: Cursor, key: str) -> tuple[str, ...]:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return tuple(cursor.read(_VALUES_SQL, {"pointer": pointer})["value"])
