"""Decisions whose time is over: which may go, and leaving of each only its leaf."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change, Cursor, Database
from core.kernel.ledger import merkle_root

HOLDS_A_DRAW = """(arm = 'holdout' OR json_extract(record, '$.explored')::BOOLEAN
    OR len(json_keys(json_extract(record, '$.propensities'))) > 1)"""
OVER = f"""FROM decisions WHERE entry_seq <= $upto AND decided_at < greatest($before, $drawn_before)
    AND decided_at < CASE WHEN {HOLDS_A_DRAW} THEN $drawn_before ELSE $before END"""
STANDING = """
    SELECT unnest([arg_max(decision_id, latest), arg_max(decision_id, place),
        arg_max(decision_id, place) FILTER (band IS NOT NULL),
        arg_max(decision_id, place) FILTER (next_state IS NOT NULL),
        arg_max(decision_id, row(known_at, entry_seq, leaf_no)) FILTER (known_at IS NOT NULL)]) AS decision_id
    FROM (SELECT *, row(coalesce(as_of, TIMESTAMP '0001-01-01'), entry_seq, leaf_no) AS latest,
              row(coalesce(as_of, known_at, TIMESTAMP '0001-01-01'), entry_seq, leaf_no) AS place
          FROM decisions WHERE entry_seq <= $upto)
    GROUP BY lead_id, arm"""
MAY_GO = f"""{OVER}
    AND decision_id NOT IN (SELECT decision_id FROM ({STANDING}) WHERE decision_id IS NOT NULL)
    AND decision_id NOT IN (SELECT decision_id FROM outbox WHERE status <> 'delivered')
    AND decision_id NOT IN (SELECT decision_id FROM contests)
    AND lead_id NOT IN (SELECT lead_id FROM contests WHERE settled_at IS NULL)
    AND decision_id NOT IN (SELECT decision_id FROM overrides WHERE until >= greatest($before, $drawn_before))
    AND decided_at < coalesce((SELECT min(started_at) FROM rollouts WHERE rollout_id NOT IN (
        SELECT rollout_id FROM rollout_steps WHERE kind IN ('completed', 'aborted'))), TIMESTAMP '9999-01-01')"""
LEFT = "decision_id, hash, entry_seq, leaf_no, sha256(coalesce(sight, '')) AS sight_hash"
WENT = "SELECT {} FROM decisions_gone WHERE retired_seq = $seq"
DROPPED = {
    "decisions": f"(entry_seq, leaf_no) IN ({WENT.format('entry_seq, leaf_no')})",
    "outbox": f"decision_id IN ({WENT.format('decision_id')})",
    "shadow_scores": f"decision_id IN ({WENT.format('decision_id')})",
    "overrides": f"decision_id IN ({WENT.format('decision_id')})",
}
UNSEEN = """DELETE FROM desk_reps WHERE reps_hash NOT IN (
    SELECT DISTINCT sight->>'$.reps_hash' FROM decisions WHERE sight IS NOT NULL)"""
Limits = dict[str, Any]
"""`before`: the moment before which decisions go, `drawn_before` those with a draw of an experiment (naive UTC or None:
none); `upto`: the newest ledger entry whose decisions are looked at.
"""
Leaf = tuple[int, int, str]
"""A record's ledger entry, its place in that batch, and its hash."""


def limits(upto: int, before: datetime | None, drawn_before: datetime | None) -> Limits:
    """The limits of a plan; draws go with all others where they have no limit of their own."""
    return {"upto": upto, "before": before, "drawn_before": drawn_before or before}


def newest_entry(cursor: Cursor | Database) -> int:
    """The ledger entry of the newest decisions, 0 where there are none."""
    return cursor.scalar("SELECT coalesce(max(entry_seq), 0) FROM decisions")


def stays(cursor: Cursor | Database, within: Limits) -> int:
    """How many decisions are older than their time and may not go all the same."""
    found: int = cursor.scalar(f"SELECT (SELECT count(*) {OVER}) - (SELECT count(*) {MAY_GO})", within)
    return found


def may_go(cursor: Cursor | Database, within: Limits) -> list[Leaf]:
    """The leaves of those that may go, in order.

    None goes that its lead stands on in its arm, that was or whose lead is contested, that somebody overruled until
    after its time, that has a message which was not delivered, or that a rollout under way may be judged by.
    """
    return cursor.read(f"SELECT entry_seq, leaf_no, hash {MAY_GO} ORDER BY 1, 2", within).rows()


def told(cursor: Cursor | Database, within: Limits) -> pl.DataFrame:
    """Of those that may go by arm: how many, of how many leads, and when the first and the last was decided."""
    counts = (
        "count(*) AS decisions, count(DISTINCT lead_id) AS leads, min(decided_at) AS first, max(decided_at) AS last"
    )
    return cursor.read(f"SELECT arm, {counts} {MAY_GO} GROUP BY arm ORDER BY arm", within)


def drop(change: Change, within: Limits) -> dict[str, int]:
    """Delete those that may go, their scores in shadow, messages, overrides, and reps nobody saw; rows by table.

    Their leaves are kept, under the change's ledger entry.
    """
    seq = {"seq": change.seq}
    change.execute(f"INSERT INTO decisions_gone BY NAME SELECT {LEFT}, $seq AS retired_seq {MAY_GO}", within | seq)
    gone = {table: change.execute(f"DELETE FROM {table} WHERE {which}", seq) for table, which in DROPPED.items()}
    return gone | {"desk_reps": change.execute(UNSEEN)}


def seal(leaves: Sequence[Leaf]) -> dict[str, Any]:
    """What a certificate says of leaves in their order: their count, and the Merkle root over `ENTRY PLACE HASH`."""
    return {"count": len(leaves), "root": merkle_root([f"{seq} {place} {of}".encode() for seq, place, of in leaves])}
