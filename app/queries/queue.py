"""The order in which leads are to be worked: the priority and tie-break of the policy that decides."""

import polars as pl

from app.queries import policies
from app.queries.access import database
from core.decisions import queues
from core.decisions.store_board import DecisionBoard


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The board's rows as `policy decide --queue` orders them; as they are where the policy has no priorities."""
    deciding = policies.live()
    if deciding is None or deciding.policy.document.priority is None:
        return rows
    document = deciding.policy.document
    kinds = queues.asked_of_inputs(document)
    asked = rows.select("decision_id", "lead_id", "priority", "as_of")
    if kinds:
        asked = asked.join(DecisionBoard(database()).inputs(kinds), on="decision_id", how="left")
    order = queues.in_order(document, asked).select("decision_id")
    return order.join(rows, on="decision_id", how="left", maintain_order="left").select(rows.columns)
