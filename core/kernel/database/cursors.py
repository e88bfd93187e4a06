"""Cursors over the store: one per call, each with its own temporary tables; a Change is one that writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import duckdb
import polars as pl
import polars.selectors as cs
from cryptography.exceptions import InvalidTag

from core.kernel import keys as sealing
from core.kernel import ledger
from core.kernel.errors import QueryCancelled, UnreadableSql
from core.kernel.times import naive

Params = Sequence[Any] | Mapping[str, Any] | None


def _bind(params: Params) -> Any:
    if params is None:
        return None
    if isinstance(params, Mapping):
        return {name: _bound(value) for name, value in params.items()}
    return [_bound(value) for value in params]


def _bound(value: object) -> object:
    return naive(value) if isinstance(value, datetime) else value


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(cs.float().fill_nan(None))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException as error:
        raise QueryCancelled from error
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.OutOfMemoryException) as error:
        raise UnreadableSql(str(error)) from error


class Cursor:
    """One cursor of the store with its own temporary tables; made per call, never shared between threads."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def read(self, sql: str, params: Params = None) -> pl.DataFrame:
        """The rows of a query; raises UnreadableSql where the database refuses it, QueryCancelled after interrupt()."""
        with _refusals():
            return self._cursor.sql(sql, params=_bind(params)).pl()

    def keep(self, name: str, sql: str) -> None:
        """A temporary table of a query's rows in their order; it replaces one of that name. Raises as `read` does.

        `read` plans a query twice, to learn its columns and to run it; this plans a long one only once.
        """
        with _refusals():
            self._cursor.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def rows(self, sql: str, params: Params = None) -> list[tuple[Any, ...]]:
        """The rows of a query as tuples: for few rows, several milliseconds sooner than a frame. Raises as `read`."""
        with _refusals():
            return self._cursor.execute(sql, _bind(params)).fetchall()

    def scalar(self, sql: str, params: Params = None) -> Any:
        """The first value of a query's first row, or None where there is no row."""
        rows = self._cursor.execute(sql, _bind(params)).fetchall()
        return rows[0][0] if rows else None

    def execute(self, sql: str, params: Params = None) -> int:
        """Run a statement; the number of rows it changed, 0 where it has none."""
        rows = self._cursor.execute(sql, _bind(params)).fetchall()
        return rows[0][0] if rows and isinstance(rows[0][0], int) else 0

    def load(self, name: str, frame: pl.DataFrame) -> None:
        """A native temporary table of the frame's rows, NaN as NULL; it replaces one of the same name."""
        with self._registered(frame) as source:
            self._cursor.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS SELECT * FROM {source}')

    def insert(self, table: str, frame: pl.DataFrame) -> int:
        """Insert the frame's rows by column name, NaN as NULL; the number of rows."""
        if frame.is_empty():
            return 0
        with self._registered(frame) as source:
            self._cursor.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM {source}')
        return frame.height

    def done(self) -> float:
        """How far the running statement is, 0 to 1; negative where it does not say."""
        return self._cursor.query_progress() / 100

    def interrupt(self) -> None:
        """Stop the statement that runs on this cursor."""
        self._cursor.interrupt()

    def close(self) -> None:
        """Drop the cursor with its temporary tables."""
        self._cursor.close()

    @contextmanager
    def _registered(self, frame: pl.DataFrame) -> Iterator[str]:
        self._cursor.register("frame_in", _without_nan(frame).to_arrow())
        yield "frame_in"
        self._cursor.unregister("frame_in")


class Change(Cursor):
    """One write: a transaction that ends in one ledger entry, numbered `seq`, with `body`, or is abandoned whole."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, key_file: sealing.KeyFile, seq: int) -> None:
        super().__init__(cursor)
        self._key_file, self._master = key_file, key_file.read()
        self._is_rekeyed = False
        self.seq = seq
        self.body: dict[str, Any] = {}
        self.abandoned = False
        self.entry: ledger.Entry | None = None

    def abandon(self) -> None:
        """Roll everything back at the end and write no ledger entry: nothing had to change."""
        self.abandoned = True

    def enter(self, entry: ledger.Entry) -> None:
        """Write the ledger entry that the change ends in."""
        self.execute("INSERT INTO ledger VALUES ($seq, $stream, $kind, $at, $actor, $body, $prev, $hash)", vars(entry))

    def seal(self, subjects: Sequence[str], values: Sequence[bytes | None]) -> list[bytes | None]:
        """The sealed form of each value under its subject's own key, made here where there is none yet."""
        wanted = pl.DataFrame({"lead_id": sorted(set(subjects))}, schema={"lead_id": pl.String})
        self.load("key_subjects", wanted)
        known = lead_keys(self, self._master)
        fresh = {lead: sealing.new_wrapped_key(self._master) for lead in wanted["lead_id"] if lead not in known}
        rows = {"lead_id": list(fresh), "wrapped": [wrapped for _, wrapped in fresh.values()]}
        self.insert("lead_keys", pl.DataFrame(rows, schema={"lead_id": pl.String, "wrapped": pl.Binary}))
        keys = known | {lead: key for lead, (key, _) in fresh.items()}
        return sealing.map_present(subjects, values, keys, sealing.seal_value)

    def shred(self, subjects: Sequence[str]) -> int:
        """Delete the subjects' keys, so that nothing opens what was sealed under them; how many there were.

        All other keys are wrapped under a new master key, which takes the old one's place with the commit: what is left
        of a deleted key in free blocks of the file and in copies of it is opened by nobody who has not the old one.
        """
        self.load("key_subjects", pl.DataFrame({"lead_id": sorted(set(subjects))}, schema={"lead_id": pl.String}))
        count = self.execute("DELETE FROM lead_keys WHERE lead_id IN (SELECT lead_id FROM key_subjects)")
        if not count:
            return 0
        self.execute("CREATE OR REPLACE TEMP TABLE key_subjects AS SELECT lead_id FROM lead_keys")
        kept, self._master = lead_keys(self, self._master), sealing.new_key()
        rows = {"lead_id": list(kept), "wrapped": [sealing.wrap(self._master, key) for key in kept.values()]}
        self.execute("DELETE FROM lead_keys")
        self.insert("lead_keys", pl.DataFrame(rows, schema={"lead_id": pl.String, "wrapped": pl.Binary}))
        self._key_file.stage(self._master)
        self._is_rekeyed = True
        return count

    def exchange_keys(self) -> None:
        """After the commit: let the new master key, if there is one, take the old one's place."""
        if self._is_rekeyed:
            self._key_file.take()


def lead_keys(cursor: Cursor, master: bytes) -> dict[str, bytes]:
    """The data keys of the leads in the temporary table `key_subjects`."""
    rows = cursor.read("SELECT lead_id, wrapped FROM lead_keys SEMI JOIN key_subjects USING (lead_id)")
    return {lead: sealing.unwrap(master, wrapped) for lead, wrapped in rows.iter_rows()}


def keys_now(cursor: Cursor, key_file: sealing.KeyFile) -> dict[str, bytes]:
    """The same by the key file as it stands, or by the one staged: a shredding may be exchanging it at this moment."""
    for read in (key_file.read, key_file.read_staged):
        with suppress(InvalidTag, FileNotFoundError):
            return lead_keys(cursor, read())
    return lead_keys(cursor, key_file.read())
