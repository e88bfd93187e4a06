"""Leads in the order of the queue: the one of `policy decide --queue`, over what the store holds of them."""

import polars as pl

from core.policy.document import Document
from core.policy.queueing import EVENT_TIME, LEAD_ID, queue_order

PRIORITY = "priority"
MOMENT = "as_of"


def asked_of_inputs(document: Document) -> dict[str, str]:
    """The declared inputs that the policy's tie-break sorts by, with their types."""
    names = [name for name, _ in queue_order(document) if name in document.inputs.fields]
    return {name: document.inputs.fields[name].type for name in names}


def in_queue_order(document: Document, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (lead_id, priority, as_of and the inputs that are asked for) by priority, then tie-break.

    A decision's `event_time` is its as_of; what a row does not have comes last.
    """
    order = [({EVENT_TIME: MOMENT}.get(name, name), downwards) for name, downwards in queue_order(document)]
    names, downwards = zip(*order, strict=True)
    assert {PRIORITY, LEAD_ID} <= set(names)
    return rows.sort(names, descending=downwards, nulls_last=True, maintain_order=True)
