"""The composition root: opens the store and hands every room to those who serve people."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from core.governance.permissions import Permission
from core.kernel.clock import Clock, SystemClock
from core.kernel.database import Database
from core.recipes.rooms import Rooms
from core.recipes.runner import Runner


@dataclass(frozen=True)
class Workbench:
    """The open store with one service a room, and the runner of recipes."""

    db: Database
    rooms: Rooms
    runner: Runner

    @classmethod
    def open(cls, directory: Path, clock: Clock | None = None) -> Self:
        """Open or create the store; a new one gets its first users. Raises the refusals of `Database.open`."""
        db = Database.open(directory, clock or SystemClock())
        rooms = Rooms.on(db)
        rooms.users.ensure_defaults()
        return cls(db, rooms, Runner(rooms))

    def close(self) -> None:
        """Give the store back."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def identity(self, name: str | None, *, default: bool = False, permission: Permission | None = None) -> str:
        """The name of who acts; raises NoIdentity, UserUnknown, and Forbidden where the permission is not theirs."""
        user = self.rooms.users.identity(name, default=default)
        if permission is not None:
            self.rooms.users.require(user.name, permission)
        return user.name
