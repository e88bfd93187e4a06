"""Where performance reports are kept."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from core.kernel.canonical import canonical, digest
from core.kernel.database import Database
from core.kernel.times import naive


class PerformanceStore:
    """The performance reports of a store, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, told: Mapping[str, Any], model_hash: str, policy_hash: str, actor: str) -> str:
        """Keep a `performance` object; its id. The same numbers are kept once."""
        text = canonical(told).decode()
        report_id = "p_" + digest([text, model_hash, policy_hash]).removeprefix("sha256:")[:16]
        with self._db.change("models", "performance.reported", actor) as change:
            change.body.update(report_id=report_id, rows=told["rows"], alerts=len(told["alerts"]))
            if change.scalar("SELECT count(*) FROM performance_reports WHERE report_id = ?", [report_id]):
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
        return report_id

    def newest(self, model_hash: str) -> dict[str, Any] | None:
        """The model's newest `performance` object, or None where none was made."""
        text = self._db.scalar(
            "SELECT summary FROM performance_reports WHERE model_hash = ? ORDER BY made_at DESC, report_id LIMIT 1",
            [model_hash],
        )
        return None if text is None else json.loads(text)

    def all(self) -> pl.DataFrame:
        """Every report: report_id, made_at, population, model_hash, policy_hash, summary (JSON), actor."""
        return self._db.read("SELECT * FROM performance_reports ORDER BY made_at DESC, report_id")
