"""What a lead's features were between two moments, one kind of news at a time.

A build sees what happened before `as_of` and was known at `known_at`. Between two such looks time passes, things
happen, the past is corrected or heard of late, and attributes change, all at once. Here each kind of news is let in
alone: temporary tables of the same names stand before the log, and hold back what does not count yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.features.document import FeatureSet
from core.features.engine import values_on
from core.features.spine import EVER, spine_rows
from core.kernel.database import Cursor, Database

STAGES = ("decay", "new_behaviour", "corrected_data")

_LINKED = """CREATE OR REPLACE TEMP TABLE linked AS
WITH RECURSIVE links AS (
    SELECT from_no AS a, into_no AS b FROM {store}.lead_merges UNION SELECT into_no, from_no FROM {store}.lead_merges
), reached(lead_no) AS (SELECT lead_no FROM {start} UNION SELECT b FROM reached JOIN links ON a = reached.lead_no)
SELECT lead_no FROM reached"""
_ASKED = "(SELECT lead_no FROM {store}.leads SEMI JOIN asked_leads USING (lead_id))"
_IN_ACCOUNTS = """(SELECT lead_no FROM linked UNION SELECT m.lead_no FROM {store}.lead_accounts m
    SEMI JOIN (SELECT account_no FROM {store}.lead_accounts SEMI JOIN linked USING (lead_no)) USING (account_no))"""
_HAPPENED = "(occurred_at < $then AND received_at <= $known AND (superseded_at IS NULL OR superseded_at > $known))"
_EVENTS = {
    "decay": f"SELECT * REPLACE (NULL::TIMESTAMP AS superseded_at) FROM {{events}} WHERE {_HAPPENED}",
    "new_behaviour": "SELECT * REPLACE (CASE WHEN occurred_at >= $then THEN superseded_at END AS superseded_at)"
    f" FROM {{events}} WHERE occurred_at >= $then OR {_HAPPENED}",
    "corrected_data": "SELECT * FROM {events}",
}
_MERGES = """SELECT * REPLACE (NULL::TIMESTAMP AS known_until) FROM {store}.lead_merges
WHERE known_from <= $known AND (known_until IS NULL OR known_until > $known)"""
_ACCOUNTS = "SELECT * FROM {store}.lead_accounts WHERE received_at IS NULL OR received_at <= $known"
_ATTRIBUTES = """SELECT * FROM {store}.attributes SEMI JOIN linked USING (lead_no)
WHERE (valid_from IS NULL OR valid_from <= $then) AND (received_at IS NULL OR received_at <= $known)"""


@dataclass(frozen=True)
class Look:
    """From when a lead was looked at, and what was known: naive UTC; as_of None means undated, known_at None all."""

    as_of: datetime | None
    known_at: datetime | None

    @property
    def known(self) -> datetime:
        """The moment of knowledge."""
        return self.known_at or self.as_of or EVER


def between(
    db: Database, feature_set: FeatureSet, lead_ids: Sequence[str], then: Look, now: Look
) -> dict[str, pl.DataFrame]:
    """By stage the features of the leads, rows in their order, as of `now`, with a little more let in at each stage.

    decay: what was visible `then`, only older. new_behaviour: also what happened since. corrected_data: also what was
    corrected or withdrawn, what came late, and which ids belong together by now. What is then left to the build at
    `now` is attributes. Nothing ages without dates, so an undated look gives no stage. Raises what a build raises.
    """
    if then.as_of is None or now.as_of is None:
        return {}
    spine = pl.DataFrame({"lead_id": lead_ids}).with_columns(
        pl.lit(now.as_of, dtype=pl.Datetime("us")).alias("as_of"),
        pl.lit(now.known, dtype=pl.Datetime("us")).alias("known_at"),
    )
    rows = spine_rows(feature_set, spine)
    with db.scratch() as cursor:
        _link(cursor, feature_set, lead_ids)
        _hold_back_attributes(cursor, then)
        return {stage: _stage(cursor, feature_set, rows, then, stage) for stage in STAGES}


def _link(cursor: Cursor, feature_set: FeatureSet, lead_ids: Sequence[str]) -> None:
    """Note the leads whose events can count: those asked for, all that were ever one with them, and their accounts'."""
    cursor.load("asked_leads", pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}))
    store = _store(cursor)
    cursor.execute(_LINKED.format(store=store, start=_ASKED.format(store=store)))
    if any(feature.aggregate and feature.scope != "lead" for feature in feature_set.features):
        cursor.execute(_LINKED.format(store=store, start=_IN_ACCOUNTS.format(store=store)))


def _store(cursor: Cursor) -> str:
    """Where the log itself is, beneath temporary tables of the same names."""
    return f'"{cursor.scalar("SELECT current_database()")}".main'


def _hold_back_attributes(cursor: Cursor, then: Look) -> None:
    told = {"then": then.as_of, "known": then.known}
    cursor.execute(f"CREATE TEMP TABLE attributes AS {_ATTRIBUTES.format(store=_store(cursor))}", told)


def _stage(cursor: Cursor, feature_set: FeatureSet, rows: pl.DataFrame, then: Look, stage: str) -> pl.DataFrame:
    store = _store(cursor)
    events = f"(FROM {store}.events SEMI JOIN linked USING (lead_no))"
    told = {"then": then.as_of, "known": then.known}
    statements = {"events": _EVENTS[stage].format(events=events)}
    if stage == "corrected_data":
        statements |= {name: f"SELECT * FROM {store}.{name}" for name in ("lead_merges", "lead_accounts")}
    else:
        statements |= {"lead_merges": _MERGES.format(store=store), "lead_accounts": _ACCOUNTS.format(store=store)}
    for name, statement in statements.items():
        used = {key: value for key, value in told.items() if f"${key}" in statement}
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {statement}", used)
    return values_on(cursor, feature_set, rows)[0]
