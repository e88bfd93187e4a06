"""Where performance reports are kept."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from core.kernel.canonical import canonical, digest
from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.monitoring.judged import COLUMNS

FORGET = """
    DELETE FROM performance_rows
    WHERE report_id IN (SELECT report_id FROM performance_reports WHERE population = 'decided')"""
LACKS_ROWS = """
    SELECT report_id = ? AND report_id NOT IN (SELECT report_id FROM performance_rows)
    FROM performance_reports WHERE model_hash = ? ORDER BY made_at DESC, report_id LIMIT 1"""
"""Whether the report is its model's newest and its rows are not there: they were not kept then, or another's came."""


class PerformanceStore:
    """The performance reports of a store, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, told: Mapping[str, Any], model_hash: str, policy_hash: str, actor: str, rows: pl.DataFrame | None = None
    ) -> str:
        """Keep a `performance` object; its id. The same numbers are kept once, rows of the last judged alone."""
        text = canonical(told).decode()
        report_id = "p_" + digest([text, model_hash, policy_hash]).removeprefix("sha256:")[:16]
        with self._db.change("models", "performance.reported", actor) as change:
            change.body.update(report_id=report_id, rows=told["rows"], alerts=len(told["alerts"]))
            if change.scalar("SELECT count(*) FROM performance_reports WHERE report_id = ?", [report_id]):
                if rows is not None and change.scalar(LACKS_ROWS, [report_id, model_hash]):
                    _keep(change, report_id, rows)
                else:
                    change.abandon()
                return report_id
            row = {
                "report_id": report_id,
                "made_at": naive(self._db.clock.now()),
                "population": told["population"],
                "model_hash": model_hash,
                "policy_hash": policy_hash,
                "summary": text,
                "actor": actor,
            }
            change.insert("performance_reports", pl.DataFrame([row]))
            _keep(change, report_id, rows)
        return report_id

    def newest(self, model_hash: str) -> dict[str, Any] | None:
        """The model's newest `performance` object, or None where none was made."""
        text = self._db.scalar(
            "SELECT summary FROM performance_reports WHERE model_hash = ? ORDER BY made_at DESC, report_id LIMIT 1",
            [model_hash],
        )
        return None if text is None else json.loads(text)

    def judged(self, report_id: str) -> pl.DataFrame:
        """The rows that the report judged, as monitoring.judged has them; empty where they are not kept (any more)."""
        return self._db.read(
            f"SELECT {', '.join(COLUMNS)} FROM performance_rows WHERE report_id = ? ORDER BY place", [report_id]
        )

    def all(self) -> pl.DataFrame:
        """Every report: report_id, made_at, population, model_hash, policy_hash, summary (JSON), actor."""
        return self._db.read("SELECT * FROM performance_reports ORDER BY made_at DESC, report_id")


def forget_decided(change: Change) -> None:
    """Drop the judged rows of a report on decisions: decisions are deleted in the same change."""
    change.execute(FORGET)


def _keep(change: Change, report_id: str, rows: pl.DataFrame | None) -> None:
    change.execute("DELETE FROM performance_rows")
    if rows is not None:
        change.insert("performance_rows", rows.with_row_index("place").with_columns(report_id=pl.lit(report_id)))
