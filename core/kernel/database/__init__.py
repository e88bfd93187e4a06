"""The only home of duckdb: the store's one owner and its cursors."""

from core.kernel.database.cursors import Change, Cursor
from core.kernel.database.ledger_pages import LedgerPages, Narrowed
from core.kernel.database.memory import in_memory
from core.kernel.database.owner import Database
from core.kernel.database.watching import Watch

__all__ = ["Change", "Cursor", "Database", "LedgerPages", "Narrowed", "Watch", "in_memory"]
