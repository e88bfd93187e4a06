"""The high-water file: the last acknowledged ledger entry, kept outside the database.

A truncated or deleted write-ahead log opens silently with rows missing; comparing with this file finds it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.kernel.errors import StoreUnreadable

LINE_ROOM = 128
TAIL = 4096


@dataclass(frozen=True)
class Mark:
    """One acknowledged ledger entry."""

    seq: int
    hash: str


class HighWater:
    """An append-only text file of `seq hash` lines, synced to disk before anything is acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self) -> None:
        """Take the next line's space on the disk, so that a mark can follow a commit; raises OSError."""
        with self._at_the_end() as (stream, room):
            if room < LINE_ROOM:
                _put(stream, bytes(LINE_ROOM))
                os.fsync(stream.fileno())

    def append(self, mark: Mark) -> None:
        """Add a mark after the last whole line, over a reserved or torn one, and sync it to disk.

        The next line's space is taken with it where there is any: one sync a commit.
        """
        with self._at_the_end() as (stream, _):
            _put(stream, f"{mark.seq} {mark.hash}\n".encode())
            with suppress(OSError):
                _put(stream, bytes(LINE_ROOM))
            os.fsync(stream.fileno())

    def last(self) -> Mark | None:
        """The last whole line's mark; a torn last line was never acknowledged. Raises StoreUnreadable."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as stream:
            lines = _tail(stream).split(b"\n")[:-1]
        if not lines:
            return None
        try:
            seq, hash_text = lines[-1].lstrip(b"\0").decode().split(" ")
            return Mark(int(seq), hash_text)
        except ValueError as error:
            raise StoreUnreadable(self._path, "its last line is no number and hash of an entry") from error

    @contextmanager
    def _at_the_end(self) -> Iterator[tuple[IO[bytes], int]]:
        """The file, at the end of its last whole line, and the bytes that follow there: reserved or torn ones."""
        self._path.touch()
        with self._path.open("r+b", buffering=0) as stream:
            room = len(_tail(stream).rpartition(b"\n")[2])
            stream.seek(-room, os.SEEK_END)
            yield stream, room


def _put(stream: IO[bytes], data: bytes) -> None:
    """Write all of it, whatever a full disk takes at once; raises OSError."""
    while data:
        data = data[stream.write(data) :]


def _tail(stream: IO[bytes]) -> bytes:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - TAIL))
    return stream.read()
