"""Which parts of a document are read but not executed yet; publishing is refused while there are any."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.policy.caps import unread

if TYPE_CHECKING:
    from core.policy.document import Document

WHOLE_BLOCKS = ("experiment", "rollout")
OF_PRIVACY = ("mask", "retention_days", "human_review", "aggregate_reports")


def unexecuted_blocks(document: "Document") -> tuple[str, ...]:
    """The paths of blocks that no back end executes, in the document's order of stages."""
    parts = (_metadata, _inputs, _pools, _actions, _whole, _privacy)
    return tuple(path for part in parts for path in part(document))


def _metadata(document: "Document") -> Iterator[str]:
    effective = document.metadata.effective
    if effective and (effective.since or effective.until):
        yield "metadata.effective"


def _inputs(document: "Document") -> Iterator[str]:
    if any(field.max_age_min is not None for field in document.inputs.fields.values()):
        yield "inputs.fields.max_age_min"


def _pools(document: "Document") -> Iterator[str]:
    pools = document.pools.values()
    if any(pool.capacity != "unbounded" for pool in pools):
        yield "pools.capacity"
    for key in ("territory", "calendar", "members", "alert"):
        if any(getattr(pool, key) is not None for pool in pools):
            yield f"pools.{key}"


def _actions(document: "Document") -> Iterator[str]:
    """A cap is kept once the document declares the input that it reads."""
    yield from (f"actions.caps.{cap.key} (declare {cap.input})" for cap in unread(document))


def _whole(document: "Document") -> Iterator[str]:
    return (name for name in WHOLE_BLOCKS if getattr(document, name))


def _privacy(document: "Document") -> Iterator[str]:
    found = document.privacy
    return (f"privacy.{key}" for key in OF_PRIVACY if found and getattr(found, key))
