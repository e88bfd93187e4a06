"""Which parts of a document are read but not executed yet; publishing is refused while there are any."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.policy.document import Document

WHOLE_BLOCKS = ("sla", "experiment", "rollout", "privacy")


def unexecuted_blocks(document: "Document") -> tuple[str, ...]:
    """The paths of blocks that no back end executes, in the document's order of stages."""
    parts = (_metadata, _inputs, _priority, _lifecycle, _routing, _pools, _actions, _whole)
    return tuple(path for part in parts for path in part(document))


def _metadata(document: "Document") -> Iterator[str]:
    effective = document.metadata.effective
    if effective and (effective.since or effective.until):
        yield "metadata.effective"


def _inputs(document: "Document") -> Iterator[str]:
    if any(field.max_age_min is not None for field in document.inputs.fields.values()):
        yield "inputs.fields.max_age_min"


def _priority(document: "Document") -> Iterator[str]:
    if document.priority and document.priority.tie_break:
        yield "priority.tie_break"


def _lifecycle(document: "Document") -> Iterator[str]:
    states = document.lifecycle.states.values() if document.lifecycle else ()
    if any(state.entry or state.exit for state in states):
        yield "lifecycle.states.entry_exit"
    if any(state.sla_min is not None or state.on_timeout for state in states):
        yield "lifecycle.states.on_timeout"


def _routing(document: "Document") -> Iterator[str]:
    if document.routing.hit == "COLLECT":
        yield "routing.hit.COLLECT"


def _pools(document: "Document") -> Iterator[str]:
    pools = document.pools.values()
    if any(pool.capacity != "unbounded" for pool in pools):
        yield "pools.capacity"
    for key in ("territory", "calendar", "members", "alert"):
        if any(getattr(pool, key) is not None for pool in pools):
            yield f"pools.{key}"


def _actions(document: "Document") -> Iterator[str]:
    if document.actions and document.actions.caps:
        yield "actions.caps"


def _whole(document: "Document") -> Iterator[str]:
    return (name for name in WHOLE_BLOCKS if getattr(document, name))
