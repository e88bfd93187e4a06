"""A database in memory, for statements over frames that belong to no store."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from core.kernel.database.cursors import Cursor


@contextmanager
def in_memory() -> Iterator[Cursor]:
    """A cursor of an empty database that is gone at the end."""
    with duckdb.connect(":memory:", config={"autoload_known_extensions": False}) as connection:
        cursor = Cursor(connection.cursor())
        try:
            yield cursor
        finally:
            cursor.close()
