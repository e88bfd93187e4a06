"""The only home of duckdb: the store's one owner and its cursors."""

from core.kernel.database.cursors import Change, Cursor
from core.kernel.database.owner import Database

__all__ = ["Change", "Cursor", "Database"]
