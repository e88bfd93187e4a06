"""Where drift reports are kept: numbers as JSON, Evidently's page compressed."""

import json
import zlib
from typing import Any

import polars as pl

from core.kernel.canonical import canonical, digest
from core.kernel.database import Database
from core.kernel.times import naive
from core.monitoring.report import DriftReport

NEWEST = """
    SELECT summary FROM drift_reports
    WHERE model_hash = ? AND coalesce((summary->>'$.population')::BIGINT, 1) > 0
    ORDER BY made_at DESC, report_id LIMIT 1"""


class DriftStore:
    """The drift reports of a store, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, report: DriftReport, model_hash: str, policy_hash: str, actor: str) -> str:
        """Keep a report; its id. The same numbers are kept once."""
        summary = canonical(report.to_json()).decode()
        report_id = "r_" + digest([summary, model_hash, policy_hash]).removeprefix("sha256:")[:16]
        with self._db.change("models", "drift.reported", actor) as change:
            change.body.update(report_id=report_id, drifted=len(report.drifted), moved=report.decisions_moved)
            if change.scalar("SELECT count(*) FROM drift_reports WHERE report_id = ?", [report_id]):
                change.abandon()
                return report_id
            change.insert("drift_reports", self._row(report, report_id, model_hash, policy_hash, summary, actor))
        return report_id

    def all(self) -> pl.DataFrame:
        """Every report without its page: report_id, made_at, reference, current, summary (JSON), actor."""
        return self._db.read(
            "SELECT report_id, made_at, reference, current, model_hash, policy_hash, summary, actor "
            "FROM drift_reports ORDER BY made_at DESC, report_id"
        )

    def summary(self, report_id: str) -> dict[str, object] | None:
        """The report's `drift` object, or None where there is no such report."""
        text = self._db.scalar("SELECT summary FROM drift_reports WHERE report_id = ?", [report_id])
        return None if text is None else json.loads(text)

    def newest(self, model_hash: str) -> dict[str, Any] | None:
        """The `drift` object of the model's newest report of any lead, or None where none was made."""
        text = self._db.scalar(NEWEST, [model_hash])
        return None if text is None else json.loads(text)

    def distributions(self, report_id: str) -> dict[str, dict[str, list[Any]]]:
        """By feature: labels, reference and current shares."""
        text = self._db.scalar("SELECT distributions FROM drift_reports WHERE report_id = ?", [report_id])
        return {} if text is None else json.loads(text)

    def moved_leads(self, report_id: str) -> dict[str, list[str]]:
        """By drifted feature: the leads whose band or pool would be another with the reference's values."""
        text = self._db.scalar("SELECT moved FROM drift_reports WHERE report_id = ?", [report_id])
        return {} if text is None else json.loads(text)

    def page(self, report_id: str) -> bytes:
        """Evidently's own HTML page, empty where there was too little data to make one."""
        packed = self._db.scalar("SELECT page FROM drift_reports WHERE report_id = ?", [report_id])
        return b"" if packed is None else zlib.decompress(packed)

    def _row(
        self, report: DriftReport, report_id: str, model_hash: str, policy_hash: str, summary: str, actor: str
    ) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "report_id": [report_id],
                "made_at": [naive(self._db.clock.now())],
                "reference": [report.spec.reference],
                "current": [report.spec.current],
                "model_hash": [model_hash],
                "policy_hash": [policy_hash],
                "summary": [summary],
                "distributions": [canonical(report.distributions).decode()],
                "moved": [canonical(report.moved_leads).decode()],
                "page": [zlib.compress(report.page, 6)],
                "actor": [actor],
            }
        )
