"""One process owns a store: a lock file that says who holds it."""

import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import IO

from core.kernel.errors import StoreInUse, StoreUnreadable
from core.kernel.times import to_text


class StoreLock:
    """The exclusive hold on a store's folder, released by `release` or by the end of the process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "lock"
        self._stream: IO[str] | None = None

    def acquire(self, now: datetime) -> None:
        """Take the lock and write who holds it; raises StoreInUse with the holder, or StoreUnreadable."""
        try:
            stream = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreUnreadable(self._path, str(error)) from error
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.seek(0)
            raise self._refusal(stream.read()) from error
        self._stream = stream
        self._write({"pid": os.getpid(), "host": socket.gethostname(), "url": None, "started_at": to_text(now)})

    def announce(self, url: str) -> None:
        """Add the address that this process serves."""
        if self._stream is not None:
            self._stream.seek(0)
            self._write(json.loads(self._stream.read()) | {"url": url})

    def release(self) -> None:
        """Give the store up."""
        if self._stream is not None:
            self._stream.truncate(0)
            self._stream.close()
            self._stream = None

    def _write(self, holder: dict[str, object]) -> None:
        assert self._stream is not None
        self._stream.seek(0)
        self._stream.truncate(0)
        self._stream.write(json.dumps(holder))
        self._stream.flush()

    def _refusal(self, text: str) -> StoreInUse:
        holder = json.loads(text) if text.strip() else {}
        return StoreInUse(
            self._directory,
            holder.get("pid", 0),
            holder.get("host", "an unknown host"),
            holder.get("url"),
            holder.get("started_at", "an unknown time"),
        )
