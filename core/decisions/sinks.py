"""Where the outbox's messages go: a webhook in Standard Webhooks' form, else a file of lines in the store's folder."""

import base64
import hashlib
import hmac
import os
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from core.decisions.errors import SinkInvalid
from core.decisions.outbox import Answer, Sink
from core.kernel.settings import Settings

FILE = "outbox.jsonl"
SECRET = "whsec_"
TIMEOUT_SECONDS = 15.0
MOST_READ = 65_536
MOST_WAIT_SECONDS = 86_400
GONE = 410
SLOW_DOWN = (429, 502, 503, 504)


def sink_of(settings: Settings, folder: Path) -> Sink:
    """The webhook that the settings name, else the file `outbox.jsonl` in the store's folder; raises SinkInvalid."""
    if settings.outbox_url:
        return Webhook(settings.outbox_url, settings.outbox_secret)
    return Lines(folder / FILE)


class Lines:
    """Appends each message as one line, on disk before it counts as delivered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] | None = None

    def send(self, message_id: str, body: bytes, moment: datetime) -> Answer:
        """Write `{"id": ..., "message": ...}`."""
        try:
            if self._stream is None:
                self._stream = self._path.open("ab")
            self._stream.write(b'{"id":"' + message_id.encode() + b'","message":' + body + b"}\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as fault:
            return Answer(False, f"{self._path}: {fault.strerror}", is_down=True)
        return Answer(True)

    def close(self) -> None:
        """Close the file until the next round."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


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
