"""Kept builds in the store: their rows, and the marks by which changed leads are found."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.features.compiler.columns import quoted
from core.features.compiler.statement import SQL_TYPES
from core.features.document import FeatureSet
from core.kernel.canonical import canonical
from core.kernel.database import Change, Cursor
from core.kernel.times import naive

KEYS = ("lead_id", "as_of", "known_at")
_KEY_COLUMNS = "lead_id VARCHAR, as_of TIMESTAMP, known_at TIMESTAMP"
SAME_ROW = " AND ".join(f"k.{key} IS NOT DISTINCT FROM r.{key}" for key in KEYS)
_REVISION = "SELECT coalesce(max_by(hash, seq), '') FROM ledger WHERE stream = 'signals'"
_LOG = "SELECT coalesce(max(event_no), 0), count(*) FROM events"
_STILL_THERE = "SELECT count(*) FROM events WHERE event_no <= ?"
_CORRECTED = """SELECT lead_no, hash(event_no, superseded_at) AS part FROM events
WHERE superseded_at IS NOT NULL"""
_MERGES = """SELECT {0} AS lead_no, hash(from_no, into_no, known_from, known_until) AS part FROM lead_merges"""
_ATTRIBUTES = """SELECT lead_no, hash(name, text, number, flag, moment, valid_from, received_at) AS part
FROM attributes WHERE name IN ({})"""
_ACCOUNTS = "SELECT lead_no, hash(account_no, valid_from, received_at, origin) AS part FROM lead_accounts"
_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed AS
SELECT coalesce(n.lead_no, k.lead_no) AS lead_no
FROM marks n FULL JOIN (SELECT lead_no, mark FROM kept_marks WHERE set_hash = $set_hash) k ON k.lead_no = n.lead_no
WHERE n.mark IS DISTINCT FROM k.mark
UNION SELECT lead_no FROM events WHERE event_no > $last_event
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
_NOTED = "SELECT table_name, columns, version, revision, last_event, events FROM kept_sets WHERE set_hash = ?"
_TODO = f"""
SELECT r.lead_id, r.as_of, r.known_at, w.lead_no IS NOT NULL OR r.fresh AS own FROM (
    SELECT lead_id, as_of, known_at, FALSE AS fresh FROM {{table}}
    UNION ALL SELECT DISTINCT lead_id, as_of, known_at, TRUE FROM wanted r
    WHERE NOT EXISTS (SELECT 1 FROM {{table}} k WHERE {SAME_ROW})) r
LEFT JOIN leads l ON l.lead_id = r.lead_id
LEFT JOIN changed_own w ON w.lead_no = l.lead_no LEFT JOIN changed_all c ON c.lead_no = l.lead_no
WHERE r.fresh OR c.lead_no IS NOT NULL
ORDER BY r.as_of, r.lead_id, r.known_at
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


def mark(cursor: Cursor, typed: FeatureSet) -> None:
    """Make the temporary table `marks` (lead_no, mark) of what the set's values depend on, beside new events."""
    parts = [_CORRECTED]
    if cursor.scalar("SELECT 1 FROM lead_merges LIMIT 1"):
        parts += [_MERGES.format(name) for name in ("from_no", "into_no")]
    if typed.attribute_names:
        parts.append(_ATTRIBUTES.format(", ".join(map(quoted, typed.attribute_names))))
    if by_account(typed):
        parts.append(_ACCOUNTS)
    together = " UNION ALL ".join(parts)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE marks AS SELECT lead_no, sum(part) AS mark FROM ({together}) GROUP BY lead_no"
    )


def by_account(typed: FeatureSet) -> bool:
    """Whether any feature counts events of other leads of the account."""
    return any(feature.aggregate and feature.scope != "lead" for feature in typed.features)


def todo(cursor: Cursor, set_hash: str, before: Kept, wanted: pl.DataFrame, *, accounts: bool) -> pl.DataFrame:
    """lead_id, as_of, known_at of the rows to build: wanted and not kept, or kept of a lead that has changed.

    `own` says whether all of the row has to be built, or only what the rest of its account does. Needs `marks`, leaves
    the temporary table `changed` (lead_no).
    """
    cursor.execute(_CHANGED, {"set_hash": set_hash, "last_event": before.last_event})
    cursor.execute(_ONE_IDENTITY.format("changed_own", "changed"))
    cursor.execute(_ONE_ACCOUNT if accounts else "CREATE OR REPLACE TEMP TABLE colleagues AS FROM changed_own")
    cursor.execute(_ONE_IDENTITY.format("changed_all", "colleagues"))
    cursor.load("wanted", wanted)
    return cursor.read(_TODO.format(table=before.table))


def keys(cursor: Cursor, table: str) -> pl.DataFrame:
    """lead_id, as_of, known_at of every kept row."""
    return cursor.read(f"SELECT {', '.join(KEYS)} FROM {table}")


def changed_marks(cursor: Cursor) -> pl.DataFrame:
    """lead_no and mark (null where nothing of the lead is left) of the leads in `changed`."""
    return cursor.read("SELECT lead_no, mark FROM changed LEFT JOIN marks USING (lead_no)")


def all_marks(cursor: Cursor) -> pl.DataFrame:
    """lead_no and mark of every lead."""
    return cursor.read("SELECT lead_no, mark FROM marks")


def values_at(cursor: Cursor, table: str, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The kept values of these features at rows that are kept (lead_id, as_of, known_at), in the rows' order."""
    cursor.load("asked", rows.select(KEYS).with_row_index("place"))
    columns = ", ".join(f'k."{name}"' for name in names)
    return cursor.read(f"SELECT {columns} FROM asked r JOIN {table} k ON {SAME_ROW} ORDER BY r.place")


def write(change: Change, set_hash: str, head: Kept, built: pl.DataFrame, marks: pl.DataFrame, *, anew: bool) -> None:
    """Put the built rows in the place of their kept ones, and the marks of the leads that have changed.

    `anew` forgets what was kept of the set.
    """
    if anew:
        spelled = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in head.columns.items())
        change.execute(f"CREATE OR REPLACE TABLE {head.table} ({_KEY_COLUMNS}, {spelled})")
        change.execute("DELETE FROM kept_marks WHERE set_hash = ?", [set_hash])
    change.load("built_now", built)
    change.execute(f"DELETE FROM {head.table} AS k USING built_now r WHERE {SAME_ROW}")
    change.execute(f"INSERT INTO {head.table} BY NAME FROM built_now")
    change.load("marks_now", marks)
    known = "lead_no IN (SELECT lead_no FROM marks_now)"
    change.execute(f"DELETE FROM kept_marks WHERE set_hash = ? AND {known}", [set_hash])
    change.execute("INSERT INTO kept_marks SELECT ?, lead_no, mark FROM marks_now WHERE mark IS NOT NULL", [set_hash])


def note(change: Change, set_hash: str, head: Kept, at: datetime, actor: str) -> None:
    """Note what is kept of the set from now on."""
    change.execute("DELETE FROM kept_sets WHERE set_hash = ?", [set_hash])
    row = {"set_hash": set_hash, "table_name": head.table, "columns": canonical(head.columns).decode()}
    row |= {"version": head.version, "revision": head.revision, "built_at": naive(at), "actor": actor}
    row |= {"last_event": head.last_event, "events": head.events}
    change.insert("kept_sets", pl.DataFrame([row]))
