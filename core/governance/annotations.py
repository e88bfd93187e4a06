"""Annotations: moments worth a mark on every chart over time, such as the start of a campaign or an incident."""

from dataclasses import dataclass
from datetime import datetime

from uuid_utils import uuid7

from core.governance.desk_errors import AnnotationInvalid, AnnotationUnknown
from core.governance.permissions import Permission
from core.governance.store_desk import AnnotationStore
from core.governance.users import Users
from core.kernel.database import Database
from core.kernel.times import to_text

LONGEST = 60


@dataclass(frozen=True)
class Annotation:
    """A mark: the moment (naive UTC), its words, and who made it."""

    annotation_id: str
    at: datetime
    content: str
    actor: str


class Annotations:
    """The marks of a store; adding, removing and bringing back are ledger entries of the governance stream."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database = database
        self._users = users or Users(database)
        self._store = AnnotationStore(database)

    def add(self, at: datetime, content: str, actor: str) -> str:
        """Mark a moment (aware UTC); its id. Raises Forbidden and AnnotationInvalid."""
        content = " ".join(content.split())
        if not 1 <= len(content) <= LONGEST:
            raise AnnotationInvalid(content, LONGEST)
        annotation_id = f"a_{uuid7()}"
        with self._database.change("governance", "annotation.added", actor) as change:
            self._users.require(actor, Permission.NOTE, change)
            self._store.add(change, annotation_id, at, content, actor)
            change.body.update(annotation_id=annotation_id, at=to_text(at), content=content)
        return annotation_id

    def remove(self, annotation_id: str, actor: str, *, undo: bool = False) -> None:
        """Take a mark away, or bring it back with `undo`; raises Forbidden and AnnotationUnknown."""
        kind = "annotation.restored" if undo else "annotation.removed"
        with self._database.change("governance", kind, actor) as change:
            self._users.require(actor, Permission.NOTE, change)
            if annotation_id not in self._store.rows(change)["annotation_id"]:
                raise AnnotationUnknown(annotation_id)
            self._store.set_removed(change, annotation_id, not undo)
            change.body.update(annotation_id=annotation_id)

    def all(self) -> list[Annotation]:
        """The marks that stand, oldest first."""
        return [Annotation(*row[:4]) for row in self._store.rows().rows() if not row[4]]
