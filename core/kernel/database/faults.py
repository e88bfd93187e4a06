"""What the database's and the disk's errors mean to a user."""

from pathlib import Path

import duckdb

from core.kernel.errors import LeadbenchError, NoSpace, StoreUnreadable, UnreadableSql

DISK_FULL = ("No space left", "File too large", "could not write")


def is_full(error: Exception) -> bool:
    """Whether it says that the disk is full."""
    return any(sign in str(error) for sign in DISK_FULL)


def fault_of(error: duckdb.Error, directory: Path) -> LeadbenchError:
    """The refusal that the error of a statement becomes."""
    return NoSpace(directory, str(error)) if is_full(error) else UnreadableSql(str(error))


def make_folder(directory: Path) -> None:
    """Make a store's folder; raises StoreUnreadable."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreadable(directory, str(error)) from error
