"""What was decided of a batch's leads while it was decided, or before it as of a later moment."""

from collections.abc import Sequence

import polars as pl

from core.kernel.database import Change

NEWEST = """
    SELECT lead_id, max(coalesce(as_of, known_at)) AS newest,
        bool_or(entry_seq > coalesce((SELECT seq FROM ledger WHERE hash = $stood_at), 0)) AS is_fresh
    FROM decisions SEMI JOIN batch_leads USING (lead_id) WHERE list_contains($arms, arm) GROUP BY lead_id"""


def newest_of(change: Change, leads: pl.Series, arms: Sequence[str], stood_at: str) -> pl.DataFrame:
    """lead_id, the newest moment that was decided in the arms, and whether any was written after that entry's hash."""
    change.load("batch_leads", leads.unique().to_frame("lead_id"))
    return change.read(NEWEST, {"arms": list(arms), "stood_at": stood_at})


def overtaken(batch: pl.DataFrame, newest: pl.DataFrame) -> list[str]:
    """The ids of the batch's decisions as of earlier than one that their lead has: history, of which nobody is told."""
    late = pl.coalesce("as_of", "known_at") < pl.col("newest")
    return batch.join(newest, on="lead_id").filter(late)["decision_id"].to_list()


def decided_since(newest: pl.DataFrame) -> pl.Series:
    """The leads that somebody decided after the hash that `newest` was asked with."""
    return newest.filter("is_fresh")["lead_id"]
