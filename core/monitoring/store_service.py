"""Service levels in the store: what each minute was like, budgets and alerts, and how fresh each source is."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from core.decisions.record import leaf
from core.kernel.database import Database
from core.kernel.ledger import merkle_root
from core.kernel.telemetry.measures import Durations
from core.kernel.times import naive, to_text

MINUTE = timedelta(minutes=1)
LATENCY_SECONDS = 2.0
Judged = Mapping[str, tuple[int, int]]
DECISIONS = """
SELECT count(*), count(*) FILTER (WHERE is_unassigned), count(*) FILTER (WHERE is_stale)
FROM decision_quality WHERE decided_at >= $start AND decided_at < $end
"""
LATENCY = """
SELECT count(*), count(*) FILTER (WHERE epoch_us(q.decided_at) - epoch_us(e.received_at) > $most_us)
FROM decision_quality q JOIN events e ON e.event_id = q.trigger_event_id
WHERE q.decided_at >= $start AND q.decided_at < $end AND e.received_at >= $start::TIMESTAMP - INTERVAL 1 DAY
"""
INCLUSION = """
SELECT q.entry_seq, l.body, list(q.hash ORDER BY q.leaf_no), count(*) FILTER (WHERE q.decided_at >= $start)
FROM decision_quality q LEFT JOIN ledger l ON l.seq = q.entry_seq
WHERE q.entry_seq IN (SELECT entry_seq FROM decision_quality WHERE decided_at >= $start AND decided_at < $end)
GROUP BY ALL
"""
EVENTS = """
WITH told AS (
    SELECT (body->>'accepted')::BIGINT AS accepted, (body->>'quarantined')::BIGINT AS held,
        list_sum((body->'$.batches[*].accepted')::BIGINT[]) AS all_accepted,
        list_sum((body->'$.batches[*].quarantined')::BIGINT[]) AS all_held
    FROM ledger WHERE kind IN ('events.imported', 'events.received') AND "at" >= $start AND "at" < $end
)
SELECT coalesce(sum(coalesce(accepted, all_accepted)), 0), coalesce(sum(coalesce(held, all_held)), 0) FROM told
"""
LATENCIES = """
SELECT count(*) AS decisions, quantile_cont(seconds, 0.5) AS p50, quantile_cont(seconds, 0.95) AS p95,
       quantile_cont(seconds, 0.99) AS p99
FROM (SELECT (epoch_us(q.decided_at) - epoch_us(e.received_at)) / 1e6 AS seconds
      FROM decision_quality q JOIN events e ON e.event_id = q.trigger_event_id
      WHERE q.decided_at >= $since AND e.received_at >= $since::TIMESTAMP - INTERVAL 1 DAY)
"""
RECENT = """
SELECT decision_id, lead_id, decided_at, band, disposition, stage_us, trace_id
FROM decisions WHERE decided_at >= $since ORDER BY decided_at DESC, entry_seq DESC, leaf_no LIMIT $most
"""
CURRENT = """
SELECT objective, severity, target, long_minutes, short_minutes, factor, long_burn, short_burn, bad, month_bad,
       month_cases, budget_left, fires AND $now < quiet_at AS is_firing, minute, playbook
