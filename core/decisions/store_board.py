"""What the pages read of the decisions: the ranked board, the course of scores, the figures by day."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from core.kernel.database import Database
from core.kernel.times import naive

BOARD = """
    WITH placed AS (
        SELECT decision_id, lead_id, arm, as_of, percentile, score,
            lag(percentile) OVER earlier AS percentile_before, lag(score) OVER earlier AS score_before,
            lag(band) OVER earlier AS band_before, lag(as_of) OVER earlier AS before_at
        FROM decisions
        WINDOW earlier AS (PARTITION BY lead_id, acted_by(arm) ORDER BY as_of NULLS FIRST, entry_seq, leaf_no)
    ), closed AS (
        SELECT l.lead_id, min(coalesce(o.received_at, o.closed_at)) AS learned_at
        FROM outcomes o JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no GROUP BY l.lead_id
    )
    SELECT n.decision_id, n.lead_id, n.as_of, n.known_at, n.decided_at, n.arm, n.score, n.percentile, n.fit_grade,
        n.engagement_grade, n.disposition, n.band, n.priority, n.next_state, n.pool, n.assignee, n.sla_min, n.action,
        n.reasons, n.entry_seq, n.model_hash, n.policy_hash, n.feature_set_hash, p.percentile_before, p.score_before,
        p.band_before, p.before_at, coalesce(c.learned_at > n.as_of, FALSE) AS closed_since
    FROM decisions_latest n JOIN placed p USING (decision_id) LEFT JOIN closed c ON c.lead_id = n.lead_id
    ORDER BY n.percentile DESC NULLS LAST, n.score DESC, n.lead_id
"""
COURSES = """
    SELECT d.lead_id, list(d.percentile ORDER BY d.as_of, d.entry_seq, d.leaf_no) AS course
    FROM decisions d JOIN wanted w ON w.lead_id = d.lead_id AND acted_by(w.arm) = acted_by(d.arm)
    WHERE d.as_of IS NOT NULL AND ($until IS NULL OR d.as_of <= $until)
    GROUP BY d.lead_id
"""
BY_MOMENT = """
    SELECT as_of, band, count(*) AS decisions, avg(score) AS score, count(pool) AS routed,
        count(*) FILTER (disposition = 'HOLD') AS held,
        count(*) FILTER (before_at IS NOT NULL AND band <> before) AS arrived
    FROM (SELECT *, lag(band) OVER earlier AS before, lag(as_of) OVER earlier AS before_at FROM decisions
          WHERE arm <> 'shadow'
          WINDOW earlier AS (PARTITION BY lead_id, acted_by(arm) ORDER BY as_of NULLS FIRST, entry_seq, leaf_no))
    WHERE as_of IS NOT NULL GROUP BY as_of, band ORDER BY as_of, band
"""

INPUT_TYPES = {"int": "BIGINT", "decimal": "DOUBLE", "bool": "BOOLEAN", "enum": "VARCHAR", "text": "VARCHAR"}


class DecisionBoard:
    """Reads over many decisions at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self) -> pl.DataFrame:
        """One row a lead: its newest decision, best percentile first, the values before, and `closed_since`."""
        return self._database.read(BOARD)

    def inputs(self, kinds: Mapping[str, str]) -> pl.DataFrame:
        """decision_id of each lead's newest decision, and these inputs as their policy saw them, by name and type."""
        columns = ", ".join(
            f"(record::JSON -> 'inputs' ->> '{name}')::{INPUT_TYPES[kind]} AS \"{name}\""
            for name, kind in kinds.items()
        )
        return self._database.read(f"SELECT decision_id, {columns} FROM decisions_latest")

    def courses(self, leads: pl.DataFrame, until: datetime | None = None) -> pl.DataFrame:
        """lead_id and the list of its percentiles over time, for the rows (lead_id, arm) given."""
        with self._database.scratch() as cursor:
            cursor.load("wanted", leads.select("lead_id", "arm"))
            return cursor.read(COURSES, {"until": None if until is None else naive(until)})

    def points(self, decision_ids: Sequence[str]) -> pl.DataFrame:
        """decision_id and its points as JSON text: a list of [feature, points] in the model's order."""
        wanted = pl.DataFrame({"decision_id": decision_ids}, schema={"decision_id": pl.String})
        with self._database.scratch() as cursor:
            cursor.load("wanted", wanted)
            return cursor.read("SELECT decision_id, points FROM decisions SEMI JOIN wanted USING (decision_id)")

    def reasons(self, decision_ids: Sequence[str]) -> pl.DataFrame:
        """decision_id, points and features as JSON text: lists of [feature, points] and of [feature, value]."""
        wanted = pl.DataFrame({"decision_id": decision_ids}, schema={"decision_id": pl.String})
        with self._database.scratch() as cursor:
            cursor.load("wanted", wanted)
            return cursor.read(
                "SELECT decision_id, points, json_extract(record, '$.features')::VARCHAR AS features "
                "FROM decisions SEMI JOIN wanted USING (decision_id)"
            )

    def by_moment(self) -> pl.DataFrame:
        """as_of, band, decisions, score (mean), routed, held and arrived (from another band), oldest first."""
        return self._database.read(BY_MOMENT)
