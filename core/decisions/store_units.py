"""By which unit each row is drawn: the lead, or the account that it belonged to as known then."""

import polars as pl

from core.kernel.database import Database

ACCOUNT = "account_id"
ACCOUNTS = """
    WITH known AS (
        SELECT r.row_no, r.lead_id, l.lead_no, r.known_at FROM unit_rows r JOIN leads l USING (lead_id)
    ), parts AS (
        SELECT row_no, lead_no, known_at FROM known
        UNION ALL SELECT k.row_no, m.from_no, k.known_at FROM known k JOIN lead_merges m ON m.into_no = k.lead_no
            AND CASE WHEN k.known_at IS NULL THEN m.known_until IS NULL
                ELSE m.known_from <= k.known_at AND (m.known_until IS NULL OR k.known_at < m.known_until) END
    )
    SELECT p.row_no, max(struct_pack(o := m.origin = 'leads',
        v := coalesce(m.valid_from, TIMESTAMP '0001-01-01'), r := coalesce(m.received_at, TIMESTAMP '0001-01-01'),
        i := a.account_id)).i AS account_id
    FROM parts p JOIN lead_accounts m USING (lead_no) JOIN accounts a USING (account_no)
    WHERE p.known_at IS NULL OR m.received_at IS NULL OR m.received_at <= p.known_at
    GROUP BY p.row_no"""


class UnitStore:
    """Reads which account leads belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, keys: pl.DataFrame, unit: str) -> list[str]:
        """For each row (lead_id, known_at) the unit's id; a lead without an account is a unit of its own."""
        leads: list[str] = keys["lead_id"].to_list()
        if unit != ACCOUNT or not leads:
            return leads
        with self._database.scratch() as cursor:
            cursor.load("unit_rows", keys.select("lead_id", "known_at").with_row_index("row_no"))
            found = dict(cursor.read(ACCOUNTS).iter_rows())
        return [found.get(place, lead) for place, lead in enumerate(leads)]
