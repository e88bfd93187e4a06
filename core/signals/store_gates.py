"""The gates of the sources: a batch that breaks its contract waits whole, with all that its source sends after it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from core.kernel.database import Change
from core.kernel.expressions import Field, Kind
from core.signals.contracts import LATENESS_HOURS, Contract, Facts, Failure, failures
from core.signals.raw import REJECTS
from core.signals.schema import event_column

GATE_FAILED, BREAKER_OPEN = "gate_failed", "breaker_open"
HELD = (GATE_FAILED, BREAKER_OPEN)
CANONICAL = "canonical"

RULES = """
SELECT source, document, NULL AS why FROM source_contracts
QUALIFY row_number() OVER (PARTITION BY source ORDER BY number DESC) = 1
UNION ALL SELECT source, NULL, why FROM source_breakers WHERE closed_at IS NULL
"""
WATERMARKS = f"""
SELECT source, max(last_at) - to_microseconds(coalesce(any_value(lateness_us), {int(LATENESS_HOURS * 3_600_000_000)}))
    AS watermark
FROM source_batches LEFT JOIN (
    SELECT source, CAST(round(CAST(document->>'$.lateness_hours' AS DOUBLE) * 3600000000) AS BIGINT) AS lateness_us
    FROM source_contracts QUALIFY row_number() OVER (PARTITION BY source ORDER BY number DESC) = 1) USING (source)
GROUP BY source
"""
FACTS = f"""
WITH watermarks AS ({WATERMARKS})
SELECT i.source, count(*) AS rows, count(*) FILTER (WHERE i.occurred_at < w.watermark) AS late,
    count(*) FILTER (WHERE i.occurred_at > i.received_at + INTERVAL 5 MINUTE) AS skewed
FROM {{rows}} i LEFT JOIN watermarks w USING (source) WHERE i.source = $source GROUP BY i.source
"""
DUPLICATES = "SELECT count(*) FROM repeated_of WHERE source = $source"
BUSIEST = """
SELECT coalesce(max(n), 0) FROM (
    SELECT count(*) AS n FROM incoming WHERE source = $source GROUP BY date_trunc('day', occurred_at))
"""
BUSIEST_LIVE = """
SELECT coalesce(max(n), 0) FROM (
    SELECT count(*) AS n FROM (
        SELECT occurred_at FROM incoming WHERE source = $source
        UNION ALL SELECT occurred_at FROM event_rows WHERE source = $source AND date_trunc('day', occurred_at) IN (
            SELECT date_trunc('day', occurred_at) FROM incoming WHERE source = $source))
    GROUP BY date_trunc('day', occurred_at))
"""
TYPES = """
SELECT count(*) FILTER (WHERE NOT list_contains($known, type)) / count(*) FROM {rows} WHERE source = $source
"""
JUDGED = "type, source, occurred_at, received_at, anonymous_id, account_id, session_id, region, properties"
WINDOW = f"""
CREATE OR REPLACE TEMP TABLE window_rows AS SELECT {JUDGED} FROM incoming WHERE source = $source
UNION ALL (SELECT {JUDGED} FROM event_rows
    WHERE source = $source AND received_at > $since AND batch_id IN (
        SELECT batch_id FROM batches WHERE kind = 'events' AND content_hash = 'live')
    ORDER BY event_no DESC LIMIT greatest($least - (SELECT count(*) FROM incoming WHERE source = $source), 0))
"""
SINCE = """
SELECT greatest(
    (SELECT max(confirmed_at) FROM source_contracts WHERE source = $source),
    coalesce((SELECT max(closed_at) FROM source_breakers WHERE source = $source), TIMESTAMP '1900-01-01'))
"""
OF_TODAY = "SELECT events, duplicate FROM source_batches WHERE source = $source AND batch_id = $batch"
TAKE = "SELECT * FROM incoming WHERE source = $source ORDER BY row_no"
REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated_of AS
SELECT i.source FROM incoming i SEMI JOIN (SELECT row_no FROM verdicts WHERE same) USING (row_no)
"""


@dataclass(frozen=True)
class Rules:
    """The contracts that hold, and why the sources that are held back are, both by source."""

    contracts: Mapping[str, Contract]
    waiting: Mapping[str, str]

    @classmethod
    def of(cls, change: Change) -> "Rules":
        """The rules as this change sees them."""
        rows = change.read(RULES).rows()
        contracts = {source: Contract.of(json.loads(text)) for source, text, _ in rows if text is not None}
        return cls(contracts, {source: why for source, _, why in rows if why is not None})


def note_repeats(change: Change) -> None:
    """Note of which source the batch's repeats are, before they leave `incoming`."""
    change.execute(REPEATED)


