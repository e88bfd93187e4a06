"""Write keys: what outside senders prove themselves by. A key is shown once; the store keeps its hash."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock

from core.governance.errors import KeyUnknown, SourceNameInvalid
from core.governance.permissions import Permission
from core.governance.store_keys import KeyStore
from core.governance.users import Users
from core.kernel.database import Database

PREFIX = "lbw_"
FROM_ENVIRONMENT = "environment"
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class WriteKey:
    """A key as it is listed; its source is the label of what is sent with it."""

    key_id: str
    source: str
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether it still opens the door."""
        return self.revoked_at is None


class WriteKeys:
    """The keys of a store; `from_environment` is one more that the settings give, for tests."""

    def __init__(self, database: Database, users: Users, from_environment: str | None = None) -> None:
        self._database, self._users = database, users
        self._store = KeyStore(database)
        self._extra = {_hash(from_environment): FROM_ENVIRONMENT} if from_environment else {}
        self._guard = Lock()
        self._known: tuple[str, dict[str, str]] = ("", {})

    def issue(self, source: str, actor: str) -> tuple[WriteKey, str]:
        """A new key for the source, and its text, which nobody can read again; raises Forbidden, SourceNameInvalid."""
        if not _SOURCE.fullmatch(source):
            raise SourceNameInvalid(source)
        text = PREFIX + secrets.token_urlsafe()
        with self._database.change("governance", "key.issued", actor) as change:
            self._users.require(actor, Permission.MANAGE_KEYS, change)
            key_id = f"k{len(self._store.rows(change)) + 1:03d}"
            self._store.put(change, key_id, source, _hash(text), actor)
            change.body.update(key_id=key_id, source=source)
        return self._get(key_id), text

    def revoke(self, key_id: str, actor: str) -> WriteKey:
        """Close the door to a key; raises Forbidden and KeyUnknown."""
        with self._database.change("governance", "key.revoked", actor) as change:
            self._users.require(actor, Permission.MANAGE_KEYS, change)
            key = self._get(key_id)
            if not key.active:
                raise KeyUnknown(key_id)
            self._store.revoke(change, key_id)
            change.body.update(key_id=key_id, source=key.source)
        return self._get(key_id)

    def list(self) -> list[WriteKey]:
        """Every key that was ever issued, in order."""
        return [WriteKey(*row[:2], *row[3:]) for row in self._store.rows()]

    def any_active(self) -> bool:
        """Whether anybody could send events."""
        return bool(self._extra or self._hashes())

    def source_of(self, text: str) -> str | None:
        """The source of an active key, None for any other text."""
        hashed = _hash(text)
        return self._extra.get(hashed) or self._hashes().get(hashed)

    def _hashes(self) -> dict[str, str]:
        """Source by hash of the active keys, read again when the governance stream has moved."""
        revision = self._database.revision("governance")
        with self._guard:
            if self._known[0] != revision:
                active = {row[2]: row[1] for row in self._store.rows() if row[5] is None}
                self._known = (revision, active)
            return self._known[1]

    def _get(self, key_id: str) -> WriteKey:
        found = next((key for key in self.list() if key.key_id == key_id), None)
        if found is None:
            raise KeyUnknown(key_id)
        return found


def _hash(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
