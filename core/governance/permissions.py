"""Who may do what: one table of roles and permissions, asked by every command and every page."""

from collections.abc import Mapping
from enum import StrEnum

from core.governance.errors import Forbidden


class Role(StrEnum):
    """What somebody is in this store."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    LEADER = "leader"
    PRIVACY = "privacy"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a command needs; the value completes the sentence `may not ...`."""

    READ = "read the store"
    IMPORT = "load data"
    CURATE = "confirm data contracts or separate identities"
    BUILD = "change feature sets"
    TRAIN = "train models"
    SCORE = "decide leads"
    ASSESS = "measure drift"
    SIMULATE = "simulate a policy"
    EXPORT = "export lists"
    NOTE = "leave feedback, views or annotations"
    SUBMIT = "draft or submit a policy"
    APPROVE = "approve or refuse"
    PUBLISH = "publish a policy"
    ROLL_BACK = "roll a policy back"
    AUDIT = "verify, replay or export the record"
    MANAGE_USERS = "manage users"
    MANAGE_KEYS = "issue or revoke write keys"
    MAINTAIN = "back up or restore the store"
    REVEAL = "reveal personal values"
    ERASE = "erase a person"
    CONTEST = "contest a decision for somebody"
    REVIEW = "decide about contested decisions"
    OVERRIDE = "overrule decisions by hand"


_READING = frozenset({Permission.READ, Permission.AUDIT})
_CHANGING = frozenset({Permission.SIMULATE, Permission.SUBMIT, Permission.PUBLISH, Permission.ROLL_BACK})
_WORKING = frozenset(
    {
        Permission.IMPORT,
        Permission.CURATE,
        Permission.BUILD,
        Permission.TRAIN,
        Permission.SCORE,
        Permission.ASSESS,
        Permission.EXPORT,
        Permission.NOTE,
        Permission.CONTEST,
        Permission.OVERRIDE,
    }
)

TABLE: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _READING,
    Role.ANALYST: _READING | _WORKING | _CHANGING,
    Role.REVIEWER: _READING
    | _CHANGING
    | {Permission.APPROVE, Permission.EXPORT, Permission.ASSESS, Permission.NOTE}
    | {Permission.CONTEST, Permission.REVIEW},
    Role.LEADER: _READING
    | {Permission.SIMULATE, Permission.EXPORT, Permission.NOTE, Permission.CONTEST, Permission.OVERRIDE},
    Role.PRIVACY: _READING | {Permission.REVEAL, Permission.ERASE, Permission.CONTEST, Permission.REVIEW},
    Role.ADMIN: _READING
    | {Permission.MANAGE_USERS, Permission.MANAGE_KEYS, Permission.MAINTAIN, Permission.PUBLISH, Permission.ROLL_BACK},
}


def allowed(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in TABLE[role]


def holders(permission: Permission) -> tuple[Role, ...]:
    """The roles that have the permission, in the table's order."""
    return tuple(role for role, granted in TABLE.items() if permission in granted)


def require_role(name: str, role: Role, permission: Permission) -> None:
    """Refuse with Forbidden where the role of the person named lacks the permission."""
    if not allowed(role, permission):
        raise Forbidden(name, role, permission, holders(permission))
