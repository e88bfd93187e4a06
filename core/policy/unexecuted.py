"""Which parts of a document are read but not executed yet; publishing is refused while there are any."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.policy.caps import unread

if TYPE_CHECKING:
    from core.policy.document import Document

OF_PRIVACY = ("mask", "retention_days", "human_review", "aggregate_reports")


def unexecuted_blocks(document: "Document") -> tuple[str, ...]:
    """The paths of blocks that no back end executes, in the document's order of stages."""
    parts = (_actions, _privacy)
    return tuple(path for part in parts for path in part(document))


def _actions(document: "Document") -> Iterator[str]:
    """A cap is kept once the document declares the input that it reads."""
    yield from (f"actions.caps.{cap.key} (declare {cap.input})" for cap in unread(document))


def _privacy(document: "Document") -> Iterator[str]:
    found = document.privacy
    return (f"privacy.{key}" for key in OF_PRIVACY if found and getattr(found, key))
