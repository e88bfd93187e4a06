"""Kept builds in the store: their rows, and the marks by which changed leads are found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.features.compiler.columns import quoted
from core.features.compiler.statement import SQL_TYPES
from core.features.document import Feature, FeatureSet
from core.kernel.canonical import canonical
from core.kernel.database import Change, Cursor
from core.kernel.times import naive

KEYS = ("lead_id", "as_of", "known_at")
_KEY_COLUMNS = "lead_id VARCHAR, as_of TIMESTAMP, known_at TIMESTAMP"
SAME_ROW = " AND ".join(f"k.{key} IS NOT DISTINCT FROM r.{key}" for key in KEYS)
_REVISION = "SELECT coalesce(max_by(hash, seq), '') FROM ledger WHERE stream = 'signals'"
_LOG = "SELECT coalesce(max(event_no), 0), count(*) FROM events"
_STILL_THERE = "SELECT count(*) FROM events WHERE event_no <= ?"
_CORRECTED = """SELECT lead_no, hash(lead_no, event_no, superseded_at) AS part FROM events
WHERE superseded_at IS NOT NULL"""
_MERGES = """SELECT {0} AS lead_no, hash({0}, from_no, into_no, known_from, known_until) AS part FROM lead_merges"""
_ATTRIBUTES = """SELECT lead_no, hash(lead_no, name, text, number, flag, moment, valid_from, received_at) AS part
FROM attributes WHERE name IN ({})"""
_ACCOUNTS = "SELECT lead_no, hash(lead_no, account_no, valid_from, received_at, origin) AS part FROM lead_accounts"
_MERGED = "SELECT count(*) > 0 FROM lead_merges"
_MARKS = "SELECT lead_no, sum(part) AS mark FROM ({}) GROUP BY lead_no"
_ALL_MARKS = "SELECT sum(part) FROM ({})"
_ALL_KEPT_MARKS = "SELECT sum(mark) FROM kept_marks WHERE set_hash = ?"
_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed AS
SELECT coalesce(n.lead_no, k.lead_no) AS lead_no, n.mark, TRUE AS remarked
FROM ({}) n FULL JOIN (SELECT lead_no, mark FROM kept_marks WHERE set_hash = $set_hash) k ON k.lead_no = n.lead_no
WHERE n.mark IS DISTINCT FROM k.mark
"""
_NONE_CHANGED = "CREATE OR REPLACE TEMP TABLE changed (lead_no INTEGER, mark HUGEINT, remarked BOOLEAN)"
_CHANGED_BY_EVENTS = """
INSERT INTO changed SELECT DISTINCT lead_no, NULL, FALSE FROM events WHERE event_no > $last_event AND $merged
"""
_NEWS = """
CREATE OR REPLACE TEMP TABLE news AS
SELECT lead_no, occurred_at, received_at FROM events WHERE event_no > $last_event AND NOT $merged
"""
_ONE_IDENTITY = """
CREATE OR REPLACE TEMP TABLE {0} AS
WITH RECURSIVE linked AS (SELECT from_no AS a, into_no AS b FROM lead_merges
    UNION SELECT into_no, from_no FROM lead_merges),
reached AS (SELECT lead_no FROM {1} UNION SELECT b FROM reached JOIN linked ON a = lead_no)
SELECT lead_no FROM reached
"""
_ONE_ACCOUNT = """
CREATE OR REPLACE TEMP TABLE colleagues AS
SELECT lead_no FROM lead_accounts SEMI JOIN (
    SELECT DISTINCT account_no FROM lead_accounts SEMI JOIN changed_own USING (lead_no)) USING (account_no)
UNION SELECT lead_no FROM changed_own
"""
_ACCOUNT_NEWS = """
CREATE OR REPLACE TEMP TABLE account_news AS
SELECT m.account_no, n.occurred_at, n.received_at FROM news n JOIN lead_accounts m USING (lead_no)
"""
_TOUCHED = """
CREATE OR REPLACE TEMP TABLE touched AS SELECT lead_no, lead_id FROM leads SEMI JOIN (
    FROM changed_all UNION ALL SELECT lead_no FROM news
    UNION ALL SELECT lead_no FROM lead_accounts SEMI JOIN account_news USING (account_no)) USING (lead_no)
"""
_TODO = f"""
WITH held AS (SELECT r.lead_id, r.as_of, r.known_at, t.lead_no FROM {{table}} r JOIN touched t USING (lead_id)),
whole AS (SELECT {", ".join(KEYS)} FROM held SEMI JOIN changed_own USING (lead_no)
    UNION SELECT {", ".join(KEYS)} FROM held r SEMI JOIN news n ON n.lead_no = r.lead_no AND {{seen}}
    UNION SELECT {", ".join(KEYS)} FROM wanted r WHERE NOT EXISTS (SELECT 1 FROM {{table}} k WHERE {SAME_ROW})),
partly AS (SELECT {", ".join(KEYS)} FROM held SEMI JOIN changed_all USING (lead_no)
    UNION SELECT {", ".join(KEYS)} FROM held r JOIN lead_accounts m USING (lead_no)
    SEMI JOIN account_news n ON n.account_no = m.account_no AND {{seen_by_others}})
SELECT *, TRUE AS own FROM whole UNION ALL SELECT *, FALSE FROM partly r ANTI JOIN whole k ON {SAME_ROW}
ORDER BY as_of, lead_id, known_at
"""


