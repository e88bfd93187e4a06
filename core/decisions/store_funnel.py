"""What became of decided leads: when each was scored and routed first, whether work is recorded, how it ended."""

from datetime import datetime

import polars as pl

from core.kernel.database import Database

WAYS = """
    WITH merged AS (
        SELECT f.lead_id AS from_id, r.lead_id FROM lead_merges m JOIN leads f ON f.lead_no = m.from_no
        JOIN leads r ON r.lead_no = m.into_no WHERE m.known_until IS NULL
    ), ours AS (
        SELECT coalesce(m.lead_id, d.lead_id) AS lead_id, min(moment) AS scored_at,
            arg_min(score, (moment, entry_seq, leaf_no)) AS score,
            min(moment) FILTER (WHERE disposition = 'PERMIT' AND pool IS NOT NULL) AS routed_at
        FROM (SELECT *, coalesce(as_of, known_at, decided_at) AS moment FROM decisions) d
        LEFT JOIN merged m ON m.from_id = d.lead_id
        WHERE arm <> 'shadow' AND ($since IS NULL OR moment >= $since) AND ($until IS NULL OR moment < $until)
        GROUP BY ALL
    ), said AS (
        SELECT root_no, bool_or(worked) AS worked, max(worked_at) FILTER (WHERE worked) AS worked_at,
            bool_or(worked AND worked_at IS NULL) AS is_undated
        FROM lead_work JOIN identity_at(NULL) USING (lead_no) GROUP BY root_no
    ), ended AS (
        SELECT root_no, outcome, closed_at FROM outcomes JOIN identity_at(NULL) USING (lead_no)
        QUALIFY row_number() OVER (
            PARTITION BY root_no ORDER BY closed_at NULLS LAST, outcome = 'won' DESC, outcome) = 1
    )
    SELECT o.*, coalesce(e.closed_at >= o.scored_at, e.outcome IS NOT NULL) AS has_closed,
        coalesce(e.outcome = 'won', FALSE) AS is_ended_won,
        is_ended_won AND coalesce(e.closed_at >= o.routed_at, TRUE) AS is_won,
        CASE WHEN s.is_undated OR s.worked_at >= o.routed_at THEN TRUE WHEN NOT s.worked THEN FALSE END AS is_touched
    FROM ours o LEFT JOIN leads l USING (lead_id)
    LEFT JOIN said s ON s.root_no = l.lead_no LEFT JOIN ended e ON e.root_no = l.lead_no
    ORDER BY o.lead_id
"""


class FunnelStore:
    """Reads over decisions, recorded work and outcomes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ways(self, since: datetime | None, until: datetime | None) -> pl.DataFrame:
        """One row a lead decided in [since, until): lead_id, scored_at, score (its first), routed_at (null: never).

        What was decided under an id that was merged since counts for the lead that it belongs to now.
        has_closed: it ended after it was scored; is_ended_won: as a win, is_won: as one after it was routed.
        is_touched: work is recorded after it was routed; false where a record says that it was not worked, null where
        nobody says.
        """
        return self._database.read(WAYS, {"since": since, "until": until})
