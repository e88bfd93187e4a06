"""What a role may not do is shown and cannot be pressed; its tooltip says why, and who may."""

from typing import TypedDict

from app.queries.access import withheld
from core.governance.permissions import Permission


class Allowed(TypedDict):
    """The two options of a widget that say whether it can be used and why not."""

    disabled: bool
    help: str | None


def by(permission: Permission, *, disabled: bool = False, help: str | None = None) -> Allowed:
    """The options of a widget that needs the permission; core asks again when its command runs.

    st.button("Start training", **permitted.by(Permission.TRAIN, disabled=not enough))
    """
    why = withheld(permission)
    return {"disabled": disabled or why is not None, "help": why or help}
