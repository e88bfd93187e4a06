"""Where every query begins: the rooms, the revisions, and who is looking."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app import session
from app.services import workbench
from core.governance.aggregates import least_cell, with_small_cells_blank
from core.governance.masking import conceal, declared_by, hides, hides_besides, mask
from core.governance.permissions import Permission, Role, allowed, holders
from core.kernel.database import Database
from core.policy.document import Document
from core.policy.store import PolicyStore
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


def this_minute() -> datetime:
    """The minute that it is now: what a cached read of something that time alone changes is keyed by."""
    return database().clock.now().replace(second=0, microsecond=0)


def role() -> Role:
    """The role of who is looking; a viewer where nobody is signed in."""
    name = session.identity()
    return _roles(revision("governance")).get(name, Role.VIEWER) if name else Role.VIEWER


@st.cache_resource(max_entries=2, show_spinner=False)
def _roles(revision: str) -> dict[str, Role]:
    return {user.name: user.role for user in rooms().users.list() if not user.disabled}


def may(permission: Permission) -> bool:
    """Whether who is looking has the permission; core asks again when the command runs."""
    return allowed(role(), permission)


def withheld(permission: Permission) -> str | None:
    """Why who is looking may not do this, and who may; None where it is allowed."""
    if may(permission):
        return None
    who = ", ".join(holders(permission))
    return f"Your role, {role()}, may not {permission}. Roles that may: {who}."


def seen(frame: pl.DataFrame, by: Role) -> pl.DataFrame:
    """The frame as the role may see it, also by what the policies that decide hide: cache it by their revision too."""
    return mask(frame, by, declared_by(_in_force()))


def sees(column: str, by: Role) -> bool:
    """Whether the role may see the column, also by what the policies that decide hide: cache it by their revision."""
    return not hides(by, column, declared_by(_in_force()))


def concealed(told: Any, by: Role) -> Any:
    """An object of JSON's values as the role may see it by what the policies that decide hide; cached likewise."""
    return conceal(told, by, declared_by(_in_force()))


def hidden_besides(by: Role) -> list[str]:
    """The names that the policies that decide hide from the role, beyond those that are hidden anyway."""
    return hides_besides(by, declared_by(_in_force()))


def cells(rows: pl.DataFrame, *keep: str) -> pl.DataFrame:
    """Rows about groups of `leads` as a report may show them: small groups keep the named columns only."""
    return with_small_cells_blank(rows, least_cell(_in_force()), keep)


def _in_force() -> list[Document]:
    return _documents(revision("policy"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _documents(revision: str) -> list[Document]:
    return PolicyStore(database()).in_force()
