"""Raw events whose time is over: how many there are. None is deleted: what is trained and decided later reads them."""

from datetime import datetime

from core.kernel.database import Cursor, Database

OLD = {
    "events": "FROM events WHERE received_at < $before",
    "quarantine": "FROM quarantine WHERE quarantined_at < $before",
}


def count_old(cursor: Cursor | Database, before: datetime) -> dict[str, int]:
    """How many rows of each table were received before the moment (naive UTC)."""
    return {table: cursor.scalar(f"SELECT count(*) {old}", {"before": before}) for table, old in OLD.items()}
