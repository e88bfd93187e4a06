"""Where every query begins: the rooms, the revisions, and who is looking."""

from app import session
from app.services import workbench
from core.governance.permissions import Permission, Role, allowed
from core.kernel.database import Database
from core.recipes.rooms import Rooms


def rooms() -> Rooms:
    """The services of the open store."""
    return workbench().rooms


def database() -> Database:
    """The open store."""
    return workbench().db


def revision(*streams: str) -> str:
    """The revision of these streams, the key of a cached read."""
    return workbench().db.revision(*streams)


def role() -> Role:
    """The role of who is looking; a viewer where nobody is signed in."""
    name = session.identity()
    people = {user.name: user.role for user in rooms().users.list() if not user.disabled}
    return people.get(name, Role.VIEWER) if name else Role.VIEWER


def may(permission: Permission) -> bool:
    """Whether who is looking has the permission; core asks again when the command runs."""
    return allowed(role(), permission)
