"""What the store holds of one person: which ids are theirs, what no key opens any more, and what stays."""

from datetime import datetime
from typing import Any

import polars as pl

from core.decisions.store_outbox import SHOWN
from core.kernel.database import Change

PERSON = f"""
    CREATE OR REPLACE TEMP TABLE person AS
    SELECT l.lead_no, l.lead_id, {SHOWN.replace("lead_", "l.lead_")} AS shown_id
    FROM leads asked JOIN identity_at(NULL) a ON a.lead_no = asked.lead_no
    JOIN identity_at(NULL) i ON i.root_no = a.root_no JOIN leads l ON l.lead_no = i.lead_no WHERE asked.lead_id = $lead
    UNION ALL SELECT lead_no, lead_id, {SHOWN} FROM (
        SELECT DISTINCT CAST(NULL AS INTEGER) AS lead_no, lead_id FROM quarantine WHERE lead_id = $lead)
    WHERE lead_id NOT IN (SELECT lead_id FROM leads)"""
UNREADABLE, STAYS = "unreadable", "stays under its id"
BUILT = "rows of kept feature builds"
NAMED = """EXISTS (SELECT 1 FROM (SELECT lead_id AS one FROM person UNION SELECT shown_id FROM person)
           WHERE contains({}, to_json(one)::VARCHAR))"""
TEXTS = (
    "UPDATE contests SET reason = 'erased', comment = CASE WHEN comment IS NOT NULL THEN 'erased' END",
    "UPDATE lead_feedback SET note = NULL",
    "UPDATE overrides SET reason = 'erased'",
    "UPDATE quarantine SET detail = 'erased'",
)
SINKS = (
    ("personal attributes", UNREADABLE, "attributes SEMI JOIN person USING (lead_no) WHERE sealed IS NOT NULL"),
    (
        "events with personal properties", UNREADABLE,
        """events SEMI JOIN person USING (lead_no) WHERE contains(properties, '{"sealed":"')""",
    ),
    ("items in quarantine", UNREADABLE, "quarantine SEMI JOIN person USING (lead_id)"),
    ("items in quarantine of nobody known", "may hold this person", "quarantine WHERE lead_id IS NULL"),
    ("ids, and that they were erased", STAYS, "person"),
    ("events", STAYS, "events SEMI JOIN person USING (lead_no)"),
    (
        "corrected events and events of earlier schemas", STAYS,
        """(SELECT event_id FROM event_corrections UNION ALL SELECT event_id FROM event_originals) SEMI JOIN
           (SELECT event_id FROM events SEMI JOIN person USING (lead_no)) USING (event_id)""",
    ),
    ("memberships of accounts", STAYS, "lead_accounts SEMI JOIN person USING (lead_no)"),
    ("attributes that are not personal", STAYS, "attributes SEMI JOIN person USING (lead_no) WHERE sealed IS NULL"),
    (
        "statements of identity", STAYS,
        """identity_statements WHERE from_no IN (SELECT lead_no FROM person)
           OR into_no IN (SELECT lead_no FROM person)""",
    ),
    (
        "merges of ids", STAYS,
        "lead_merges WHERE from_no IN (SELECT lead_no FROM person) OR into_no IN (SELECT lead_no FROM person)",
    ),
    ("feedback", STAYS, "lead_feedback SEMI JOIN person USING (lead_id)"),
    ("contests", STAYS, "contests SEMI JOIN person USING (lead_id)"),
    ("overrides", STAYS, "overrides SEMI JOIN person USING (lead_id)"),
    ("outcomes", STAYS, "outcomes SEMI JOIN person USING (lead_no)"),
    ("records of work", STAYS, "lead_work SEMI JOIN person USING (lead_no)"),
    ("decisions", STAYS, "decisions SEMI JOIN person USING (lead_id)"),
    (
        "scores of challengers", STAYS,
        """shadow_scores SEMI JOIN (SELECT decision_id FROM decisions SEMI JOIN person USING (lead_id))
           USING (decision_id)""",
    ),
    ("rows that models were judged by", STAYS, "model_test_rows SEMI JOIN person USING (lead_id)"),
    ("rows of the performance report", STAYS, "performance_rows SEMI JOIN person USING (lead_id)"),
    ("messages", STAYS, "outbox SEMI JOIN person USING (lead_id)"),
    ("entries of the ledger that name an id", STAYS, f"ledger WHERE {NAMED.format('body')}"),
    ("simulations that name an id", STAYS, f"simulations WHERE {NAMED.format('evidence')}"),
    ("drift reports that name an id", STAYS, f"drift_reports WHERE {NAMED.format('moved')}"),
    ("saved views that name an id", STAYS, f"saved_views WHERE {NAMED.format('parameters')}"),
)  # fmt: skip
"""What holds something of a person: its name, what becomes of it, and how its rows are counted."""


def person(change: Change, lead_id: str) -> pl.DataFrame:
    """lead_id and shown_id of every id that is this lead now, or of an id that quarantine alone knows; else empty."""
    change.execute(PERSON, {"lead": lead_id})
    return change.read("SELECT lead_id, shown_id FROM person ORDER BY lead_id <> ?, lead_id", [lead_id])


def remember(change: Change, at: datetime) -> None:
    """Keep that the person was erased at the moment (naive UTC): what is dated up to then is not taken in again."""
    change.execute("INSERT INTO erased_ids SELECT lead_id, ? FROM person", [at])


def blank_texts(change: Change) -> int:
    """Take out what people wrote about the person; the number of rows."""
    return sum(change.execute(f"{statement} WHERE lead_id IN (SELECT lead_id FROM person)") for statement in TEXTS)


def sinks(change: Change) -> list[dict[str, Any]]:
    """Everything that holds something of the person: sink, rows, state."""
    built = change.read("SELECT table_name FROM kept_sets")["table_name"]
    kept = sum(_count(change, f"{table} SEMI JOIN person USING (lead_id)") for table in built)
    found = [{"sink": name, "rows": _count(change, which), "state": state} for name, state, which in SINKS]
    return [*found, {"sink": BUILT, "rows": kept, "state": STAYS}]


def _count(change: Change, which: str) -> int:
    return change.scalar(f"SELECT count(*) FROM {which}")
