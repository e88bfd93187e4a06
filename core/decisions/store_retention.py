"""Decisions whose time is over: how many there are, and leaving of each only its leaf."""

from datetime import datetime

from core.kernel.database import Change, Cursor, Database

HOLDS_A_DRAW = """(arm = 'holdout' OR json_extract(record, '$.explored')::BOOLEAN
    OR len(json_keys(json_extract(record, '$.propensities'))) > 1)"""
OLD = f"FROM decisions WHERE decided_at < $before OR (decided_at < $drawn_before AND {HOLDS_A_DRAW})"
SIGHT_HASH = "sha256(coalesce(sight, '')) AS sight_hash"
OLD_MESSAGES = "FROM outbox WHERE status <> 'waiting' AND decision_id IN (SELECT decision_id FROM decisions_gone)"
OLD_SHADOWS = "FROM shadow_scores WHERE decision_id IN (SELECT decision_id FROM decisions_gone)"
Limits = dict[str, datetime | None]
"""`before`: the moment before which decisions go, `drawn_before` those with a draw of an experiment; naive UTC."""


def count_old(cursor: Cursor | Database, limits: Limits) -> dict[str, int]:
    """How many decisions are older than their time."""
    return {"decisions": cursor.scalar(f"SELECT count(*) {OLD}", limits)}


def drop_old(change: Change, limits: Limits) -> dict[str, int]:
    """Delete their records, their scores in shadow and the messages sent of them; how many rows by table.

    Their leaves are kept.
    """
    counts = count_old(change, limits)
    change.execute(
        f"INSERT INTO decisions_gone BY NAME SELECT decision_id, hash, entry_seq, leaf_no, {SIGHT_HASH} {OLD}", limits
    )
    change.execute(f"DELETE {OLD}", limits)
    gone = {"outbox": OLD_MESSAGES, "shadow_scores": OLD_SHADOWS}
    return counts | {table: change.execute(f"DELETE {old}") for table, old in gone.items()}
