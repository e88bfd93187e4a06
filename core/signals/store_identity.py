"""Statements of identity into the store, and the closed merges that they give."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change
from core.signals.identity import CONFLICT, CYCLE, HOLDS, MERGE, REFUSED, SEPARATED, Interval, Statement, closed
from core.signals.raw import REJECTS

ALWAYS = datetime(1900, 1, 1)
GROUP = "group"
STATEMENTS = {
    "from_id": pl.String,
    "into_id": pl.String,
    "at": pl.Datetime("us"),
    "received_at": pl.Datetime("us"),
    "origin": pl.String,
    "event_id": pl.String,
}
INTERVALS = {
    "from_id": pl.String,
    "into_id": pl.String,
    "known_from": pl.Datetime("us"),
    "known_until": pl.Datetime("us"),
}
DETAILS = {
    CONFLICT: "`{}` already belongs to another lead",
    CYCLE: "`{}` is the lead that the other id already belongs to",
    SEPARATED: "`{}` was separated from this lead by a person",
}

ONCE = f"""
CREATE OR REPLACE TEMP TABLE said AS
SELECT from_id, into_id, min_by("at", received_at) AS "at", min(received_at) AS received_at,
    min_by(origin, received_at) AS origin, min_by(event_id, received_at) AS event_id
FROM saying WHERE from_id <> into_id AND origin <> '{GROUP}' GROUP BY from_id, into_id
"""
NEW_LEADS = """
INSERT INTO leads (lead_no, lead_id, created_at, batch_id, anonymous)
SELECT (SELECT coalesce(max(lead_no), 0) FROM leads) + row_number() OVER (ORDER BY lead_id), lead_id, first_at,
    $batch, came
FROM (SELECT lead_id, min("at") AS first_at, bool_and(came) AS came FROM (
    SELECT from_id AS lead_id, coalesce("at", received_at) AS "at", true AS came FROM said
    UNION ALL SELECT into_id, coalesce("at", received_at), false FROM said) GROUP BY lead_id)
ANTI JOIN leads USING (lead_id)
"""
NEW_STATEMENTS = """
INSERT INTO identity_statements
SELECT 'merge', f.lead_no, i.lead_no, s."at", s.received_at, s.origin, s.event_id, 'new', $actor, $reason, $batch
FROM said s JOIN leads f ON f.lead_id = s.from_id JOIN leads i ON i.lead_id = s.into_id
WHERE $actor IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM identity_statements x WHERE x.from_no = f.lead_no AND x.into_no = i.lead_no AND x.kind = 'merge'
        AND x.received_at <= s.received_at)
ORDER BY f.lead_no, i.lead_no
"""
TOUCHED = (
    "CREATE OR REPLACE TEMP TABLE touched AS SELECT from_no AS lead_no FROM identity_statements WHERE state = 'new'"
)
WIDEN = """
INSERT INTO touched SELECT DISTINCT lead_no FROM (
    SELECT unnest([from_no, into_no]) AS lead_no FROM identity_statements
    WHERE from_no IN (FROM touched) OR into_no IN (FROM touched))
WHERE lead_no IS NOT NULL AND lead_no NOT IN (FROM touched)
"""
COMPONENT = """
SELECT s.kind, f.lead_id AS from_id, coalesce(i.lead_id, '') AS into_id, s.received_at, s.actor IS NOT NULL AS decided,
    s.state, s.rowid AS row_id, s.origin, s.batch_id
FROM identity_statements s JOIN leads f ON f.lead_no = s.from_no LEFT JOIN leads i ON i.lead_no = s.into_no
WHERE s.from_no IN (FROM touched)
"""
MARK = "UPDATE identity_statements SET state = j.state FROM judged j WHERE identity_statements.rowid = j.row_id"
FORGET = "DELETE FROM lead_merges WHERE from_no IN (FROM touched)"
KEEP = """
INSERT INTO lead_merges
SELECT f.lead_no, i.lead_no, c.known_from, c.known_until, c.origin, c.batch_id
FROM intervals c JOIN leads f ON f.lead_id = c.from_id JOIN leads i ON i.lead_id = c.into_id
ORDER BY f.lead_no, c.known_from
"""


@dataclass(frozen=True)
class LandedIdentity:
    """How many ids came to belong to another lead, and the statements that were refused, as rejects."""

    merged: int
    conflicts: pl.DataFrame


def land(
    change: Change, statements: pl.DataFrame, batch_id: str | None, actor: str | None = None, reason: str | None = None
) -> LandedIdentity:
    """Store the statements and close the merges again for every id that they touch; an `actor` decides them."""
    if statements.is_empty():
        return LandedIdentity(0, pl.DataFrame(schema=REJECTS))
    change.load("saying", statements.select(pl.col(name).cast(kind) for name, kind in STATEMENTS.items()))
    change.execute(ONCE)
    change.execute(NEW_LEADS, {"batch": batch_id or ""})
    added = change.execute(NEW_STATEMENTS, {"batch": batch_id, "actor": actor, "reason": reason})
    return close(change) if added else LandedIdentity(0, pl.DataFrame(schema=REJECTS))


def close(change: Change) -> LandedIdentity:
    """Make the merges of every identity with a new statement again."""
    change.execute(TOUCHED)
    while change.execute(WIDEN):
        pass
    told = change.read(COMPONENT)
    said = [_statement(row) for row in told.iter_rows(named=True)]
    found = closed(said)
    told = told.with_columns(pl.Series("now", [found.verdicts[one] for one in said], dtype=pl.String))
    judged = told.filter(pl.col("now") != pl.col("state"))
    change.load("judged", judged.select("row_id", state="now"))
    change.execute(MARK)
    change.execute(FORGET)
    change.load("intervals", _with_origin(found.intervals, told))
    change.execute(KEEP)
    merged = judged.filter((pl.col("kind") == MERGE) & (pl.col("now") == HOLDS))
    return LandedIdentity(merged["from_id"].n_unique(), _rejects(judged))


def _statement(row: dict[str, Any]) -> Statement:
    return Statement(row["kind"], row["from_id"], row["into_id"], row["received_at"], row["decided"])


def _with_origin(intervals: Iterable[Interval], told: pl.DataFrame) -> pl.DataFrame:
    """The intervals with origin and batch of the id's own statement that held when they began."""
    rows = [(one.from_id, one.into_id, one.known_from, one.known_until) for one in intervals]
    frame = pl.DataFrame(rows, schema=INTERVALS, orient="row").sort("known_from")
    held = told.filter((pl.col("kind") == MERGE) & (pl.col("now") == HOLDS)).sort("received_at")
    origins = held.select("from_id", pl.col("received_at").alias("known_from"), "origin", "batch_id")
    return frame.join_asof(origins, on="known_from", by="from_id", check_sortedness=False)


def _rejects(judged: pl.DataFrame) -> pl.DataFrame:
    """The statements that are refused now, as quarantine keeps them."""
    held = judged.filter(pl.col("now").is_in(REFUSED)).unique(["from_id", "into_id", "now"], maintain_order=True)
    rows = [
        (0, code, DETAILS[code].format(_shown(a)), b, json.dumps({"from_id": a, "into_id": b}))
        for a, b, code in held.select("from_id", "into_id", "now").iter_rows()
    ]
    return pl.DataFrame(rows, schema=REJECTS, orient="row")


def _shown(lead_id: str) -> str:
    return "…@…" if "@" in lead_id else lead_id
