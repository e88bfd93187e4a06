"""The one owner of the DuckDB file: a cursor per call, one lock and one transaction per write, a ledger entry each."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars as pl

from core.kernel import keys as sealing
from core.kernel import ledger
from core.kernel.canonical import digest
from core.kernel.clock import Clock
from core.kernel.database.cursors import Change, Cursor, Params, keys_now
from core.kernel.database.faults import fault_of, is_full, make_folder
from core.kernel.database.upgrading import migrate
from core.kernel.database.watching import SETTINGS, Watch, watched
from core.kernel.errors import (
    NoSpace,
    PlanOutdated,
    StoreBehind,
    StoreUnreadable,
)
from core.kernel.high_water import HighWater, Mark
from core.kernel.lock import StoreLock
from core.kernel.settings import Settings

LOCKED = (
    "SET enable_external_access = false",
    f"SET allowed_configs = {list(SETTINGS)}",
    "SET lock_configuration = true",
)


class Database:
    """The store's folder: `store.duckdb`, its ledger, its keys and the high-water file."""

    def __init__(self, directory: Path, clock: Clock, settings: Settings) -> None:
        self.directory = directory
        self.clock = clock
        self.settings = settings
        self._lock = StoreLock(directory)
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._high_water = HighWater(directory / "high-water.log")
        self._key_file = sealing.KeyFile(directory / "keys" / "master.key")
        self._head = Mark(0, ledger.GENESIS)
        self._latest: dict[str, str] = {}
        self._newest: dict[str, int] = {}

    @classmethod
    def open(cls, directory: Path, clock: Clock, settings: Settings | None = None) -> Self:
        """Open or create the store: lock, migrate, and compare with the high-water file.

        Raises StoreInUse, StoreTooNew, StoreBehind, StoreUnreadable, KeyMissing or NoSpace.
        """
        database = cls(directory, clock, settings or Settings())  # type: ignore[call-arg]
        make_folder(directory)
        database._lock.acquire(clock.now())
        try:
            database._connect()
        except BaseException:
            database._lock.release()
            raise
        return database

    def close(self) -> None:
        """Checkpoint, close and unlock the store."""
        with self._opening:
            self._connection.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def announce(self, url: str) -> None:
        """Say in the lock file which address this process serves."""
        self._lock.announce(url)

    def read(self, sql: str, params: Params = None) -> pl.DataFrame:
        """The rows of a query, on a fresh cursor."""
        with self.scratch() as cursor:
            return cursor.read(sql, params)

    def scalar(self, sql: str, params: Params = None) -> Any:
        """The first value of a query, on a fresh cursor."""
        with self.scratch() as cursor:
            return cursor.scalar(sql, params)

    @contextmanager
    def scratch(self, watch: Watch | None = None) -> Iterator[Cursor]:
        """A cursor for reads that need temporary tables; they are dropped at the end.

        With a watch its statements tell how far they are and can be stopped, which raises Cancelled.
        """
        cursor = Cursor(self._cursor())
        try:
            with watched(cursor, watch) if watch else nullcontext():
                yield cursor
        finally:
            cursor.close()

    @contextmanager
    def change(self, stream: str, kind: str, actor: str) -> Iterator[Change]:
        """The only way to write: all or nothing, one ledger entry, acknowledged after the high-water mark.

        Raises NoSpace where the disk is full; any error leaves the store as it was.
        """
        with self._writing:
            change = Change(self._cursor(), self._key_file, self._head.seq + 1)
            try:
                change.execute("BEGIN TRANSACTION")
                yield change
                self._finish(change, stream, kind, actor)
            except duckdb.Error as error:
                _roll_back(change)
                fault = fault_of(error, self.directory)
                self._read_heads()
                raise fault from error
            except BaseException:
                _roll_back(change)
                raise
            finally:
                change.close()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody writes meanwhile; the write-ahead log is folded into the database's file where readers allow it."""
        with self._writing:
            with suppress(duckdb.TransactionException):
                self._connection.cursor().execute("CHECKPOINT")
            yield

    def revision(self, *streams: str) -> str:
        """The hash of the latest entry of the stream, or a hash over those of several (all where none is named)."""
        latest = self._latest
        if len(streams) == 1:
            return latest.get(streams[0], ledger.GENESIS)
        return digest([latest.get(stream, ledger.GENESIS) for stream in streams or ledger.STREAMS])

    def newest(self, *kinds: str) -> int:
        """The number of the latest ledger entry of these kinds; 0 where there is none."""
        return max((self._newest.get(kind, 0) for kind in kinds), default=0)

    def revisions(self, *streams: str) -> dict[str, str]:
        """Each stream's revision, for a plan to pin."""
        latest = self._latest
        return {stream: latest.get(stream, ledger.GENESIS) for stream in streams}

    def require(self, revisions: Mapping[str, str]) -> None:
        """Refuse with PlanOutdated where a pinned stream has moved."""
        now = self.revisions(*revisions)
        moved = [stream for stream, hash_text in revisions.items() if now[stream] != hash_text]
        if moved:
            raise PlanOutdated(moved)

    def entries(self, stream: str | None = None) -> pl.DataFrame:
        """The ledger's entries in order, of one stream or all."""
        where = "" if stream is None else "WHERE stream = $stream"
        return self.read(f"SELECT * FROM ledger {where} ORDER BY seq", None if stream is None else {"stream": stream})

    def newest_entries(self, most: int, without: Sequence[str] = ()) -> pl.DataFrame:
        """The newest entries of the ledger in order, up to so many, without these kinds."""
        newest = "SELECT * FROM ledger WHERE NOT list_contains($without, kind) ORDER BY seq DESC LIMIT $most"
        return self.read(f"FROM ({newest}) ORDER BY seq", {"without": list(without), "most": most})

    def body_of(self, seq: int) -> str:
        """The body (JSON) of an entry of the ledger."""
        return str(self.scalar("SELECT body FROM ledger WHERE seq = ?", [seq]))

    def reaches_high_water(self) -> bool:
        """Whether the ledger still holds the last acknowledged entry; `verify` walks the whole chain."""
        with suppress(StoreUnreadable):
            return self._behind() is None
        return False

    def verify(self) -> ledger.Verification:
        """Walk the whole chain and compare its head with the high-water file."""
        entries = [ledger.Entry(**row) for row in self.entries().iter_rows(named=True)]
        broken = ledger.first_broken(entries)
        behind = self._behind()
        head = entries[-1].hash if entries else ledger.GENESIS
        return ledger.Verification(
            broken is None and not behind, len(entries), head, broken, "behind" if behind else "ok"
        )

    def unseal(self, subjects: Sequence[str], sealed: Sequence[bytes | None]) -> list[bytes | None]:
        """The values inside sealed forms; None where the subject's key was shredded."""
        with self.scratch() as cursor:
            cursor.load(
                "key_subjects",
                pl.DataFrame({"lead_id": sorted(set(subjects))}, schema={"lead_id": pl.String}),
            )
            keys = keys_now(cursor, self._key_file)
        return sealing.map_present(subjects, sealed, keys, sealing.open_value)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A new cursor; the connection refuses a second call while one is at work on it."""
        with self._opening:
            return self._connection.cursor()

    def _finish(self, change: Change, stream: str, kind: str, actor: str) -> None:
        if change.abandoned:
            _roll_back(change)
            return
        last = self._head
        entry = ledger.seal(last.seq + 1, stream, kind, self.clock.now(), actor, change.body, last.hash)
        change.enter(entry)
        try:
            self._high_water.reserve()
            change.execute("COMMIT")
            self._head, self._latest = Mark(entry.seq, entry.hash), {**self._latest, stream: entry.hash}
            self._newest[kind] = entry.seq
            change.exchange_keys()
            self._high_water.append(self._head)
        except OSError as error:
            raise NoSpace(self.directory, str(error)) from error
        change.entry = entry

    def _read_heads(self) -> None:
        """The ledger's head and each stream's latest hash: this process is the only one that writes."""
        last = self.read("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").rows()
        self._head = Mark(*last[0]) if last else Mark(0, ledger.GENESIS)
        self._latest = dict(self.read("SELECT stream, arg_max(hash, seq) FROM ledger GROUP BY stream").rows())
        self._newest = dict(self.read("SELECT kind, max(seq) FROM ledger GROUP BY kind").rows())

    def _connect(self) -> None:
        path = self.directory / "store.duckdb"
        try:
            self._connection = duckdb.connect(str(path), config=self._config())
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except duckdb.Error as error:
            fault = fault_of(error, self.directory)
            raise fault if isinstance(fault, NoSpace) else StoreUnreadable(path, str(error)) from error
        except OSError as error:
            fault = NoSpace(self.directory, str(error)) if is_full(error) else StoreUnreadable(path, str(error))
            raise fault from error

    def _prepare(self) -> None:
        self._run("LOAD icu", "SET GLOBAL TimeZone = 'UTC'")
        migrate(self._connection, self.directory)
        self._run(*LOCKED)
        self._read_heads()
        if mark := self._behind():
            raise StoreBehind(self.directory, mark.seq, self._head.seq)
        wrapped = self.scalar("SELECT wrapped FROM lead_keys LIMIT 1")
        self._key_file.settle(wrapped)
        if wrapped:
            self._key_file.read()
        self._key_file.create()

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._connection.execute(statement)

    def _config(self) -> dict[str, Any]:
        return {
            "threads": self.settings.threads,
            "memory_limit": self.settings.memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }

    def _behind(self) -> Mark | None:
        mark = self._high_water.last()
        if mark is None:
            return None
        found = self.scalar("SELECT hash FROM ledger WHERE seq = ?", [mark.seq])
        return None if found == mark.hash else mark


def _roll_back(change: Change) -> None:
    try:
        change.execute("ROLLBACK")
    except duckdb.Error:
        change.abandoned = True
