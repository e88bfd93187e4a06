"""Kept builds in the store: their rows, what is noted of them, and the marks of the leads as they were."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.features.compiler.columns import SQL_TYPES
from core.features.document import FeatureSet
from core.features.spine import LEAD_NO
from core.kernel.canonical import canonical
from core.kernel.database import Change, Cursor
from core.kernel.times import naive

KEYS = ("lead_id", "as_of", "known_at")
NUMBER = f'"{LEAD_NO}"'
KEY_COLUMNS = f"lead_id VARCHAR, as_of TIMESTAMP, known_at TIMESTAMP, {NUMBER} INTEGER"
SAME_ROW = " AND ".join(f"k.{key} IS NOT DISTINCT FROM r.{key}" for key in KEYS)
_KEPT = """
SELECT table_name, columns, words, version, revision, last_event, events, asked FROM kept_sets WHERE set_hash = ?
"""
_REVISION = "SELECT coalesce(max_by(hash, seq), '') FROM ledger WHERE stream = 'signals'"
_LOG = "SELECT coalesce(max(event_no), 0), count(*) FROM events"
_STILL_THERE = "SELECT count(*) FROM events WHERE event_no <= ?"
_NUMBERED = f"SELECT r.*, l.lead_no AS {NUMBER} FROM unnumbered r LEFT JOIN leads l USING (lead_id)"


@dataclass(frozen=True)
class Kept:
    """A kept build as the store notes it; `columns` maps a feature to its type as resolved, a part to its SQL type.

    `words` are the values, by property, that the bits of parts stand for, in their order.

    `last_event` and `events` say how far the log had come. All rows of the spine that `asked` is the fingerprint of
    are kept; a build that is too old to have one is made anew.
    """

    table: str
    columns: dict[str, str]
    words: dict[str, list[str]]
    version: int
    revision: str
    last_event: int | None
    events: int | None
    asked: str | None


@dataclass(frozen=True)
class Built:
    """What was built: whole rows, and rows of which only the features of the account were; each with KEYS, LEAD_NO.

    The parts of the features of the account, where they are kept, are columns of both.
    """

    whole: pl.DataFrame
    partly: pl.DataFrame


def kept(cursor: Cursor, set_hash: str) -> Kept | None:
    """What is kept of a set, or None."""
    for table, columns, words, *about in cursor.rows(_KEPT, [set_hash]):
        return Kept(table, json.loads(columns), json.loads(words), *about)
    return None


def now(
    cursor: Cursor,
    set_hash: str,
    columns: dict[str, str],
    words: dict[str, list[str]],
    before: Kept | None,
    asked: str,
) -> Kept:
    """What will be noted of a build with these columns and words that sees what the cursor's transaction sees."""
    table = f"built_{set_hash.removeprefix('sha256:')[:24]}" if before is None else before.table
    last_event, events = cursor.rows(_LOG)[0]
    version = 1 + (before.version if before else 0)
    return Kept(table, columns, words, version, cursor.scalar(_REVISION), last_event, events, asked)


def is_grown(cursor: Cursor, before: Kept, head: Kept) -> bool:
    """Whether the log still has every event that it had at the kept build, whose rows and parts can still be read.

    Rows cannot be told apart in a build of an earlier leadbench, nor where a feature's name hides the database's own
    `rowid`; parts cannot be read once a value is of another type, or another word has a bit.
    """
    told_apart = before.asked is not None and "rowid" not in map(str.lower, before.columns)
    same_bits = all(head.words.get(name, [])[: len(words)] == words for name, words in before.words.items())
    return (
        told_apart
        and same_bits
        and before.columns == head.columns
        and before.last_event is not None
        and cursor.scalar(_STILL_THERE, [before.last_event]) == before.events
    )


def types_of(typed: FeatureSet) -> dict[str, str]:
    """The features' types by name, of a resolved set."""
    return {feature.name: feature.dtype for feature in typed.features}


def keys(cursor: Cursor, table: str) -> pl.DataFrame:
    """lead_id, as_of, known_at of every kept row."""
    return cursor.read(f"SELECT {', '.join(KEYS)} FROM {table}")


def numbered(cursor: Cursor, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (KEYS), in any order, with LEAD_NO: the number of their lead, null where nobody knows it."""
    cursor.load("unnumbered", rows)
    return cursor.read(_NUMBERED)


def values_at(cursor: Cursor, table: str, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The kept values of these features at rows that are kept (lead_id, as_of, known_at), in the rows' order."""
    cursor.load("asked", rows.select(KEYS).with_row_index("place"))
    columns = ", ".join(f'k."{name}"' for name in names)
    return cursor.read(f"SELECT {columns} FROM asked r JOIN {table} k ON {SAME_ROW} ORDER BY r.place")


def write(change: Change, set_hash: str, head: Kept, built: Built, marks: pl.DataFrame, *, anew: bool) -> None:
    """Put the built rows and values in the place of the kept ones, and the marks of the leads that have changed.

    `anew` forgets what was kept of the set.
    """
    if anew:
        spelled = ", ".join(f'"{name}" {SQL_TYPES.get(kind, kind)}' for name, kind in head.columns.items())
        change.execute(f"CREATE OR REPLACE TABLE {head.table} ({KEY_COLUMNS}, {spelled})")
        change.execute("DELETE FROM kept_marks WHERE set_hash = ?", [set_hash])
    else:
        _take_out(change, head.table, built.whole)
        _take_out_marks(change, set_hash, marks)
    change.insert(head.table, built.whole)
    if built.partly.height:
        change.load("partly_now", built.partly)
        values = ", ".join(f'"{name}" = r."{name}"' for name in built.partly.columns if name not in (*KEYS, LEAD_NO))
        change.execute(f"UPDATE {head.table} AS k SET {values} FROM partly_now r WHERE {SAME_ROW}")
    change.insert("kept_marks", marks.drop_nulls("mark").select(pl.lit(set_hash).alias("set_hash"), "lead_no", "mark"))


def _take_out(change: Change, table: str, rows: pl.DataFrame) -> None:
    if rows.height:
        change.load("taken_out", rows.select(KEYS))
        change.execute(f"DELETE FROM {table} AS k USING taken_out r WHERE {SAME_ROW}")


def _take_out_marks(change: Change, set_hash: str, marks: pl.DataFrame) -> None:
    if marks.height:
        change.load("marks_now", marks)
        known = "lead_no IN (SELECT lead_no FROM marks_now)"
        change.execute(f"DELETE FROM kept_marks WHERE set_hash = ? AND {known}", [set_hash])


def forget(change: Change, set_hash: str) -> None:
    """Keep nothing of the set any more."""
    held = kept(change, set_hash)
    if held is not None:
        change.execute(f"DROP TABLE {held.table}")
        for table in ("kept_sets", "kept_marks"):
            change.execute(f"DELETE FROM {table} WHERE set_hash = ?", [set_hash])


def note(change: Change, set_hash: str, head: Kept, at: datetime, actor: str) -> None:
    """Note what is kept of the set from now on."""
    change.execute("DELETE FROM kept_sets WHERE set_hash = ?", [set_hash])
    row = {"set_hash": set_hash, "table_name": head.table, "columns": canonical(head.columns).decode()}
    row |= {"words": canonical(head.words).decode()}
    row |= {"version": head.version, "revision": head.revision, "built_at": naive(at), "actor": actor}
    row |= {"last_event": head.last_event, "events": head.events, "asked": head.asked}
    change.insert("kept_sets", pl.DataFrame([row]))