@dataclass(frozen=True)
class Kept:
    """A kept build as the store notes it; `columns` maps a feature to its type as resolved.

    `last_event` and `events` say how far the log had come.
    """

    table: str
    columns: dict[str, str]
    version: int
    revision: str
    last_event: int | None
    events: int | None


@dataclass(frozen=True)
class Built:
    """What was built: whole rows, and rows of which only the features of the account were built; each with KEYS."""

    whole: pl.DataFrame
    partly: pl.DataFrame


def kept(cursor: Cursor, set_hash: str) -> Kept | None:
    """What is kept of a set, or None."""
    rows = cursor.read(
        "SELECT table_name, columns, version, revision, last_event, events FROM kept_sets WHERE set_hash = ?",
        [set_hash],
    )
    if rows.is_empty():
        return None
    table, columns, *about = rows.row(0)
    return Kept(table, json.loads(columns), *about)


def now(cursor: Cursor, feature_set: FeatureSet, typed: FeatureSet, before: Kept | None) -> Kept:
    """What will be noted of a build of the set, resolved, that sees what the cursor's transaction sees."""
    table = f"built_{feature_set.behaviour_hash.removeprefix('sha256:')[:24]}" if before is None else before.table
    last_event, events = cursor.read(_LOG).row(0)
    version = 1 + (before.version if before else 0)
    return Kept(table, types_of(typed), version, cursor.scalar(_REVISION), last_event, events)


def is_grown(cursor: Cursor, before: Kept) -> bool:
    """Whether the log still has every event that it had at the kept build."""
    known = before.last_event is not None
    return known and cursor.scalar(_STILL_THERE, [before.last_event]) == before.events


def types_of(typed: FeatureSet) -> dict[str, str]:
    """The features' types by name, of a resolved set."""
    return {feature.name: feature.dtype for feature in typed.features}


def parts(cursor: Cursor, typed: FeatureSet) -> str:
    """The query of lead_no and part, a hash of each row that the set's values depend on beside new events."""
    parts = [_CORRECTED]
    if cursor.scalar("SELECT 1 FROM lead_merges LIMIT 1"):
        parts += [_MERGES.format(name) for name in ("from_no", "into_no")]
    if typed.attribute_names:
        parts.append(_ATTRIBUTES.format(", ".join(map(quoted, typed.attribute_names))))
    if by_account(typed):
        parts.append(_ACCOUNTS)
    return " UNION ALL ".join(parts)


def _find_changed(cursor: Cursor, set_hash: str, parts: str) -> None:
    """Make `changed` of the leads that have another mark; where the sum of all is as it was, none is looked at."""
    if cursor.scalar(_ALL_MARKS.format(parts)) == cursor.scalar(_ALL_KEPT_MARKS, [set_hash]):
        cursor.execute(_NONE_CHANGED)
        return
    cursor.execute(_CHANGED.format(_MARKS.format(parts)), {"set_hash": set_hash})


def by_account(typed: FeatureSet) -> bool:
    """Whether any feature counts events of other leads of the account."""
    return bool(split(typed)[1])


