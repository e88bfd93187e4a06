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
NEWEST = """
    SELECT report_id, summary, policy_hash FROM performance_reports WHERE model_hash = ?
    ORDER BY made_at DESC, report_id LIMIT 1"""
TAKEN = "SELECT count(*) FROM performance_reports WHERE report_id = ?"
HAS_ROWS = "SELECT count(*) > 0 FROM performance_rows WHERE report_id = ?"


class PerformanceStore:
    """The performance reports of a store, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, told: Mapping[str, Any], model_hash: str, policy_hash: str, actor: str, rows: pl.DataFrame | None = None
    ) -> str:
        """Keep a `performance` object; its id, and the rows of what was judged last alone.

        The numbers of the model's newest report are not kept twice; older ones that came back are news.
        """
        text = canonical(told).decode()
        report_id = _id(text, model_hash, policy_hash)
        with self._db.change("models", "performance.reported", actor) as change:
            newest = change.rows(NEWEST, [model_hash])
            if newest and newest[0][1:] == (text, policy_hash):
                report_id = newest[0][0]
                change.body.update(_body(report_id, told))
                if rows is not None and not change.scalar(HAS_ROWS, [report_id]):
                    _keep(change, report_id, rows)
                else:
                    change.abandon()
                return report_id
            if change.scalar(TAKEN, [report_id]):
                report_id = _id(text, model_hash, policy_hash, change.seq)
            change.body.update(_body(report_id, told))
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
        found = self._db.read(NEWEST, [model_hash])
        return json.loads(found["summary"][0]) if found.height else None

    def judged(self, report_id: str) -> pl.DataFrame:
        """The rows that the report judged, as monitoring.judged has them; empty where they are not kept (any more)."""
        return self._db.read(
            f"SELECT {', '.join(COLUMNS)} FROM performance_rows WHERE report_id = ? ORDER BY place", [report_id]
        )

    def all(self) -> pl.DataFrame:
        """Every report: report_id, made_at, population, model_hash, policy_hash, summary (JSON), actor."""
        return self._db.read("SELECT * FROM performance_reports ORDER BY made_at DESC, report_id")


def _id(*parts: str | int) -> str:
    return "p_" + digest([*parts]).removeprefix("sha256:")[:16]


def _body(report_id: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"report_id": report_id, "rows": told["rows"], "alerts": len(told["alerts"])}


def forget_decided(change: Change) -> None:
    """Drop the judged rows of a report on decisions: decisions are deleted in the same change."""
    change.execute(FORGET)


def _keep(change: Change, report_id: str, rows: pl.DataFrame | None) -> None:
    change.execute("DELETE FROM performance_rows")
    if rows is not None:
        change.insert("performance_rows", rows.with_row_index("place").with_columns(report_id=pl.lit(report_id)))
