"""Leads in the order of the queue: the one of `policy decide --queue`, over what the store holds of them."""

import polars as pl

from core.policy.document import Document
from core.policy.queueing import EVENT_TIME, queue_order

MOMENT = "as_of"
PLACE = "place in the queue"


def asked_of_inputs(document: Document) -> dict[str, str]:
    """The declared inputs that the policy's tie-break sorts by, with their types."""
    names = [name for name, _ in queue_order(document) if name in document.inputs.fields]
    return {name: document.inputs.fields[name].type for name in names}


def in_order(document: Document, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (lead_id, priority, as_of and the inputs that are asked for) in the order of the queue.

    Where `event_time` is not among the columns, it is a decision's as_of; what a row does not have comes last.
    """
    known = rows.rename({MOMENT: EVENT_TIME}) if MOMENT in rows.columns and EVENT_TIME not in rows.columns else rows
    order = [(name, downwards) for name, downwards in queue_order(document) if name in known.columns]
    names, downwards = zip(*order, strict=True)
    ordered = known.with_row_index(PLACE).sort(names, descending=downwards, nulls_last=True, maintain_order=True)
    return rows[ordered[PLACE]]
