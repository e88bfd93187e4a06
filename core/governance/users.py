"""Local users: who there is, with which role, and who acts."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from core.governance.errors import LastAdmin, NoIdentity, RoleUnknown, UserExists, UserNameInvalid, UserUnknown
from core.governance.permissions import Permission, Role, allowed, require_role
from core.governance.store import UserStore
from core.kernel.database import Change, Database
from core.kernel.errors import nearest

DEFAULTS = {"ana": Role.ANALYST, "rita": Role.REVIEWER, "root": Role.ADMIN}
DEFAULT_ACTOR = "ana"
SYSTEM = "leadbench"
_NAME = re.compile(r"[^\W_][\w.@-]{0,63}")


@dataclass(frozen=True)
class User:
    """Somebody who may act in the store."""

    name: str
    role: Role
    disabled: bool
    added_at: datetime
    added_by: str

    def may(self, permission: Permission) -> bool:
        """Whether this user's role has the permission."""
        return not self.disabled and allowed(self.role, permission)


class Users:
    """The people of the store; every write is a ledger entry of the governance stream."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = UserStore(database)

    def ensure_defaults(self) -> None:
        """Create ana (analyst), rita (reviewer) and root (admin) on a store that has no users."""
        if self.list():
            return
        with self._database.change("governance", "users.created", SYSTEM) as change:
            if self._store.rows(change):
                change.abandon()
                return
            for name, role in DEFAULTS.items():
                self._store.put(change, name, _key(name), role.value, SYSTEM)
            change.body["users"] = {name: role.value for name, role in DEFAULTS.items()}

    def add(self, name: str, role: str, actor: str) -> User:
        """Add somebody, or bring a disabled user back with this role; raises Forbidden, UserExists, RoleUnknown.

        Who comes back has the name of before in its old spelling, so that the record still knows who made what.
        """
        name = unicodedata.normalize("NFKC", name).strip()
        self._check(name, role)
        with self._database.change("governance", "user.added", actor) as change:
            self.require(actor, Permission.MANAGE_USERS, change)
            known = self._find(name, change)
            if known and not known.disabled:
                raise UserExists(known.name, known.role)
            name = known.name if known else name
            self._store.put(change, name, _key(name), role, actor)
            change.body.update(name=name, role=role)
        return self.get(name)

    def disable(self, name: str, actor: str) -> User:
        """Disable somebody; past records keep the name. Raises Forbidden, UserUnknown and LastAdmin."""
        with self._database.change("governance", "user.disabled", actor) as change:
            self.require(actor, Permission.MANAGE_USERS, change)
            user = self.get(name, change)
            admins = [one for one in self.list(change) if one.role is Role.ADMIN and not one.disabled]
            if [one.name for one in admins] == [user.name]:
                raise LastAdmin(user.name)
            self._store.disable(change, _key(name))
            change.body.update(name=user.name, role=user.role.value)
        return user

    def list(self, change: Change | None = None) -> list[User]:
        """Everybody, by name, disabled users included."""
        return [
            User(name, Role(role), disabled, added_at, added_by)
            for name, _, role, disabled, added_at, added_by in self._store.rows(change)
        ]

    def get(self, name: str, change: Change | None = None) -> User:
        """The active user of exactly that name; raises UserUnknown.

        Other letters for the same name are nobody: records and the rules on them compare names as written.
        """
        found = self._find(name, change)
        if found is None or found.disabled or found.name != name:
            raise UserUnknown(name, nearest(name, [user.name for user in self.list(change) if not user.disabled]))
        return found

    def identity(self, name: str | None, *, default: bool = False) -> User:
        """Who acts; with `default`, ana where nobody is named and the store has only its first users.

        Raises NoIdentity and UserUnknown.
        """
        if name:
            return self.get(name)
        if default and {user.name for user in self.list()} == set(DEFAULTS):
            return self.get(DEFAULT_ACTOR)
        raise NoIdentity

    def require(self, name: str, permission: Permission, change: Change | None = None) -> User:
        """The active user of that name; raises UserUnknown, or Forbidden where the role lacks the permission."""
        user = self.get(name, change)
        require_role(user.name, user.role, permission)
        return user

    def _find(self, name: str, change: Change | None) -> User | None:
        return next((user for user in self.list(change) if _key(user.name) == _key(name)), None)

    def _check(self, name: str, role: str) -> None:
        if not _NAME.fullmatch(name) or name.casefold() == SYSTEM:
            raise UserNameInvalid(name)
        if role not in set(Role):
            raise RoleUnknown(role, tuple(Role))


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
