"""The sources of a store: what each brought, how late, its contract, and whether it is held back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from core.kernel.canonical import canonical
from core.kernel.database import Change, Database
from core.kernel.errors import ReasonMissing
from core.kernel.times import naive
from core.signals.contracts import LATENESS_HOURS, Contract, Past, learned
from core.signals.errors import BreakerClosed, UnknownSource
from core.signals.store_gates import WATERMARKS

MOST_FIELDS, MOST_VALUES, FEW_ROWS = 12, 12, 20
ENVELOPE = ("anonymous_id", "account_id", "session_id", "region")

STORED = f"""
WITH watermarks AS ({WATERMARKS})
SELECT i.source, count(*) AS events, 0 AS duplicate, count(*) FILTER (WHERE i.occurred_at < w.watermark) AS late,
    count(*) FILTER (WHERE i.occurred_at > i.received_at + INTERVAL 5 MINUTE) AS skewed, count(f.flag) AS flagged,
    min(i.occurred_at) AS first_at, max(i.occurred_at) AS last_at, max(i.received_at) AS last_received_at
FROM incoming i LEFT JOIN watermarks w USING (source) LEFT JOIN flagged f USING (row_no) GROUP BY i.source
"""
WITH_REPEATS = f"""
SELECT source, sum(events) AS events, sum(duplicate) AS duplicate, sum(late) AS late, sum(skewed) AS skewed,
    sum(flagged) AS flagged, min(first_at) AS first_at, max(last_at) AS last_at,
    max(last_received_at) AS last_received_at
FROM (({STORED})
    UNION ALL SELECT source, 0, count(*), 0, 0, 0, NULL, NULL, NULL FROM repeated_of GROUP BY source)
GROUP BY source
"""
OBSERVE = """
MERGE INTO source_batches b USING ({}) o ON b.source = o.source AND b.batch_id = $batch
WHEN MATCHED THEN UPDATE SET events = b.events + o.events, duplicate = b.duplicate + o.duplicate,
    late = b.late + o.late, skewed = b.skewed + o.skewed, flagged = b.flagged + o.flagged,
    first_at = least(b.first_at, o.first_at), last_at = greatest(b.last_at, o.last_at),
    last_received_at = greatest(b.last_received_at, o.last_received_at)
WHEN NOT MATCHED THEN INSERT VALUES ($batch, o.source, o.events, o.duplicate, o.late, o.skewed, o.flagged, o.first_at,
    o.last_at, o.last_received_at)
"""
LIST = """
SELECT s.source, s.events, s.duplicate, s.late, s.skewed, s.flagged, s.last_at, s.last_received_at,
    coalesce(d.events, 0) AS last_day, c.document, c.confirmed_at, c.actor AS confirmed_by, b.opened_at, b.why
FROM published.sources s
LEFT JOIN (SELECT k.source, count(*) AS events FROM events e JOIN event_kinds k USING (kind_no)
           JOIN published.sources h USING (source) WHERE e.occurred_at > h.last_at - INTERVAL 1 DAY
           GROUP BY k.source) d USING (source)
LEFT JOIN (SELECT * FROM source_contracts
           QUALIFY row_number() OVER (PARTITION BY source ORDER BY number DESC) = 1) c USING (source)
LEFT JOIN source_breakers b ON b.source = s.source AND b.closed_at IS NULL ORDER BY s.source
"""
DAYS = """
SELECT max(n), min(n) FROM (SELECT count(*) AS n FROM event_rows WHERE source = $source
    GROUP BY date_trunc('day', occurred_at)
    QUALIFY count(*) OVER () < 3 OR date_trunc('day', occurred_at) NOT IN (
        min(date_trunc('day', occurred_at)) OVER (), max(date_trunc('day', occurred_at)) OVER ()))
"""
DELAY = """
SELECT coalesce(quantile_cont(epoch_us(received_at) - epoch_us(occurred_at), 0.999) / 3.6e9, 0) FROM event_rows
WHERE source = $source
"""
GAP = """
SELECT coalesce(max(gap), 0) / 3.6e9 FROM (
    SELECT epoch_us(received_at) - epoch_us(lag(received_at) OVER (ORDER BY received_at)) AS gap
    FROM event_rows WHERE source = $source)
"""
SHARES = """
SELECT coalesce(max(duplicate / (events + duplicate)), 0), coalesce(max(late / events), 0),
    coalesce(max(skewed / events), 0)
