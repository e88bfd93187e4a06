"""Raw events whose time is over: how many there are, and taking them out of the log."""

from datetime import datetime

from core.kernel.database import Change, Cursor, Database
from core.signals.store_layout import rewritten

OLD = {
    "events": "FROM events WHERE received_at < $before",
    "event_originals": """FROM event_originals
        WHERE event_id IN (SELECT event_id FROM events WHERE received_at < $before)""",
    "quarantine": "FROM quarantine WHERE quarantined_at < $before",
}


def count_old(cursor: Cursor | Database, before: datetime) -> dict[str, int]:
    """How many rows of each table were received before the moment (naive UTC)."""
    return {table: cursor.scalar(f"SELECT count(*) {old}", {"before": before}) for table, old in OLD.items()}


def drop_old(change: Change, before: datetime) -> dict[str, int]:
    """Delete them and write the log anew; how many there were by table."""
    counts = count_old(change, before)
    for table in ("event_originals", "quarantine", "events"):
        change.execute(f"DELETE {OLD[table]}", {"before": before})
    if counts["events"]:
        rewritten(change)
    return counts
