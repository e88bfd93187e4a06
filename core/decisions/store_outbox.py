"""The outbox in the store: written with decisions, read by who delivers, settled round by round."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive

WAITING, DELIVERED, DEAD, GONE = "waiting", "delivered", "dead", "gone"
STATUSES = (WAITING, DELIVERED, DEAD, GONE)
STREAM = "decisions"
"""The ledger's stream of what became of messages: that of their decisions, so that no round empties what is remembered
of roles and policies.
"""
SCHEMA = {
    "message_id": pl.String, "decision_id": pl.String, "lead_id": pl.String, "kind": pl.String, "name": pl.String,
    "state": pl.String,
}  # fmt: skip
SETTLED = {
    "message_id": pl.String, "status": pl.String, "attempts": pl.Int32, "due_at": pl.Datetime("us"), "error": pl.String,
}  # fmt: skip
ORDER = "entry_seq, place"
Settled = tuple[str, str, int, datetime, str | None]
"""message_id, status, attempts, due_at and error after an attempt."""
SHOWN = "CASE WHEN contains(lead_id, '@') THEN coalesce('no-' || lead_no, '•••') ELSE lead_id END"
"""A lead's id as it leaves the store: one that is an address goes by its number."""
DUE = f"""
    WITH waits AS (
        SELECT *, min(CASE WHEN due_at > $now THEN (entry_seq, place) END) OVER (PARTITION BY lead_id) AS held_from
        FROM outbox SEMI JOIN decisions USING (decision_id) WHERE status = 'waiting'
    ), due AS (
        SELECT * FROM waits WHERE due_at <= $now AND (held_from IS NULL OR (entry_seq, place) < held_from)
        ORDER BY {ORDER} LIMIT $most
    )
    SELECT due.message_id, {SHOWN.replace("lead_", "d.lead_")}, due.kind, due.name, due.state, due.attempts, d.record
    FROM due JOIN decisions d USING (decision_id) ORDER BY due.entry_seq, due.place"""
ORPHANED = f"""
    SELECT message_id, attempts FROM outbox ANTI JOIN decisions USING (decision_id) WHERE status = 'waiting'
    ORDER BY {ORDER} LIMIT $most"""
LISTED = f"""
    SELECT message_id, status, kind, name, state, {SHOWN} AS lead_id, decision_id, attempts, due_at, settled_at, error
    FROM outbox LEFT JOIN leads USING (lead_id) WHERE $status IS NULL OR status = $status
    ORDER BY entry_seq DESC, place DESC LIMIT $most"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is due, with the record of its decision (JSON)."""

    message_id: str
    lead_id: str
    kind: str
    name: str
    state: str | None
    attempts: int
    record: str


class OutboxStore:
    """The outbox table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, change: Change, messages: pl.DataFrame) -> int:
        """Write the messages of a change's decisions; how many."""
        if messages.is_empty():
            return 0
        rows = messages.with_columns(
            pl.int_range(pl.len(), dtype=pl.Int32).alias("place"),
            pl.lit(change.seq).alias("entry_seq"),
            pl.lit(WAITING).alias("status"),
            pl.lit(0, dtype=pl.Int32).alias("attempts"),
            pl.lit(naive(self._database.clock.now())).alias("due_at"),
        )
        return change.insert("outbox", rows)

    def due(self, moment: datetime, most: int) -> list[Letter]:
        """What is to be sent by the moment, in order; a message that waits keeps the later ones of its lead back.

        One whose decision is gone is none of them.
        """
        rows = self._database.read(DUE, {"now": naive(moment), "most": most})
        return [Letter(*row) for row in rows.iter_rows()]

    def orphaned(self, most: int) -> list[tuple[str, int]]:
        """message_id and attempts of those that wait though their decision is gone, so that nothing can be told."""
        return self._database.read(ORPHANED, {"most": most}).rows()

    def settle(self, settled: Sequence[Settled], moment: datetime, actor: str) -> None:
        """Keep what became of attempts, in one entry of the ledger; none where there were none."""
        if not settled:
            return
        rows = pl.DataFrame(settled, schema=SETTLED, orient="row")
        with self._database.change(STREAM, "outbox.sent", actor) as change:
            change.load("settled", rows)
            change.execute(
                """UPDATE outbox SET status = s.status, attempts = s.attempts, due_at = s.due_at, error = s.error,
                       settled_at = CASE WHEN s.status <> 'waiting' THEN $now END
                   FROM settled s WHERE outbox.message_id = s.message_id""",
                {"now": moment},
            )
            change.body.update({name: rows.filter(status=name).height for name in STATUSES})

    def retry(self, message_ids: Sequence[str], actor: str) -> int:
        """Let dead messages wait anew, from now; how many were dead."""
        wanted = pl.DataFrame({"message_id": message_ids}, schema={"message_id": pl.String})
        with self._database.change(STREAM, "outbox.retried", actor) as change:
            change.load("wanted", wanted)
            count = change.execute(
                """UPDATE outbox SET status = 'waiting', attempts = 0, due_at = $now, settled_at = NULL, error = NULL
                   FROM wanted w WHERE outbox.message_id = w.message_id AND status = 'dead'""",
                {"now": naive(self._database.clock.now())},
            )
            change.body.update(messages=count)
            if not count:
                change.abandon()
        return count

    def counts(self) -> dict[str, int]:
        """How many messages there are by status."""
        return dict(self._database.read("SELECT status, count(*) FROM outbox GROUP BY 1 ORDER BY 1").iter_rows())

    def listed(self, status: str | None, most: int) -> pl.DataFrame:
        """The newest messages, of one status or all, without their bodies."""
        return self._database.read(LISTED, {"status": status, "most": most})

    def dead(self) -> list[str]:
        """The ids of the messages that are sent no more."""
        return self._database.read(f"SELECT message_id FROM outbox WHERE status = 'dead' ORDER BY {ORDER}")[
            "message_id"
        ].to_list()
