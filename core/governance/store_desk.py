"""The tables of what people say: feedback on leads, saved views of pages, annotations of charts."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive

FEEDBACK = """
    SELECT lead_id, decision_id, verdict, note, actor, given_at FROM lead_feedback
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY seq DESC) = 1
    ORDER BY given_at DESC, lead_id
"""


class FeedbackStore:
    """Rows of `lead_feedback`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest_decision(self, lead_id: str, change: Change) -> str | None:
        """The lead's newest decision, None where it has none."""
        return change.scalar("SELECT decision_id FROM decisions_latest WHERE lead_id = ?", [lead_id])

    def newest_decisions(self, lead_ids: Sequence[str], change: Change) -> pl.DataFrame:
        """lead_id and the newest decision_id (null where there is none) of each of the leads, in their order."""
        change.load("wanted", pl.DataFrame({"lead_id": sorted(set(lead_ids))}, schema={"lead_id": pl.String}))
        return change.read(
            """SELECT w.lead_id, d.decision_id FROM wanted w LEFT JOIN decisions_latest d USING (lead_id)
               ORDER BY w.lead_id"""
        )

    def add(self, change: Change, said: pl.DataFrame, note: str | None, actor: str) -> None:
        """Note what somebody says of leads (lead_id, decision_id, verdict)."""
        last = change.scalar("SELECT coalesce(max(seq), 0) FROM lead_feedback")
        about = {"note": pl.lit(note, pl.String), "actor": pl.lit(actor)}
        given_at = pl.lit(naive(self._database.clock.now()))
        seq = pl.int_range(pl.len(), dtype=pl.Int64) + last + 1
        change.insert("lead_feedback", said.with_columns(seq=seq, given_at=given_at, **about))

    def latest(self) -> pl.DataFrame:
        """The newest word on each lead: lead_id, decision_id, verdict, note, actor, given_at."""
        return self._database.read(FEEDBACK)


class ViewStore:
    """Rows of `saved_views`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, change: Change, page: str, owner: str, name: str, shared: bool, parameters: Mapping[str, Any]
    ) -> None:
        """Keep the view, in place of the owner's earlier one of that name."""
        self.drop(change, page, owner, name)
        change.execute(
            "INSERT INTO saved_views VALUES (?, ?, ?, ?, ?, ?)",
            [page, owner, name, shared, json.dumps(dict(parameters), sort_keys=True), self._database.clock.now()],
        )

    def drop(self, change: Change, page: str, owner: str, name: str) -> None:
        """Forget the view."""
        change.execute("DELETE FROM saved_views WHERE page = ? AND owner = ? AND name = ?", [page, owner, name])

    def rows(self, page: str, change: Change | None = None) -> list[tuple[Any, ...]]:
        """name, owner, shared and parameters (JSON text) of a page's views, by name."""
        return (
            (change or self._database)
            .read("SELECT name, owner, shared, parameters FROM saved_views WHERE page = ? ORDER BY name, owner", [page])
            .rows()
        )


class AnnotationStore:
    """Rows of `annotations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, annotation_id: str, at: datetime, content: str, actor: str) -> None:
        """Keep a mark."""
        change.execute(
            "INSERT INTO annotations VALUES (?, ?, ?, ?, ?, FALSE)",
            [annotation_id, naive(at), content, actor, self._database.clock.now()],
        )

    def set_removed(self, change: Change, annotation_id: str, removed: bool) -> None:
        """Take a mark away, or bring it back."""
        change.execute("UPDATE annotations SET removed = ? WHERE annotation_id = ?", [removed, annotation_id])

    def rows(self, change: Change | None = None) -> pl.DataFrame:
        """annotation_id, marked_at, content, actor and removed, oldest mark first."""
        return (change or self._database).read(
            """SELECT annotation_id, marked_at, content, actor, removed FROM annotations
               ORDER BY marked_at, annotation_id"""
        )