FROM slo_alerts WHERE minute <= $now
QUALIFY row_number() OVER (PARTITION BY objective, severity, long_minutes ORDER BY minute DESC) = 1
ORDER BY objective, severity, long_minutes
"""


class ServiceStore:
    """The minutes of a store's service, and what follows from them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def judge(self, start: datetime) -> dict[str, tuple[int, int]]:
        """Good and bad cases of the minute that begins at `start`, as the store itself shows them."""
        span = {"start": start, "end": start + MINUTE}
        decided, unassigned, stale = self._db.read(DECISIONS, span).row(0)
        timed, late = self._db.read(LATENCY, {**span, "most_us": int(LATENCY_SECONDS * 1e6)}).row(0)
        texts = {name: to_text(moment) for name, moment in span.items()}
        accepted, held = self._db.read(EVENTS, texts).row(0)
        unproven = self._unproven(span) if decided else 0
        found = {
            "availability": (decided, 0),
            "latency": (timed - late, late),
            "freshness": (decided - stale, stale),
            "acceptance": (accepted, held),
            "assignment": (decided - unassigned, unassigned),
            "audit": (decided - unproven, unproven),
        }
        return {name: pair for name, pair in found.items() if any(pair)}

    def _unproven(self, span: Mapping[str, datetime]) -> int:
        """Decisions of the minute whose batch does not have the Merkle root that its ledger entry states."""
        rows = self._db.read(INCLUSION, span).iter_rows()
        return sum(count for _, body, hashes, count in rows if _stated(body) != merkle_root([leaf(h) for h in hashes]))

    def write(self, start: datetime, judged: Judged, stages: Mapping[str, Durations]) -> None:
        """Keep a minute; raises NoSpace."""
        minute = naive(start)
        with self._db.change("decisions", "service.measured", "server") as change:
            change.insert("slo_minutes", _objectives(minute, judged))
            change.insert("stage_minutes", _stages(minute, stages))
            change.body.update(minute=to_text(start), objectives={name: list(pair) for name, pair in judged.items()})

    def last_minute(self) -> datetime | None:
        """The latest minute that was kept (naive UTC)."""
        return self._db.scalar(
            "SELECT max(minute) FROM (SELECT minute FROM slo_minutes UNION ALL SELECT minute FROM stage_minutes)"
        )

    def current(self, now: datetime) -> pl.DataFrame:
        """How each objective and pair of windows stands now: burn rates, budget left, whether its alert fires."""
        return self._db.read(CURRENT, {"now": now})

    def stages(self, since: datetime) -> pl.DataFrame:
        """minute, stage, sum_us, counts (by bucket) since a moment, in order."""
        return self._db.read(
            "SELECT * FROM stage_minutes WHERE minute >= $since ORDER BY minute, stage", {"since": since}
        )

    def minutes(self, since: datetime) -> pl.DataFrame:
        """minute, objective, good, bad since a moment, in order."""
        return self._db.read(
            "SELECT minute, objective, sum(good)::BIGINT AS good, sum(bad)::BIGINT AS bad FROM slo_minutes "
            "WHERE minute >= $since GROUP BY ALL ORDER BY minute, objective",
            {"since": since},
        )

    def latency(self, since: datetime) -> dict[str, float | None]:
        """Decisions on arrival since a moment, and p50, p95, p99 of the seconds from event to decision."""
        return self._db.read(LATENCIES, {"since": since}).row(0, named=True)

    def recent(self, since: datetime, most: int) -> pl.DataFrame:
        """The newest decisions: decision_id, lead_id, decided_at, band, disposition, stage_us (JSON), trace_id."""
        return self._db.read(RECENT, {"since": since, "most": most})

    def sources(self) -> pl.DataFrame:
        """source, events, received_at (its newest event, naive UTC), the longest silent first."""
        return self._db.read(
            "SELECT k.source, count(*) AS events, max(e.received_at) AS received_at "
            "FROM events e JOIN event_kinds k USING (kind_no) GROUP BY k.source ORDER BY received_at, k.source"
        )


def _stated(body: str | None) -> str | None:
    return json.loads(body).get("merkle_root") if body else None


def _objectives(minute: datetime, judged: Judged) -> pl.DataFrame:
    rows = [(minute, name, good, bad) for name, (good, bad) in judged.items()]
    schema = {"minute": pl.Datetime("us"), "objective": pl.String, "good": pl.Int64, "bad": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _stages(minute: datetime, stages: Mapping[str, Durations]) -> pl.DataFrame:
    rows = [(minute, name, held.sum_us, held.counts) for name, held in stages.items()]
    schema = {"minute": pl.Datetime("us"), "stage": pl.String, "sum_us": pl.Int64, "counts": pl.List(pl.Int64)}
    return pl.DataFrame(rows, schema=schema, orient="row")
