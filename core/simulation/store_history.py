"""What a simulation asks of the store beside decisions: when leads came, the week's course, rewards, accounts."""

from datetime import datetime

import polars as pl

from core.kernel.database import Database

BY_HOUR = """
    SELECT ((isodow(received_at) - 1) * 24 + hour(received_at))::INTEGER AS hour, count(*) AS events
    FROM event_log GROUP BY 1"""
ACCOUNTS = """
    SELECT r.lead_id,
        arg_max(a.account_id, (origin = 'leads', coalesce(valid_from, TIMESTAMP '0001-01-01'), a.account_no)) AS account
    FROM lead_accounts m JOIN accounts a USING (account_no) JOIN identity_at(NULL) i USING (lead_no)
    JOIN leads r ON r.lead_no = i.root_no GROUP BY r.lead_id"""


class HistoryStore:
    """Questions to the store about its past; times are naive UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def created(self) -> dict[str, datetime]:
        """When each lead was created, where it is known."""
        rows = self._database.read("SELECT lead_id, created_at FROM root_leads WHERE created_at IS NOT NULL")
        return dict(rows.iter_rows())

    def by_hour(self) -> dict[int, int]:
        """Events by the hour of the week (0: Monday 00:00 UTC) at which they came in."""
        return dict(self._database.read(BY_HOUR).iter_rows())

    def rewards(self, name: str) -> pl.DataFrame:
        """lead_id and `at` of each outcome of that name, else of each event of that type; empty where there is none."""
        found = self._database.read(
            """SELECT lead_id, closed_at AS at FROM published.outcomes
               WHERE outcome = ? AND closed_at IS NOT NULL ORDER BY closed_at, lead_id""",
            [name],
        )
        if found.height:
            return found
        return self._database.read(
            "SELECT lead_id, occurred_at AS at FROM event_log WHERE type = ? ORDER BY occurred_at, lead_id", [name]
        )

    def accounts(self) -> dict[str, str]:
        """The account of each lead that has one, as far as is known."""
        return dict(self._database.read(ACCOUNTS).iter_rows())

    def explored(self) -> bool:
        """Whether any recorded decision says that more than one action was possible."""
        return bool(
            self._database.scalar(
                """SELECT count(*) > 0 FROM decisions
                   WHERE len(json_keys(record, '$.propensities')) > 1 OR json_extract(record, '$.explored')::BOOLEAN"""
            )
        )
