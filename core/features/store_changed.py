"""What has changed in the store since a kept build: the leads, by their marks and new events, and the rows to build."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.features.compiler.columns import quoted
from core.features.document import Feature, FeatureSet
from core.features.store_kept import KEY_COLUMNS, KEYS, NUMBER, SAME_ROW, Kept
from core.kernel.database import Cursor

_CORRECTED = """SELECT lead_no, hash(lead_no, event_no, superseded_at) AS part FROM events
WHERE superseded_at IS NOT NULL"""
_MERGES = """SELECT {0} AS lead_no, hash({0}, from_no, into_no, known_from, known_until) AS part FROM lead_merges"""
_ATTRIBUTES = """SELECT lead_no, hash(lead_no, name, text, number, flag, moment, valid_from, received_at) AS part
FROM attributes WHERE name IN ({})"""
_ACCOUNTS = "SELECT lead_no, hash(lead_no, account_no, valid_from, received_at, origin) AS part FROM lead_accounts"
_ANY_MERGED = "SELECT 1 FROM lead_merges LIMIT 1"
_MARKS = "SELECT lead_no, sum(part) AS mark FROM ({}) GROUP BY lead_no"
_ARE_ALIKE = """
SELECT (SELECT sum(part) FROM ({})) IS NOT DISTINCT FROM (SELECT sum(mark) FROM kept_marks WHERE set_hash = ?)
"""
_NONE_CHANGED = "CREATE OR REPLACE TEMP TABLE changed (lead_no INTEGER, mark HUGEINT, remarked BOOLEAN)"
_CHANGED = """
INSERT INTO changed SELECT coalesce(n.lead_no, k.lead_no) AS lead_no, n.mark, TRUE AS remarked
FROM ({}) n FULL JOIN (SELECT lead_no, mark FROM kept_marks WHERE set_hash = ?) k ON k.lead_no = n.lead_no
WHERE n.mark IS DISTINCT FROM k.mark
"""
_CHANGED_BY_EVENTS = "INSERT INTO changed SELECT DISTINCT lead_no, NULL, FALSE FROM news"
_NEWS = """
CREATE OR REPLACE TEMP TABLE news AS SELECT lead_no, occurred_at, received_at FROM events WHERE event_no > ?
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
CREATE OR REPLACE TEMP TABLE account_news AS SELECT m.account_no, n.occurred_at, n.received_at FROM news n
JOIN (FROM lead_accounts SEMI JOIN (SELECT DISTINCT lead_no FROM news) USING (lead_no)) m USING (lead_no)
"""
_OF_LEADS = f"""SELECT r.rowid AS place, {{own}} AS own, TRUE AS anew FROM {{table}} r
    WHERE {NUMBER} IN (FROM {{leads}})"""
_SEEING = f"""SELECT r.rowid AS place, TRUE AS own, FALSE AS anew FROM {{table}} r
    SEMI JOIN news n ON n.lead_no = r.{NUMBER} AND {{seen}}"""
_SEEING_OTHERS = f"""SELECT r.rowid AS place, FALSE AS own, FALSE AS anew FROM {{table}} r
    JOIN (SELECT lead_no, account_no FROM lead_accounts
        SEMI JOIN (SELECT DISTINCT account_no FROM account_news) USING (account_no)) m ON m.lead_no = r.{NUMBER}
    SEMI JOIN account_news n ON n.account_no = m.account_no AND {{seen}}"""
_KEPT = f"""SELECT {", ".join(f"r.{name}" for name in (*KEYS, NUMBER))}, f.own, f.anew, f.place FROM {{table}} r
    JOIN (SELECT place, bool_or(own) AS own, bool_or(anew) AS anew FROM ({{found}}) GROUP BY place) f
        ON f.place = r.rowid"""
_ANY_UNKNOWN = f"SELECT 1 FROM {{table}} WHERE {NUMBER} IS NULL LIMIT 1"
_NEWLY_KNOWN = f"""SELECT {", ".join(f"r.{name}" for name in KEYS)}, l.lead_no AS {NUMBER}, TRUE AS own, TRUE AS anew
    FROM {{table}} r JOIN leads l USING (lead_id) WHERE r.{NUMBER} IS NULL"""
_NOT_KEPT = f"""SELECT DISTINCT r.*, TRUE AS own, TRUE AS anew FROM wanted r
    WHERE NOT EXISTS (SELECT 1 FROM {{table}} k WHERE {SAME_ROW})"""


@dataclass(frozen=True)
class Changed:
    """What was found: `merged` where any leads are one identity, `otherwise` where any changed beside new events."""

    merged: bool
    otherwise: bool


def marked(cursor: Cursor, typed: FeatureSet) -> str:
    """The query of lead_no and part, a hash of each row that the set's values depend on beside new events."""
    parts = [_CORRECTED]
    if cursor.scalar(_ANY_MERGED):
        parts += [_MERGES.format(name) for name in ("from_no", "into_no")]
    if typed.attribute_names:
        parts.append(_ATTRIBUTES.format(", ".join(map(quoted, typed.attribute_names))))
    if by_account(typed):
        parts.append(_ACCOUNTS)
    return " UNION ALL ".join(parts)


