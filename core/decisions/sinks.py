"""Where the outbox's messages go: a webhook in Standard Webhooks' form, else a file of lines in the store's folder."""

import base64
import hashlib
import hmac
import os
from datetime import datetime, timedelta
from errno import ENOSPC
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from io import FileIO
from pathlib import Path
from urllib.parse import urlsplit

from core.decisions.errors import SinkInvalid
from core.decisions.outbox import Answer, Sink
from core.kernel.settings import Settings

FILE, PUT_BY = "outbox.jsonl", f"outbox-{'[0-9]' * 6}.jsonl"
MIB = 2**20
SECRET = "whsec_"
TIMEOUT_SECONDS = 15.0
MOST_READ = 65_536
MOST_WAIT_SECONDS = 86_400
GONE = 410
SLOW_DOWN = (429, 502, 503, 504)


def sink_of(settings: Settings, folder: Path) -> Sink:
    """The webhook that the settings name, else the file `outbox.jsonl` in the store's folder and those that were put by
    when it was full; raises SinkInvalid.
    """
    if settings.outbox_url:
        return Webhook(settings.outbox_url, settings.outbox_secret)
    return Lines(folder / FILE, settings.outbox_file_mib * MIB, settings.outbox_files)


class Lines:
    """Appends each message as one line, on disk before it counts as delivered.

    A file that the next line would make larger than `most_bytes` is put by as `outbox-000001.jsonl` and on; the newest
    `kept` of those stay.
    """

    def __init__(self, path: Path, most_bytes: int, kept: int) -> None:
        self._path, self._most, self._kept = path, most_bytes, kept
        self._stream: FileIO | None = None

    def send(self, message_id: str, body: bytes, moment: datetime) -> Answer:
        """Write `{"id": ..., "message": ...}`."""
        line = b'{"id":"' + message_id.encode() + b'","message":' + body + b"}\n"
        try:
            stream = self._with_room(len(line))
            if stream.write(line) < len(line):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            os.fsync(stream.fileno())
        except OSError as fault:
            self.close()
            return Answer(False, f"{self._path}: {fault.strerror}", is_down=True)
        return Answer(True)

    def close(self) -> None:
        """Close the file until the next round."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _with_room(self, coming: int) -> FileIO:
        """The open file, or a new one where so many bytes more are too many for it."""
        self._stream = stream = self._stream or self._opened()
        if stream.tell() and stream.tell() + coming > self._most:
            self.close()
            self._put_by()
            self._stream = stream = self._opened()
        return stream

    def _opened(self) -> FileIO:
        """The file at its end; a line that was cut off there is ended, so that the next one can be read."""
        stream = FileIO(self._path, "a+")
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        return stream

    def _put_by(self) -> None:
        there = sorted(self._path.parent.glob(PUT_BY))
        number = int(there[-1].stem.rpartition("-")[2]) + 1 if there else 1
        self._path.rename(self._path.with_name(f"{self._path.stem}-{number:06d}{self._path.suffix}"))
        for old in there[: max(0, len(there) + 1 - self._kept)]:
            old.unlink()


class Webhook:
    """Posts each message, signed where there is a secret (`whsec_` and base64); follows no redirect."""

    def __init__(self, url: str, secret: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SinkInvalid("outbox_url", url, "Name an http or https address.")
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._key = _key(secret) if secret else None
        self._connection: HTTPConnection | None = None

    def send(self, message_id: str, body: bytes, moment: datetime) -> Answer:
        """2xx is delivered, 410 wants no more of it; anything else is tried again, within a day if it says when."""
        stamp = str(int(moment.timestamp()))
        headers = {"Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": stamp}
        if self._key:
            headers["webhook-signature"] = signature(self._key, message_id, stamp, body)
        try:
            if self._connection is None:
                self._connection = self._kind(self._host, self._port, timeout=TIMEOUT_SECONDS)
            self._connection.request("POST", self._path, body, headers)
            answer = self._connection.getresponse()
            answer.read(MOST_READ)
            if not answer.isclosed():
                self.close()
        except (OSError, HTTPException) as fault:
            self.close()
            return Answer(False, f"{type(fault).__name__}: {fault}"[:200], is_down=True)
        if 200 <= answer.status < 300:
            return Answer(True)
        slow = answer.status in SLOW_DOWN
        asked = answer.getheader("Retry-After", "") if slow else ""
        wait = timedelta(seconds=min(int(asked[:9]), MOST_WAIT_SECONDS)) if asked.isdecimal() else None
        return Answer(False, f"HTTP {answer.status}", wait, answer.status == GONE, slow)

    def close(self) -> None:
        """Hang up until the next round."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks)."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(SECRET) or not 24 <= len(key) <= 64:
        raise SinkInvalid("outbox_secret", None, "Write `whsec_` and 24 to 64 bytes in base64.")
    return key
