"""The high-water file: the last acknowledged ledger entry, kept outside the database.

A truncated or deleted write-ahead log opens silently with rows missing; comparing with this file finds it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
        self._write(bytes(LINE_ROOM))

    def append(self, mark: Mark) -> None:
        """Add a mark after the last whole line, over a reserved or torn one, and sync it to disk."""
        self._write(f"{mark.seq} {mark.hash}\n".encode())

    def last(self) -> Mark | None:
        """The last whole line's mark; a torn last line was never acknowledged."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as stream:
            lines = _tail(stream).split(b"\n")[:-1]
        if not lines:
            return None
        seq, hash_text = lines[-1].decode().split(" ")
        return Mark(int(seq), hash_text)

    def _write(self, line: bytes) -> None:
        self._path.touch()
        with self._path.open("r+b") as stream:
            torn = len(_tail(stream).rpartition(b"\n")[2])
            stream.seek(-torn, os.SEEK_END)
            stream.write(line)
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())


def _tail(stream: IO[bytes]) -> bytes:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - TAIL))
    return stream.read()
