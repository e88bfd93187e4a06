"""Questions to the store about leads with new live events."""

from collections.abc import Sequence

import polars as pl

from core.kernel.database import Database

OPEN = """
    SELECT own.lead_id AS sent_id, l.lead_id, l.lead_no FROM leads own
    LEFT JOIN lead_merges m ON m.from_no = own.lead_no AND m.known_until IS NULL
    JOIN leads l ON l.lead_no = coalesce(m.into_no, own.lead_no)
    WHERE {which} AND NOT coalesce(l.anonymous, FALSE)
        AND l.lead_no NOT IN (
            SELECT coalesce(c.into_no, o.lead_no) FROM outcomes o
            LEFT JOIN lead_merges c ON c.from_no = o.lead_no AND c.known_until IS NULL WHERE o.outcome <> 'open')
    ORDER BY l.lead_id"""
OPEN_AMONG, ALL_OPEN = OPEN.format(which="own.lead_id IN (SELECT unnest($ids))"), OPEN.format(which="TRUE")
UNDECIDED = """
    WITH newest AS (
        SELECT coalesce(m.into_no, e.lead_no) AS lead_no, max(e.received_at) AS received_at,
            arg_max(e.event_id, (e.received_at, e.event_no)) AS event_id,
            arg_max(e.trace_id, (e.received_at, e.event_no)) AS trace_id
        FROM events e SEMI JOIN (SELECT batch_id FROM batches WHERE starts_with(path, 'live:')) USING (batch_id)
        LEFT JOIN lead_merges m ON m.from_no = e.lead_no AND m.known_until IS NULL
        GROUP BY 1)
    SELECT l.lead_id, n.event_id, n.trace_id, n.received_at FROM newest n JOIN leads l USING (lead_no)
    LEFT JOIN (SELECT lead_id, max(known_at) AS known_at FROM decisions WHERE arm <> 'shadow' GROUP BY lead_id) d
        USING (lead_id)
    WHERE NOT coalesce(l.anonymous, FALSE) AND (d.known_at IS NULL OR d.known_at < n.received_at)
    ORDER BY n.received_at, l.lead_id"""
LAST_POLICY = "SELECT policy_hash FROM decisions WHERE arm <> 'shadow' ORDER BY entry_seq DESC, leaf_no DESC LIMIT 1"


class ArrivalStore:
    """Reads about live events and the leads that they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_leads(self, sent_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """By the id that was sent its lead and the lead's number; visitors and closed leads are left out."""
        return _homes(self._database.read(OPEN_AMONG, {"ids": list(sent_ids)}))

    def all_open(self, most: int) -> dict[str, tuple[str, int]]:
        """The same of every lead; empty where there are more than `most`."""
        if self._database.scalar("SELECT count(*) FROM leads") > most:
            return {}
        return _homes(self._database.read(ALL_OPEN))

    def undecided(self) -> pl.DataFrame:
        """lead_id, event_id, trace_id, received_at of leads with a live event that no decision has seen."""
        return self._database.read(UNDECIDED)

    def last_policy(self) -> str | None:
        """The hash of the policy of the newest decision."""
        return self._database.scalar(LAST_POLICY)


def _homes(found: pl.DataFrame) -> dict[str, tuple[str, int]]:
    return {sent_id: (lead_id, lead_no) for sent_id, lead_id, lead_no in found.iter_rows()}