def all_marks(cursor: Cursor, parts: str) -> pl.DataFrame:
    """lead_no and mark of every lead."""
    return cursor.read(_MARKS.format(parts))


def find(cursor: Cursor, set_hash: str, before: Kept, parts: str) -> Changed:
    """Make the temporary tables `news` (lead_no, occurred_at, received_at) and `changed` (lead_no, mark, remarked).

    Changed are leads that have another mark, and those with new events once any leads are merged. Where the sum of all
    marks is as it was, none is looked at.
    """
    cursor.execute(_NONE_CHANGED)
    cursor.execute(_NEWS, [before.last_event])
    merged = bool(cursor.scalar(_ANY_MERGED))
    changed = 0
    if not cursor.scalar(_ARE_ALIKE.format(parts), [set_hash]):
        changed += cursor.execute(_CHANGED.format(_MARKS.format(parts)), [set_hash])
    if merged:
        changed += cursor.execute(_CHANGED_BY_EVENTS)
    return Changed(merged, changed > 0)


def changed_leads(cursor: Cursor) -> int:
    """How many leads have new events, or have changed otherwise; `find` came before."""
    return cursor.scalar("SELECT count(*) FROM (SELECT lead_no FROM changed UNION SELECT lead_no FROM news)")


def changed_marks(cursor: Cursor) -> pl.DataFrame:
    """lead_no and mark (null where nothing of the lead is left) of the leads that `find` found to have another."""
    return cursor.read("SELECT lead_no, mark FROM changed WHERE remarked")


def todo(cursor: Cursor, typed: FeatureSet, table: str, changed: Changed, wanted: pl.DataFrame | None) -> pl.DataFrame:
    """KEYS and LEAD_NO of the rows to build: wanted and not kept, or kept and perhaps of other values now.

    `wanted` (KEYS, LEAD_NO) may be None where all of it is kept. `own` says whether all of a row has to be built, or
    only what the rest of its account does, and `anew` whether more than new events came to it since it was kept, at
    `place`. `find` came before.
    """
    found = _found(cursor, typed, table, changed)
    queries = [_KEPT.format(table=table, found=" UNION ALL ".join(found))] if found else []
    if cursor.scalar(_ANY_UNKNOWN.format(table=table)):
        queries.append(_NEWLY_KNOWN.format(table=table))
    if wanted is not None:
        cursor.load("wanted", wanted)
        queries.append(_NOT_KEPT.format(table=table))
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE todo ({KEY_COLUMNS}, own BOOLEAN, anew BOOLEAN, place BIGINT)")
    if queries:
        cursor.execute(f"INSERT INTO todo BY NAME {' UNION ALL BY NAME '.join(queries)}")
    return cursor.read("FROM todo")


def _found(cursor: Cursor, typed: FeatureSet, table: str, changed: Changed) -> list[str]:
    """The queries of the place of each kept row to build, more than once perhaps, and whether all of it has to be."""
    own, others = split(typed)
    found = []
    if changed.otherwise:
        _spread(cursor, bool(others))
        found.append(_OF_LEADS.format(table=table, leads="changed_own", own=True))
        found.append(_OF_LEADS.format(table=table, leads="changed_all", own=False))
    if not changed.merged:
        found.append(_SEEING.format(table=table, seen=_seen(own)))
    if others and not changed.merged:
        cursor.execute(_ACCOUNT_NEWS)
        found.append(_SEEING_OTHERS.format(table=table, seen=_seen(others)))
    return found


def _spread(cursor: Cursor, shared: bool) -> None:
    """Make `changed_own` of the changed leads and those ever one with them, `changed_all` of their accounts' too."""
    cursor.execute(_ONE_IDENTITY.format("changed_own", "changed"))
    cursor.execute(_ONE_ACCOUNT if shared else "CREATE OR REPLACE TEMP TABLE colleagues AS FROM changed_own")
    cursor.execute(_ONE_IDENTITY.format("changed_all", "colleagues"))


def by_account(typed: FeatureSet) -> bool:
    """Whether any feature counts events of other leads of the account."""
    return bool(split(typed)[1])


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
