"""What the pages read of the decisions: the ranked board, the course of scores, the figures by day."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from core.kernel.database import Database
from core.kernel.times import naive

CLOSED = """
    closed AS (
        SELECT l.lead_id, min(coalesce(o.received_at, o.closed_at)) AS learned_at
        FROM outcomes o JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no GROUP BY l.lead_id
    )"""
BOARD = f"""
    WITH placed AS (
        SELECT decision_id, lead_id, arm, as_of, percentile, score,
            lag(percentile) OVER earlier AS percentile_before, lag(score) OVER earlier AS score_before,
            lag(band) OVER earlier AS band_before, lag(as_of) OVER earlier AS before_at
        FROM decisions
        WINDOW earlier AS (PARTITION BY lead_id, acted_by(arm) ORDER BY as_of NULLS FIRST, entry_seq, leaf_no)
    ), {CLOSED}
    SELECT n.decision_id, n.lead_id, n.as_of, n.known_at, n.decided_at, n.arm, n.score, n.percentile, n.fit_grade,
        n.engagement_grade, n.disposition, n.band, n.priority, n.next_state, n.pool, n.assignee, n.sla_min, n.action,
        n.reasons, n.entry_seq, n.model_hash, n.policy_hash, n.feature_set_hash, p.percentile_before, p.score_before,
        p.band_before, p.before_at, coalesce(c.learned_at > n.as_of, FALSE) AS closed_since,
        c.lead_id IS NOT NULL AS is_closed
    FROM decisions_latest n JOIN placed p USING (decision_id) LEFT JOIN closed c ON c.lead_id = n.lead_id
    ORDER BY n.percentile DESC NULLS LAST, n.score DESC, n.lead_id
"""
COURSES = """
    SELECT d.lead_id, list(d.percentile ORDER BY d.as_of, d.entry_seq, d.leaf_no) AS course
    FROM decisions d JOIN wanted w ON w.lead_id = d.lead_id AND acted_by(w.arm) = acted_by(d.arm)
    WHERE d.as_of IS NOT NULL AND ($until IS NULL OR d.as_of <= $until)
    GROUP BY d.lead_id
"""
BY_DAY = f"""
    WITH {CLOSED}, stands AS (
        SELECT d.band, d.score, (d.disposition = 'HOLD')::INTEGER AS held, d.as_of AS since,
            least(lead(d.as_of) OVER course, CASE WHEN c.learned_at > d.as_of THEN c.learned_at END) AS until,
            coalesce(lag(d.band) OVER course <> d.band, FALSE)::INTEGER AS arrived
        FROM decisions d LEFT JOIN closed c ON c.lead_id = d.lead_id
        WHERE d.arm <> 'shadow' AND d.as_of IS NOT NULL AND coalesce(c.learned_at > d.as_of, TRUE)
            AND ($everybody OR d.lead_id IN (SELECT lead_id FROM wanted))
        WINDOW course AS (PARTITION BY d.lead_id ORDER BY d.as_of, d.entry_seq, d.leaf_no)
    ), moves AS (
        SELECT day, band, sum(leads) AS leads, sum(score) AS score, sum(held) AS held, sum(arrived) AS arrived FROM (
            SELECT since::DATE AS day, band, 1 AS leads, score, held, arrived FROM stands UNION ALL
            SELECT until::DATE, band, -1, -score, -held, 0 FROM stands WHERE until IS NOT NULL)
        GROUP BY day, band
    ), days AS (SELECT DISTINCT since::DATE AS day, max(since::DATE) OVER () AS last FROM stands)
    SELECT d.day, b.band, sum(m.leads)::BIGINT AS leads, sum(m.score)::DOUBLE AS score, sum(m.held)::BIGINT AS held,
        coalesce(sum(m.arrived) FILTER (m.day = d.day), 0)::BIGINT AS arrived
    FROM days d CROSS JOIN (SELECT DISTINCT band FROM stands) b
    JOIN moves m ON m.band IS NOT DISTINCT FROM b.band AND (m.day <= d.day OR d.day = d.last)
    GROUP BY d.day, b.band ORDER BY d.day, b.band
"""

INPUT_TYPES = {"int": "BIGINT", "decimal": "DOUBLE", "bool": "BOOLEAN", "enum": "VARCHAR", "text": "VARCHAR"}


class DecisionBoard:
    """Reads over many decisions at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self) -> pl.DataFrame:
        """A row a lead: its newest decision, best percentile first, the values before, `closed_since`, `is_closed`."""
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

    def by_day(self, only: pl.DataFrame | None = None) -> pl.DataFrame:
        """How the open leads stood on each day that decided any: day, band, leads, score (sum), held, arrived.

        A lead stands as it was decided last, until it closes; `arrived` came from another band on that day. `only`
        (lead_id) narrows it to these leads.
        """
        nobody = pl.DataFrame(schema={"lead_id": pl.String})
        with self._database.scratch() as cursor:
            cursor.load("wanted", nobody if only is None else only.select("lead_id"))
            return cursor.read(BY_DAY, {"everybody": only is None})