def apply(change: Change, rules: Rules, batch_id: str, *, repeats: bool, live: bool = False) -> pl.DataFrame:
    """Judge the rows of `incoming` source by source; those of a source that fails, or waits, leave it as rejects.

    A few `live` ones are judged together with those that came over HTTP before them, since the contract was confirmed
    or the source let in again; their duplicates are those of the day's batch.
    """
    held = [pl.DataFrame(schema=REJECTS)]
    if not rules.contracts and not rules.waiting:
        return held[0]
    for source in change.read("SELECT DISTINCT source FROM incoming ORDER BY source")["source"]:
        contract = rules.contracts.get(source)
        if why := rules.waiting.get(source):
            held.append(_held(change, source, BREAKER_OPEN, f"`{source}` is held back: {why}"))
        elif contract and (broken := _broken(change, source, contract, batch_id, repeats=repeats, live=live)):
            held.append(_failed(change, source, broken, batch_id))
    return pl.concat(held)


def _broken(
    change: Change, source: str, contract: Contract, batch_id: str, *, repeats: bool, live: bool
) -> tuple[Failure, ...]:
    if not live:
        known = {"source": source}
        duplicate = change.scalar(DUPLICATES, known) if repeats else 0
        return failures(contract, facts(change, source, contract, duplicate, change.scalar(BUSIEST, known)))
    told = {"source": source, "least": contract.least_rows, "since": change.scalar(SINCE, {"source": source})}
    if change.scalar("SELECT count(*) FROM incoming WHERE source = $source", {"source": source}) == 0:
        return ()
    change.execute(WINDOW, told)
    busiest = change.scalar(BUSIEST_LIVE, {"source": source})
    today = change.read(OF_TODAY, {"source": source, "batch": batch_id}).rows()
    events, duplicate = today[0] if today else (0, 0)
    found = facts(change, source, contract, 0, busiest, "window_rows")
    repeated = duplicate * found.rows // events if events else 0
    return failures(contract, replace(found, duplicate=repeated))


def facts(
    change: Change, source: str, contract: Contract, duplicate: int, busiest: int, rows: str = "incoming"
) -> Facts:
    """What the table `rows` brings of the source, as far as the contract asks, with duplicates and busiest day."""
    known = {"source": source}
    counts = change.read(FACTS.format(rows=rows), known).row(0, named=True)
    columns = {name: event_column(_field(name)) for name in (*contract.missing, *contract.values)}
    types = TYPES.format(rows=rows)
    return Facts(
        counts["rows"],
        duplicate,
        counts["late"],
        counts["skewed"],
        busiest,
        {name: _share(change, source, f"{_text(columns[name])} IS NULL", rows) for name in contract.missing},
        change.scalar(types, known | {"known": list(contract.types)}) if contract.types else 0.0,
        {name: _unknown(change, source, columns[name], values, rows) for name, values in contract.values.items()},
    )


def _field(name: str) -> Field:
    envelope = ("anonymous_id", "account_id", "session_id", "region")
    return Field(name if name in envelope else f"properties.{name}", Kind.TEXT)


def _text(column: str) -> str:
    return f"({column}->>'$')" if column.startswith("json_extract") else column


def _share(change: Change, source: str, condition: str, rows: str) -> float:
    sql = f"SELECT count(*) FILTER (WHERE {condition}) / count(*) FROM {rows} WHERE source = $source"
    return change.scalar(sql, {"source": source})


def _unknown(change: Change, source: str, column: str, known: Sequence[str], rows: str) -> float:
    text = _text(column)
    sql = f"""SELECT coalesce(count(*) FILTER (WHERE NOT list_contains($known, {text})) / nullif(count({text}), 0), 0)
              FROM {rows} WHERE source = $source"""
    return change.scalar(sql, {"source": source, "known": list(known)})


def _failed(change: Change, source: str, broken: Sequence[Failure], batch_id: str) -> pl.DataFrame:
    """The source's rows, held; its breaker is open from when the first of them was received: features miss it since."""
    why = "; ".join(str(one) for one in broken)
    now = change.scalar("SELECT min(received_at) FROM incoming WHERE source = ?", [source])
    change.execute(
        "INSERT INTO source_breakers VALUES ($source, $now, $why, $batch, NULL, NULL, NULL)",
        {"source": source, "now": now, "why": why, "batch": batch_id},
    )
    return _held(change, source, GATE_FAILED, f"the batch of `{source}` breaks its contract: {why}")


def _held(change: Change, source: str, code: str, detail: str) -> pl.DataFrame:
    rows = change.read(TAKE, {"source": source})
    change.execute("DELETE FROM incoming WHERE source = $source", {"source": source})
    texts = [json.dumps({CANONICAL: row}, default=str, ensure_ascii=False) for row in rows.iter_rows(named=True)]
    return rows.select(
        "row_no", code=pl.lit(code), detail=pl.lit(detail), lead_id="lead_id", raw=pl.Series(texts, dtype=pl.String)
    )
