"""Saved views: what a page is narrowed to, kept under a name by its owner and, where wanted, shared with everybody."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.governance.desk_errors import ViewNameInvalid, ViewUnknown
from core.governance.permissions import Permission
from core.governance.store_desk import ViewStore
from core.governance.users import Users
from core.kernel.database import Database

LONGEST_NAME = 60


@dataclass(frozen=True)
class SavedView:
    """A named state of a page."""

    name: str
    owner: str
    shared: bool
    parameters: Mapping[str, Any]


class SavedViews:
    """The views of a store; saving and dropping one is a ledger entry of the governance stream."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database = database
        self._users = users or Users(database)
        self._store = ViewStore(database)

    def save(self, page: str, name: str, parameters: Mapping[str, Any], actor: str, *, shared: bool) -> SavedView:
        """Keep the state under the name, in place of the owner's earlier one; raises Forbidden, ViewNameInvalid."""
        name = " ".join(unicodedata.normalize("NFKC", name).split())
        if not 1 <= len(name) <= LONGEST_NAME:
            raise ViewNameInvalid(name, LONGEST_NAME)
        with self._database.change("governance", "view.saved", actor) as change:
            self._users.require(actor, Permission.NOTE, change)
            self._store.put(change, page, actor, name, shared, parameters)
            change.body.update(page=page, name=name, shared=shared)
        return SavedView(name, actor, shared, dict(parameters))

    def drop(self, page: str, name: str, actor: str) -> None:
        """Forget the owner's own view; raises Forbidden and ViewUnknown."""
        with self._database.change("governance", "view.dropped", actor) as change:
            self._users.require(actor, Permission.NOTE, change)
            if not any(row[:2] == (name, actor) for row in self._store.rows(page, change)):
                raise ViewUnknown(name, actor)
            self._store.drop(change, page, actor, name)
            change.body.update(page=page, name=name)

    def of(self, page: str, actor: str) -> list[SavedView]:
        """The views of a page that the person may open: their own, and those that others share."""
        found = [
            SavedView(name, owner, shared, json.loads(text)) for name, owner, shared, text in self._store.rows(page)
        ]
        return [one for one in found if one.shared or one.owner == actor]
