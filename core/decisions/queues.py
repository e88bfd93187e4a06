"""Leads in the order of the queue: the one of `policy decide --queue`, over what the store holds of them."""

import polars as pl

from core.policy.document import Document
from core.policy.queueing import EVENT_TIME, in_queue_order, queue_order

MOMENT = "as_of"


def asked_of_inputs(document: Document) -> dict[str, str]:
    """The declared inputs that the policy's tie-break sorts by, with their types."""
    names = [name for name, _ in queue_order(document) if name in document.inputs.fields]
    return {name: document.inputs.fields[name].type for name in names}


def in_order(document: Document, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (lead_id, priority, as_of and the inputs that are asked for) in the order of `policy decide --queue`.

    Where `event_time` is no input of the document, it is a decision's as_of.
    """
    timed = rows if EVENT_TIME in rows.columns else rows.with_columns(pl.col(MOMENT).alias(EVENT_TIME))
    return in_queue_order(document, timed)