def todo(
    cursor: Cursor, set_hash: str, typed: FeatureSet, before: Kept, wanted: pl.DataFrame, parts: str
) -> pl.DataFrame:
    """lead_id, as_of, known_at of the rows to build: wanted and not kept, or kept and perhaps of other values now.

    `own` says whether all of the row has to be built, or only what the rest of its account does. Leaves the temporary
    tables `changed` (lead_no, mark, remarked) and `news` (lead_no, occurred_at, received_at).
    """
    params = {"last_event": before.last_event, "merged": cursor.scalar(_MERGED)}
    _find_changed(cursor, set_hash, parts)
    cursor.execute(_CHANGED_BY_EVENTS, params)
    cursor.execute(_NEWS, params)
    cursor.execute(_ONE_IDENTITY.format("changed_own", "changed"))
    shared = by_account(typed)
    cursor.execute(_ONE_ACCOUNT if shared else "CREATE OR REPLACE TEMP TABLE colleagues AS FROM changed_own")
    cursor.execute(_ONE_IDENTITY.format("changed_all", "colleagues"))
    cursor.execute(_ACCOUNT_NEWS + ("" if shared else "WHERE FALSE"))
    cursor.execute(_TOUCHED)
    cursor.load("wanted", wanted)
    own, others = split(typed)
    return cursor.read(_TODO.format(table=before.table, seen=_seen(own), seen_by_others=_seen(others)))


def split(typed: FeatureSet) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """The set's features of the lead alone, and those that count events of its account."""
    others = tuple(feature for feature in typed.features if feature.aggregate and feature.scope != "lead")
    return tuple(feature for feature in typed.features if feature not in others), others


def _seen(features: Sequence[Feature]) -> str:
    """The SQL that says whether an event `n` is among those that any of the features counts at a row `r`."""
    reaches = [feature.reach for feature in features if feature.aggregate]
    tests = ["n.occurred_at < r.as_of", "n.received_at <= r.known_at"]
    if reaches and None not in reaches:
        tests.append(f"n.occurred_at >= r.as_of - to_microseconds({max(filter(None, reaches))})")
    return " AND ".join(tests)


def changed_leads(cursor: Cursor) -> int:
    """How many leads have new events, or have changed otherwise; `todo` came before."""
    return cursor.scalar("SELECT count(*) FROM (SELECT lead_no FROM changed UNION SELECT lead_no FROM news)")


def keys(cursor: Cursor, table: str) -> pl.DataFrame:
    """lead_id, as_of, known_at of every kept row."""
    return cursor.read(f"SELECT {', '.join(KEYS)} FROM {table}")


def changed_marks(cursor: Cursor) -> pl.DataFrame:
    """lead_no and mark (null where nothing of the lead is left) of the leads that `todo` found to have another."""
    return cursor.read("SELECT lead_no, mark FROM changed WHERE remarked")


def all_marks(cursor: Cursor, parts: str) -> pl.DataFrame:
    """lead_no and mark of every lead."""
    return cursor.read(_MARKS.format(parts))


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
        spelled = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in head.columns.items())
        change.execute(f"CREATE OR REPLACE TABLE {head.table} ({_KEY_COLUMNS}, {spelled})")
        change.execute("DELETE FROM kept_marks WHERE set_hash = ?", [set_hash])
    change.load("built_now", built.whole)
    change.execute(f"DELETE FROM {head.table} AS k USING built_now r WHERE {SAME_ROW}")
    change.execute(f"INSERT INTO {head.table} BY NAME FROM built_now")
    if built.partly.height:
        change.load("partly_now", built.partly)
        values = ", ".join(f'"{name}" = r."{name}"' for name in built.partly.columns if name not in KEYS)
        change.execute(f"UPDATE {head.table} AS k SET {values} FROM partly_now r WHERE {SAME_ROW}")
    change.load("marks_now", marks)
    known = "lead_no IN (SELECT lead_no FROM marks_now)"
    change.execute(f"DELETE FROM kept_marks WHERE set_hash = ? AND {known}", [set_hash])
    change.execute("INSERT INTO kept_marks SELECT ?, lead_no, mark FROM marks_now WHERE mark IS NOT NULL", [set_hash])


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
    row |= {"version": head.version, "revision": head.revision, "built_at": naive(at), "actor": actor}
    row |= {"last_event": head.last_event, "events": head.events}
    change.insert("kept_sets", pl.DataFrame([row]))