FROM source_batches WHERE source = $source AND events >= $least
"""
RECENT = """
CREATE OR REPLACE TEMP TABLE recent AS SELECT * FROM event_rows WHERE source = $source
ORDER BY event_no DESC LIMIT 200000
"""
KEYS = """
SELECT key FROM (SELECT unnest(json_keys(properties)) AS key FROM recent)
GROUP BY key ORDER BY count(*) DESC, key LIMIT $most
"""


def observe(change: Change, batch_id: str, *, repeats: bool) -> None:
    """Add what was stored of each source, and perhaps what came again, to the numbers of the batch."""
    change.execute(OBSERVE.format(WITH_REPEATS if repeats else STORED), {"batch": batch_id})


@dataclass(frozen=True)
class Sources:
    """Reads and changes over the sources of a store."""

    db: Database

    def all(self) -> list[dict[str, Any]]:
        """By source: counts, newest times, watermark, lateness_hours, contract, and whether it is held back.

        `silent`: nothing came for longer than the contract says; `quiet`: too little in its last 24 hours (`last_day`).
        """
        now = naive(self.db.clock.now())
        return [_told(row, now) for row in self.db.read(LIST).iter_rows(named=True)]

    def names(self) -> list[str]:
        """The sources of which an event has come."""
        return self.db.read("SELECT source FROM published.sources ORDER BY source")["source"].to_list()

    def confirmed(self, source: str) -> Contract | None:
        """The contract that a person confirmed last, or None; raises UnknownSource."""
        self._require(source)
        text = self.db.scalar(
            "SELECT document FROM source_contracts WHERE source = ? ORDER BY number DESC LIMIT 1", [source]
        )
        return None if text is None else Contract.of(json.loads(text))

    def learned(self, source: str) -> Contract:
        """The contract that the source's history suggests; raises UnknownSource."""
        self._require(source)
        return learned(self._past(source))

    def confirm(self, source: str, given: Mapping[str, Any], actor: str) -> Contract:
        """Make this the source's contract; raises UnknownSource and ContractInvalid."""
        self._require(source)
        contract = Contract.of(given)
        with self.db.change("signals", "contract.confirmed", actor) as change:
            number = change.scalar("SELECT coalesce(max(number), 0) + 1 FROM source_contracts")
            row = {
                "number": number,
                "source": source,
                "document": canonical(contract.to_json()).decode(),
                "confirmed_at": naive(self.db.clock.now()),
                "actor": actor,
            }
            change.insert("source_contracts", pl.DataFrame([row]))
            change.body.update({"source": source, "contract": contract.to_json()})
        return contract

    def close(self, source: str, reason: str, actor: str) -> None:
        """Let the source in again; what waits is re-driven from quarantine. Raises BreakerClosed and ReasonMissing."""
        self._require(source)
        if not reason.strip():
            raise ReasonMissing("let a source in again")
        with self.db.change("signals", "breaker.closed", actor) as change:
            closed = change.execute(
                "UPDATE source_breakers SET closed_at = $now, closed_by = $actor, reason = $reason "
                "WHERE source = $source AND closed_at IS NULL",
                {"source": source, "now": naive(self.db.clock.now()), "actor": actor, "reason": reason.strip()},
            )
            if not closed:
                raise BreakerClosed(source)
            change.body.update({"source": source, "reason": reason.strip()})

    def held_back(self) -> frozenset[str]:
        """The sources whose breaker is open."""
        found = self.db.read("SELECT source FROM source_breakers WHERE closed_at IS NULL")
        return frozenset(found["source"])

    def _require(self, source: str) -> None:
        known = self.names()
        if source not in known:
            raise UnknownSource(source, known)

    def _past(self, source: str) -> Past:
        known = {"source": source}
        busiest, quietest = self.db.read(DAYS, known).row(0)
        duplicate, late, skewed = self.db.read(SHARES, known | {"least": FEW_ROWS}).row(0)
        types = self.db.read("SELECT type FROM event_kinds WHERE source = $source ORDER BY type", known)
        missing, values = self._fields(source)
        return Past(
            busiest or 0, quietest or 0, duplicate, late, skewed, self.db.scalar(DELAY, known),
            self.db.scalar(GAP, known), missing, tuple(types["type"]), values,
        )  # fmt: skip

    def _fields(self, source: str) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
        """By field the share without a value, and the values of fields that have few, in the latest events."""
        missing: dict[str, float] = {}
        values: dict[str, tuple[str, ...]] = {}
        with self.db.scratch() as cursor:
            cursor.execute(RECENT, {"source": source})
            keys = cursor.read(KEYS, {"most": MOST_FIELDS})["key"].to_list()
            for name in (*ENVELOPE, *keys):
                path = '$."' + name.replace('"', '\\"') + '"'
                share, distinct, listed, words = cursor.read(_field_sql(name), {"path": path}).row(0)
                if share < 1:
                    missing[name] = share
                if words and 0 < distinct <= MOST_VALUES and name not in ENVELOPE[:3]:
                    values[name] = tuple(sorted(listed))
        return missing, values


def _field_sql(name: str) -> str:
    text = f'"{name}"' if name in ENVELOPE else "json_extract_string(properties, $path)"
    kind = "true" if name in ENVELOPE else "coalesce(bool_and(json_type(properties, $path) = 'VARCHAR'), false)"
    return f"""SELECT count(*) FILTER (WHERE {text} IS NULL OR $path IS NULL) / count(*), count(DISTINCT {text}),
        list(DISTINCT {text}) FILTER (WHERE {text} IS NOT NULL)[:{MOST_VALUES}],
        {kind} FROM recent"""


def _told(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    document = json.loads(row.pop("document") or "{}")
    lateness = document.get("lateness_hours", LATENESS_HOURS)
    silence = document.get("max_silence_hours")
    since = (now - row["last_received_at"]).total_seconds() / 3600 if row["last_received_at"] else None
    opened = row.pop("opened_at")
    return {
        **row,
        "lateness_hours": lateness,
        "watermark": row["last_at"] and row["last_at"] - timedelta(hours=lateness),
        "silent": silence is not None and since is not None and since > silence,
        "quiet": row["last_day"] < (document.get("least_per_day") or 0),
        "contract": "confirmed" if document else "none",
        "breaker": "open" if opened else "closed",
        "opened_at": opened,
    }
