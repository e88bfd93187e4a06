"""The gates of the sources: a batch that breaks its contract waits whole, with all that its source sends after it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
FROM incoming i LEFT JOIN watermarks w USING (source) WHERE i.source = $source GROUP BY i.source
"""
DUPLICATES = "SELECT count(*) FROM repeated_of WHERE source = $source"
BUSIEST = """
SELECT coalesce(max(n), 0) FROM (
    SELECT count(*) AS n FROM incoming WHERE source = $source GROUP BY date_trunc('day', occurred_at))
"""
TYPES = """
SELECT count(*) FILTER (WHERE NOT list_contains($known, type)) / count(*) FROM incoming WHERE source = $source
"""
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


def apply(change: Change, rules: Rules, batch_id: str, *, repeats: bool) -> pl.DataFrame:
    """Judge the rows of `incoming` source by source; those of a source that fails, or waits, leave it as rejects."""
    held = [pl.DataFrame(schema=REJECTS)]
    if not rules.contracts and not rules.waiting:
        return held[0]
    for source in change.read("SELECT DISTINCT source FROM incoming ORDER BY source")["source"]:
        contract = rules.contracts.get(source)
        if why := rules.waiting.get(source):
            held.append(_held(change, source, BREAKER_OPEN, f"`{source}` is held back: {why}"))
        elif contract and (broken := failures(contract, facts(change, source, contract, repeats=repeats))):
            held.append(_failed(change, source, broken, batch_id))
    return pl.concat(held)


def facts(change: Change, source: str, contract: Contract, *, repeats: bool) -> Facts:
    """What `incoming` brings of the source, as far as the contract asks; `repeats` says that some were noted."""
    known = {"source": source}
    counts = change.read(FACTS, known).row(0, named=True)
    columns = {name: event_column(_field(name)) for name in (*contract.missing, *contract.values)}
    return Facts(
        counts["rows"],
        change.scalar(DUPLICATES, known) if repeats else 0,
        counts["late"],
        counts["skewed"],
        change.scalar(BUSIEST, known),
        {name: _share(change, source, f"{_text(columns[name])} IS NULL") for name in contract.missing},
        change.scalar(TYPES, known | {"known": list(contract.types)}) if contract.types else 0.0,
        {name: _unknown(change, source, columns[name], values) for name, values in contract.values.items()},
    )


def _field(name: str) -> Field:
    envelope = ("anonymous_id", "account_id", "session_id", "region")
    return Field(name if name in envelope else f"properties.{name}", Kind.TEXT)


def _text(column: str) -> str:
    return f"({column}->>'$')" if column.startswith("json_extract") else column


def _share(change: Change, source: str, condition: str) -> float:
    sql = f"SELECT count(*) FILTER (WHERE {condition}) / count(*) FROM incoming WHERE source = $source"
    return change.scalar(sql, {"source": source})


def _unknown(change: Change, source: str, column: str, known: Sequence[str]) -> float:
    text = _text(column)
    sql = f"""SELECT coalesce(count(*) FILTER (WHERE NOT list_contains($known, {text})) / nullif(count({text}), 0), 0)
              FROM incoming WHERE source = $source"""
    return change.scalar(sql, {"source": source, "known": list(known)})


def _failed(change: Change, source: str, broken: Sequence[Failure], batch_id: str) -> pl.DataFrame:
    """The source's rows, held; from now on its breaker is open."""
    why = "; ".join(str(one) for one in broken)
    now = change.scalar("SELECT max(received_at) FROM incoming WHERE source = ?", [source])
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
