"""What the online state reads from the store, by statements that take only what is new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Any

import numpy as np
import polars as pl

from core.features.compiler.accounts import FIRST_US
from core.features.compiler.branch import DICTIONARY_FIELDS
from core.features.compiler.columns import number_sql, quoted
from core.features.online.columns import Columns
from core.features.online.dictionary import Dictionary
from core.features.online.layout import EVENT_NO, FIXED, NEVER, OCCURRED, RECEIVED, SUPERSEDED, WORD_BITS, Layout, Text
from core.kernel.database import Cursor
from core.kernel.expressions import Expression, Field

_LEADS = "SELECT rowid AS row, 0 AS mark, lead_id, lead_no FROM leads"
_MERGE_MARK = "hash(from_no, into_no, known_from, known_until)"
_MERGES = f"""SELECT rowid AS row, {_MERGE_MARK} AS mark, from_no, into_no, epoch_us(known_from) AS known_from,
    coalesce(epoch_us(known_until), {NEVER}) AS known_until FROM lead_merges"""
_TIMES = f"""coalesce(epoch_us(valid_from), {FIRST_US}) AS valid_from,
    coalesce(epoch_us(received_at), {FIRST_US}) AS known_from"""
_ACCOUNTS = f"""SELECT m.rowid AS row, 0 AS mark, m.lead_no, m.account_no, a.account_id, m.origin = 'leads' AS stated,
    {_TIMES} FROM lead_accounts m JOIN accounts a USING (account_no)"""
_ATTRIBUTES = f"""SELECT rowid AS row, 0 AS mark, lead_no, name, text, number, flag, epoch_us(moment) AS moment,
    {_TIMES} FROM attributes"""


_SUPERSEDED_MARK = "hash(event_no, superseded_at)"
_EVENT_COUNTS = f"""SELECT count(*), coalesce(max(event_no), -1), (
    SELECT coalesce(bit_xor({_SUPERSEDED_MARK}), 0) FROM events WHERE superseded_at IS NOT NULL) FROM events"""
FIXED_NAMES = {OCCURRED: "occurred_us", RECEIVED: "received_us", SUPERSEDED: "superseded_us", EVENT_NO: "event_no"}


class Follower:
    """Reads what a table gained: the rows behind the last one read, or all where older ones changed or went."""

    def __init__(self, table: str, rows: str, mark: str = "0") -> None:
        self._count = f"SELECT count(*), coalesce(bit_xor({mark}), 0) FROM {table}"
        self._rows = f"SELECT * FROM ({rows}) WHERE row > ?"
        self._seen = (0, 0)
        self._last = -1

    def read(self, cursor: Cursor) -> tuple[pl.DataFrame, bool] | None:
        """The rows, and whether they are all that there are; None where nothing changed."""
        now = cursor.read(self._count).row(0)
        if now == self._seen:
            return None
        rows = cursor.read(self._rows, [self._last])
        gained = (self._seen[0] + len(rows), reduce(xor, rows["mark"].to_list(), self._seen[1]))
        whole = self._last < 0 or gained != now
        if whole and self._last >= 0:
            rows = cursor.read(self._rows, [-1])
        self._seen, self._last = now, max(rows["row"].to_list(), default=self._last)
        return rows.drop("row", "mark"), whole


def leads() -> Follower:
    """lead_id and lead_no."""
    return Follower("leads", _LEADS)


def merges() -> Follower:
    """from_no, into_no, known_from and known_until, in microseconds; rows are made anew when an identity changes."""
    return Follower("lead_merges", _MERGES, _MERGE_MARK)


def accounts() -> Follower:
    """Memberships: lead_no, account_no, account_id, stated (by a leads file), valid_from, known_from."""
    return Follower("lead_accounts", _ACCOUNTS)


def attributes(names: Sequence[str]) -> Follower:
    """The open values of these attributes: lead_no, name, a column a type, valid_from, known_from."""
    named = f"sealed IS NULL AND name IN ({', '.join(map(quoted, names))})"
    return Follower(f"(FROM attributes WHERE {named})", f"{_ATTRIBUTES} WHERE {named}")


class EventReader:
    """Events as rows of words, in the layout's columns; values are coded by the dictionaries of their columns."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.dictionaries = {value: Dictionary() for value in layout.values if isinstance(value, Text)}
        self._of_leads = _statement(layout, "lead_no BETWEEN $first AND $last")
        self._newer = _statement(layout, "event_no > $after")
        self._of_kinds = _kinds_statement(layout)
        self._schema = _schema(layout)
        self._kinds = np.zeros((0, layout.words), dtype=np.int64)

    def slices(self, cursor: Cursor, most: int) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        """All events, ordered by lead and time, in slices of about so many: the lead of each row, and the rows."""
        counts = cursor.read("SELECT lead_no, count(*) AS n FROM events GROUP BY lead_no ORDER BY lead_no")
        part = (counts["n"].cum_sum() // most).alias("part")
        bounds = counts.group_by(part, maintain_order=True).agg(first=pl.min("lead_no"), last=pl.max("lead_no"))
        for _, first, last in bounds.iter_rows():
            yield self._rows(cursor, cursor.read(self._of_leads, {"first": first, "last": last}))

    def after(self, cursor: Cursor, event_no: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The events numbered above `event_no`, ordered by lead and time, and the mark of the superseded ones."""
        return self._with_mark(cursor, cursor.read(self._newer, {"after": event_no}))

    def few_after(self, cursor: Cursor, event_no: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The same, sooner where they are few."""
        found = cursor.rows(self._newer, {"after": event_no})
        return self._with_mark(cursor, pl.DataFrame(found, schema=self._schema, orient="row"))

    def _with_mark(self, cursor: Cursor, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, int]:
        return *self._rows(cursor, frame), reduce(xor, frame["mark"].to_list(), 0)

    def _rows(self, cursor: Cursor, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        rows = np.empty((len(frame), self._layout.width), dtype=np.int64)
        for column, name in FIXED_NAMES.items():
            rows[:, column] = frame[name].to_numpy()
        for place, value in enumerate(self._layout.values):
            rows[:, FIXED + place] = self._words(value, frame[f"v{place}"])
        by_kind = self._by_kind(cursor, frame["kind_no"].to_numpy())
        for word in range(self._layout.words):
            rows[:, FIXED + len(self._layout.values) + word] = frame[f"w{word}"].to_numpy() + by_kind[:, word]
        return frame["lead_no"].to_numpy(), rows

    def _by_kind(self, cursor: Cursor, kinds: np.ndarray) -> np.ndarray:
        """The bits that the kind of an event decides; the dictionary of kinds is read again where one is new."""
        if kinds.max(initial=0) >= len(self._kinds):
            found = cursor.read(self._of_kinds)
            self._kinds = np.zeros((found["kind_no"].to_list()[-1] + 1, self._layout.words), dtype=np.int64)
            self._kinds[found["kind_no"].to_numpy()] = found.drop("kind_no").to_numpy()
        return self._kinds[kinds]

    def _words(self, value: Field | Text, column: pl.Series) -> np.ndarray:
        if isinstance(value, Text):
            return self.dictionaries[value].codes(column)
        return column.fill_null(float("nan")).to_numpy().view(np.int64)


def _statement(layout: Layout, which: str) -> str:
    events = Columns()
    values = [_value(value, events.sql(value.of if isinstance(value, Text) else value)) for value in layout.values]
    columns = [
        "kind_no",
        "occurred_us",
        "received_us",
        f"coalesce(superseded_us, {NEVER}) AS superseded_us",
        "event_no",
    ]
    columns.append(f"CASE WHEN superseded_at IS NULL THEN 0 ELSE {_SUPERSEDED_MARK} END AS mark")
    columns += [f"{sql} AS v{place}" for place, sql in enumerate(values)]
    columns += [f"{_packed(part, events, simple=False)} AS w{place}" for place, part in enumerate(_parts(layout))]
    return f"""SELECT {", ".join(["lead_no", *columns])} FROM ({events.relation(which)})
ORDER BY lead_no, occurred_us, received_us, id"""


def _schema(layout: Layout) -> dict[str, Any]:
    """The columns of such a statement with their types."""
    named = dict.fromkeys(("lead_no", "kind_no", "occurred_us", "received_us", "superseded_us", "event_no"), pl.Int64)
    values = {f"v{place}": _dtype(value) for place, value in enumerate(layout.values)}
    return {**named, "mark": pl.UInt64, **values, **{f"w{place}": pl.Int64 for place in range(layout.words)}}


def _dtype(value: Field | Text) -> Any:
    if not isinstance(value, Text):
        return pl.Float64
    return pl.Boolean if value.dtype == "boolean" else pl.String


def _kinds_statement(layout: Layout) -> str:
    words = [f"{_packed(part, None, simple=True)} AS w{place}" for place, part in enumerate(_parts(layout))]
    return f"SELECT {', '.join(['kind_no', *words])} FROM event_kinds ORDER BY kind_no"


def _value(value: Field | Text, column: str) -> str:
    if not isinstance(value, Text):
        return number_sql(value, column)
    kind = "BOOLEAN" if value.dtype == "boolean" else "VARCHAR"
    return f"CAST({value.sql(column)} AS {kind})"


def _parts(layout: Layout) -> Iterable[Sequence[Expression]]:
    """The conditions of each word of bits."""
    conditions = list(layout.conditions.values())
    return (conditions[start : start + WORD_BITS] for start in range(0, len(conditions), WORD_BITS))


def _packed(part: Sequence[Expression], events: Columns | None, *, simple: bool) -> str:
    """The bits of the conditions that the dictionary of kinds decides (simple), or of the others."""
    terms = [
        f"CASE WHEN {expression.to_sql(None if events is None else events.sql)} THEN {1 << bit} ELSE 0 END"
        for bit, expression in enumerate(part)
        if (expression.fields <= DICTIONARY_FIELDS) is simple
    ]
    return f"CAST({' + '.join(terms) or '0'} AS BIGINT)"


@dataclass(frozen=True)
class EventCounts:
    """How many events there are, the newest number, and a mark of which are superseded when."""

    events: int
    newest: int
    superseded: int


NO_EVENTS = EventCounts(0, -1, 0)


def event_counts(cursor: Cursor) -> EventCounts:
    """The counts of the log as it is now."""
    return EventCounts(*cursor.read(_EVENT_COUNTS).row(0))


def superseded(cursor: Cursor) -> pl.DataFrame:
    """lead_no, event_no and until (microseconds) of the events that a later one has superseded."""
    columns = "lead_no, event_no, epoch_us(superseded_at) AS until"
    return cursor.read(f"SELECT {columns} FROM events WHERE superseded_at IS NOT NULL ORDER BY lead_no")


def in_order_of_id(cursor: Cursor, event_nos: Sequence[int]) -> list[int]:
    """The numbers of events in the order of their ids."""
    sql = "SELECT event_no FROM events WHERE list_contains($asked, event_no) ORDER BY event_id"
    return cursor.read(sql, {"asked": list(event_nos)})["event_no"].to_list()


def attribute_types(cursor: Cursor, names: Sequence[str]) -> dict[str, str]:
    """The stored type of each of the attributes: number, category, boolean or time."""
    stored = dict(cursor.read("SELECT name, type FROM attribute_types").iter_rows())
    return {name: stored[name] for name in names}
