"""The table of write keys."""

from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive, utc

ROWS = "SELECT key_id, source, key_hash, issued_at, issued_by, revoked_at FROM write_keys ORDER BY key_id"


class KeyStore:
    """Rows of `write_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, change: Change | None = None) -> list[tuple[Any, ...]]:
        """key_id, source, key_hash, issued_at (aware UTC), issued_by, revoked_at (the same, or None), by id."""
        found = (change or self._database).read(ROWS)
        return [(*row[:3], utc(row[3]), row[4], row[5] and utc(row[5])) for row in found.iter_rows()]

    def put(self, change: Change, key_id: str, source: str, key_hash: str, actor: str) -> None:
        """Add a key."""
        row = {
            "key_id": key_id,
            "source": source,
            "key_hash": key_hash,
            "issued_at": naive(self._database.clock.now()),
            "issued_by": actor,
        }
        change.insert("write_keys", pl.DataFrame([row]))

    def revoke(self, change: Change, key_id: str) -> None:
        """Note that a key no longer holds."""
        change.execute(
            "UPDATE write_keys SET revoked_at = $now WHERE key_id = $key_id",
            {"now": self._database.clock.now(), "key_id": key_id},
        )
