"""What the signals room publishes to be read."""

from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Database

LEADS = "SELECT lead_id, created_at, created_order FROM root_leads ORDER BY lead_no"
OUTCOMES = """
SELECT l.lead_id, o.outcome, o.closed_at AS "at", o.received_at, o.amount
FROM outcomes o JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
QUALIFY row_number() OVER (PARTITION BY root_no
                           ORDER BY o.closed_at NULLS LAST, o.outcome = 'won' DESC, o.outcome) = 1
ORDER BY root_no
"""
WORK = """
SELECT l.lead_id, bool_or(w.worked) AS worked, min(w.worked_at) AS worked_at
FROM lead_work w JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
GROUP BY root_no, l.lead_id ORDER BY root_no
"""
EVENTS_OF = """
SELECT * FROM event_log WHERE lead_id IN (
    SELECT r.lead_id FROM leads l JOIN identity_at(NULL) USING (lead_no) JOIN leads r ON r.lead_no = root_no
    WHERE l.lead_id = $lead)
ORDER BY occurred_at DESC, received_at DESC, event_id DESC LIMIT $limit
"""
LATEST = """
SELECT l.lead_id, a.name, arg_max(struct_pack(text := a.text, number := a.number, flag := a.flag, moment := a.moment),
                                  coalesce(a.received_at, TIMESTAMP '1900-01-01')) AS value
FROM attributes a JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
WHERE a.sealed IS NULL GROUP BY root_no, l.lead_id, a.name ORDER BY root_no, a.name
"""
COLUMN_OF = {"number": "number", "boolean": "flag", "time": "moment", "category": "text"}
SUMMARY = """
SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM root_leads) AS leads,
       (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM event_kinds) AS kinds,
       (SELECT count(*) FROM attribute_types) AS attributes, (SELECT count(*) FROM batches) AS batches,
       (SELECT count(*) FROM quarantine WHERE state = 'waiting') AS quarantined,
       (SELECT min(occurred_at) FROM events) AS first_at, (SELECT max(occurred_at) FROM events) AS last_at,
       (SELECT max(received_at) FROM events) AS last_received_at
"""


class Views:
    """Reads over the store, each on a fresh cursor."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def leads(self) -> pl.DataFrame:
        """lead_id, created_at, created_order, in order of lead_no."""
        return self.db.read(LEADS)

    def outcomes(self) -> pl.DataFrame:
        """Each decided lead's first outcome: lead_id, outcome, at, received_at, amount."""
        return self.db.read(OUTCOMES)

    def work(self) -> pl.DataFrame:
        """Each lead of which it is said: lead_id, worked, worked_at; worked where any record says so."""
        return self.db.read(WORK)

    def events_of(self, lead_id: str, limit: int) -> pl.DataFrame:
        """A lead's events, latest first."""
        return self.db.read(EVENTS_OF, {"lead": lead_id, "limit": limit})

    def attribute_types(self) -> pl.DataFrame:
        """name, type (number, category, boolean, time), personal, column_name, by name."""
        return self.db.read("SELECT * FROM attribute_types ORDER BY name")

    def attributes_wide(self) -> pl.DataFrame:
        """lead_id and one column an open attribute, with its latest value."""
        long = self.db.read(LATEST)
        types = self.attribute_types().filter(~pl.col("personal"))
        wide = self.leads().select("lead_id")
        for name, kind in types.select("name", "type").iter_rows():
            values = long.filter(pl.col("name") == name).select(
                "lead_id", pl.col("value").struct.field(COLUMN_OF[kind]).alias(name)
            )
            wide = wide.join(values, on="lead_id", how="left", maintain_order="left")
        return wide

    def last_event_at(self) -> datetime | None:
        """The latest moment of any event (naive UTC), null where there is none."""
        return self.db.scalar("SELECT max(occurred_at) FROM events")

    def batches(self) -> pl.DataFrame:
        """Every loaded file, latest first."""
        return self.db.read("SELECT * FROM batches ORDER BY batch_id DESC")

    def event_types(self) -> pl.DataFrame:
        """source, type, events, leads, first_at, last_at, most frequent first."""
        return self.db.read(
            "SELECT source, type, count(*) AS events, count(DISTINCT lead_no) AS leads, min(occurred_at) AS first_at, "
            "max(occurred_at) AS last_at FROM events JOIN event_kinds USING (kind_no) GROUP BY source, type "
            "ORDER BY events DESC, source, type"
        )

    def summary(self) -> dict[str, Any]:
        """events, leads, accounts, kinds, attributes, batches, quarantined, outcomes by word, first and last times."""
        counted = self.db.read(SUMMARY).row(0, named=True)
        words = self.outcomes().group_by("outcome").len().sort("outcome")
        decided = dict(words.iter_rows())
        return counted | {"outcomes": {**decided, "open": counted["leads"] - sum(decided.values())}}
