"""The tables of release: submissions, rollouts with their steps and observations, broken glass, schedules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import from_text, naive

CURRENT = """
    SELECT r.rollout_id, r.name, r.content_hash, r.before_hash, r.plan, r.plan_hash, r.started_at, s.step, s.kind,
        s.entered_at
    FROM rollouts r JOIN (SELECT * FROM rollout_steps
        QUALIFY row_number() OVER (PARTITION BY rollout_id ORDER BY seq DESC) = 1) s USING (rollout_id)
    WHERE r.name = $name ORDER BY s.seq DESC LIMIT 1"""
SEEN = """
    WITH seen AS (
        SELECT *, policy_hash = $candidate AS is_candidate FROM rollout_observations
        WHERE step = $step AND decided_at >= $since AND policy_hash IN ($candidate, $before)
        QUALIFY row_number() OVER (PARTITION BY lead_id, policy_hash ORDER BY entry_seq, leaf_no) = 1
    ), won AS (
        SELECT l.lead_id, max(coalesce(o.received_at, o.closed_at)) AS won_at FROM outcomes o
        JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no WHERE o.outcome = 'won' GROUP BY 1
    ), agreed AS (SELECT DISTINCT lead_id FROM decisions WHERE decided_at < $since AND agreed_since IS NOT NULL)
    SELECT s.*, coalesce(w.won_at >= s.decided_at, FALSE) AS is_won, d.sla_min, d.agreed_pool, d.agreed_since,
        coalesce(d.as_of, d.known_at, s.decided_at) AS moment, s.lead_id IN (FROM agreed) AS was_agreed
    FROM seen s JOIN decisions d USING (entry_seq, leaf_no) LEFT JOIN won w ON w.lead_id = s.lead_id"""
EVENTS = "SELECT lead_id, occurred_at AS at FROM event_log WHERE type = ? AND occurred_at BETWEEN ? AND ?"
LATEST_SUBMISSION = "SELECT * FROM submissions WHERE content_hash = ? ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True)
class RolloutRow:
    """A rollout with its newest step; `plan` is canonical JSON, times are aware UTC."""

    rollout_id: str
    name: str
    content_hash: str
    before_hash: str
    plan: str
    plan_hash: str
    started_at: datetime
    step: int
    kind: str
    entered_at: datetime


class SubmissionStore:
    """Rows of `submissions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, row: Mapping[str, Any]) -> None:
        """Note what was handed in."""
        _append(change, "submissions", {**row, "submitted_at": self._database.clock.now()})

    def newest(self, content_hash: str, change: Change | None = None) -> dict[str, Any] | None:
        """The newest submission of a version, None where there is none."""
        found = (change or self._database).read(LATEST_SUBMISSION, [content_hash])
        return found.row(0, named=True) if found.height else None


class RolloutStore:
    """Rows of `rollouts` and `rollout_steps`, and what the steps' decisions came to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, change: Change, row: Mapping[str, Any]) -> None:
        """Begin a rollout at step 0."""
        now = self._database.clock.now()
        change.insert("rollouts", pl.DataFrame([{**row, "started_at": naive(now)}]))
        self.enter(change, str(row["rollout_id"]), 0, "started", str(row["actor"]))

    def enter(
        self,
        change: Change,
        rollout_id: str,
        step: int,
        kind: str,
        actor: str,
        note: str | None = None,
        verdict: str | None = None,
    ) -> None:
        """Note the next step of a rollout, or its end."""
        row = {"rollout_id": rollout_id, "step": step, "kind": kind, "entered_at": self._database.clock.now()}
        _append(change, "rollout_steps", {**row, "actor": actor, "note": note, "verdict": verdict})

    def newest(self, name: str, change: Change | None = None) -> RolloutRow | None:
        """The newest rollout of a policy's name."""
        found = (change or self._database).read(CURRENT, {"name": name})
        if not found.height:
            return None
        row = found.row(0, named=True)
        times = {key: row[key].replace(tzinfo=UTC) for key in ("started_at", "entered_at")}
        return RolloutRow(**{**row, **times})

    def newest_kind(self, content_hash: str, change: Change | None = None) -> str | None:
        """What became last of the newest rollout of a version, None where it never had one."""
        sql = "SELECT arg_max(kind, seq) FROM rollout_steps JOIN rollouts USING (rollout_id) WHERE content_hash = ?"
        return (change or self._database).scalar(sql, [content_hash])

    def steps(self, rollout_id: str) -> pl.DataFrame:
        """What became of a rollout, in order: step, kind, entered_at, actor, note, verdict."""
        sql = """SELECT step, kind, entered_at, actor, note, verdict FROM rollout_steps
                 WHERE rollout_id = ? ORDER BY seq"""
        return self._database.read(sql, [rollout_id])

    def all(self) -> pl.DataFrame:
        """Every rollout, newest first: name, content_hash, before_hash, started_at, kind, step."""
        return self._database.read(
            """SELECT r.name, r.content_hash, r.before_hash, r.started_at, arg_max(s.kind, s.seq) AS kind,
                   arg_max(s.step, s.seq) AS step
               FROM rollouts r JOIN rollout_steps s USING (rollout_id) GROUP BY ALL ORDER BY started_at DESC"""
        )

    def seen(self, row: RolloutRow) -> pl.DataFrame:
        """The first decision of each lead by each version in the newest step, with is_candidate, is_won, its moment
        (naive UTC), its agreement (sla_min, agreed_pool, agreed_since), and was_agreed: the lead had one before it.
        """
        params = {"candidate": row.content_hash, "before": row.before_hash, "step": row.step, "since": row.entered_at}
        return self._database.read(SEEN, params)

    def events(self, type_name: str, since: datetime, until: datetime) -> pl.DataFrame | None:
        """lead_id and `at` of the events of a type between two moments (naive UTC); None where none ever came."""
        if not self._database.scalar("SELECT count(*) FROM event_kinds WHERE type = ?", [type_name]):
            return None
        return self._database.read(EVENTS, [type_name, since, until])


class BreakGlassStore:
    """Rows of `break_glass`: none is ever deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, row: Mapping[str, Any]) -> None:
        """Note that a version decides without its approvals."""
        _append(change, "break_glass", {**row, "broken_at": self._database.clock.now()})

    def end(self, change: Change, name: str, how: str) -> int:
        """End what is open for the name; how many there were."""
        sql = "UPDATE break_glass SET ended_at = ?, ended_how = ? WHERE name = ? AND ended_at IS NULL"
        return change.execute(sql, [self._database.clock.now(), how, name])

    def all(self) -> pl.DataFrame:
        """Every time, newest first."""
        return self._database.read("SELECT * FROM break_glass ORDER BY seq DESC")

    def expired(self, now: datetime) -> pl.DataFrame:
        """Those that are open beyond their time."""
        return self._database.read("SELECT * FROM break_glass WHERE ended_at IS NULL AND expires_at <= ?", [now])


class CommentStore:
    """Comments on versions as the ledger tells them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before_reviews(self, content_hash: str) -> list[tuple[str, datetime]]:
        """Who commented on the version when (aware UTC), before it was told whether a comment is a review."""
        rows = self._database.read(
            """SELECT actor, "at" FROM ledger WHERE kind = 'policy.commented' AND body->>'$.content_hash' = ?
                   AND NOT json_exists(body, '$.review') ORDER BY seq""",
            [content_hash],
        )
        return [(actor, from_text(at)) for actor, at in rows.iter_rows()]


class ScheduleStore:
    """Rows of `scheduled_publishes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, row: Mapping[str, Any]) -> None:
        """Note a publishing for later."""
        _append(change, "scheduled_publishes", {**row, "made_at": self._database.clock.now(), "state": "waiting"})

    def settle(self, change: Change, seqs: Sequence[int], state: str, note: str | None = None) -> None:
        """Say what became of some."""
        sql = "UPDATE scheduled_publishes SET state = ?, note = ? WHERE list_contains(?, seq)"
        change.execute(sql, [state, note, list(seqs)])

    def waiting(self, reader: Change | None = None) -> pl.DataFrame:
        """Those that wait, the next one first."""
        sql = "SELECT * FROM scheduled_publishes WHERE state = 'waiting' ORDER BY due_at, seq"
        return (reader or self._database).read(sql)

    def all(self) -> pl.DataFrame:
        """Every one, newest first."""
        return self._database.read("SELECT * FROM scheduled_publishes ORDER BY seq DESC")


def _append(change: Change, table: str, row: Mapping[str, Any]) -> None:
    seq = change.scalar(f"SELECT coalesce(max(seq), 0) + 1 FROM {table}")
    plain = {name: naive(value) if isinstance(value, datetime) else value for name, value in row.items()}
    change.insert(table, pl.DataFrame([{"seq": seq, **plain}]))
