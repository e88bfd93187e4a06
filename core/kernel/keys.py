"""Sealing of personal values: AES-GCM under a key per lead, each wrapped by a key file outside the database.

The nonce is derived from the value (HMAC-SHA256 under a subkey), so the same value of the same lead always gives the
same sealed bytes and an import can be repeated; values of different leads are never comparable.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.kernel.errors import KeyMissing

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class KeyFile:
    """A secret key of 32 bytes in a file that only its owner reads."""

    path: Path

    def create(self) -> None:
        """Write a new random key, whole or not at all; an existing file is left alone."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        _write(part, new_key())
        part.replace(self.path)

    def read(self) -> bytes:
        """The key's bytes; raises KeyMissing."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise KeyMissing(self.path) from error

    @property
    def _next(self) -> Path:
        return self.path.with_suffix(".next")

    def stage(self, key: bytes) -> None:
        """Write the key that takes this one's place once what it wraps is committed."""
        self._next.unlink(missing_ok=True)
        _write(self._next, key)

    def read_staged(self) -> bytes:
        """The staged key; raises FileNotFoundError."""
        return self._next.read_bytes()

    def take(self) -> None:
        """Let the staged key take this one's place; the old one is gone."""
        self._next.replace(self.path)

    def settle(self, wrapped: bytes | None) -> None:
        """After a crash: take the staged key where it opens this wrapped key of the store, else forget it.

        A store without any wrapped key is one whose last one was just deleted.
        """
        if not self._next.exists():
            return
        try:
            if wrapped is not None:
                unwrap(self.read_staged(), wrapped)
        except (InvalidTag, ValueError):
            self._next.unlink()
        else:
            self.take()


def _write(path: Path, key: bytes) -> None:
    """A new file that only its owner reads, on disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())


def new_key() -> bytes:
    """A new random key."""
    return os.urandom(KEY_BYTES)


def new_wrapped_key(master: bytes) -> tuple[bytes, bytes]:
    """A new random lead key and its wrapped form."""
    key = new_key()
    return key, wrap(master, key)


def wrap(master: bytes, key: bytes) -> bytes:
    """The wrapped form of a lead key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, key, None)


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """The lead key inside its wrapped form."""
    return AESGCM(master).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], None)


def seal_value(key: bytes, value: bytes) -> bytes:
    """The sealed form of a value: nonce, then ciphertext with its tag."""
    nonce = hmac.new(key, b"nonce\x00" + value, hashlib.sha256).digest()[:NONCE_BYTES]
    return nonce + AESGCM(key).encrypt(nonce, value, None)


def open_value(key: bytes, sealed: bytes) -> bytes | None:
    """The value inside its sealed form; None where this key does not: one shredded since had sealed it."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        return None


def map_present(
    subjects: Sequence[str],
    values: Sequence[bytes | None],
    keys: Mapping[str, bytes],
    change: Callable[[bytes, bytes], bytes | None],
) -> list[bytes | None]:
    """Apply `change(key, value)` to each present value under its subject's key; a shredded key gives None."""
    return [
        None if value is None or subject not in keys else change(keys[subject], value)
        for subject, value in zip(subjects, values, strict=True)
    ]
