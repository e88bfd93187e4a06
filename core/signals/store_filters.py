"""Events that no person made, of robots or beyond what one does in a minute: they stay, unseen by features."""

from pathlib import Path

import polars as pl

from core.kernel.database import Change
from core.signals.event_rows import PERSONAL
from core.signals.store_gates import Rules

BOTS_FILE = Path(__file__).resolve().parents[2] / "data" / "bot_agents.txt"
ROBOT = "robot"
BOTS = """
CREATE OR REPLACE TEMP TABLE flagged AS
SELECT row_no, 'bot' AS flag FROM incoming WHERE robot AND NOT list_contains($spared, source)
"""
BURSTS = """
INSERT INTO flagged SELECT row_no, 'burst' FROM (
    SELECT i.row_no, row_number() OVER (PARTITION BY i.lead_id, date_trunc('minute', i.occurred_at)
        ORDER BY i.occurred_at, i.event_id) + coalesce(b.n, 0) AS place
    FROM incoming i LEFT JOIN before_now b ON b.lead_id = i.lead_id AND b.minute = date_trunc('minute', i.occurred_at)
    WHERE i.source = $source)
WHERE place > $most AND row_no NOT IN (SELECT row_no FROM flagged)
"""
BEFORE = """
CREATE OR REPLACE TEMP TABLE before_now AS
SELECT l.lead_id, date_trunc('minute', e.occurred_at) AS minute, count(*) AS n
FROM events e JOIN event_kinds k USING (kind_no) JOIN leads l USING (lead_no)
WHERE k.source = $source AND e.occurred_at >= (SELECT date_trunc('minute', min(occurred_at)) FROM incoming)
    AND e.occurred_at < (SELECT max(occurred_at) + INTERVAL 1 MINUTE FROM incoming)
    AND l.lead_id IN (SELECT lead_id FROM incoming)
GROUP BY ALL
"""


def apply(change: Change, rules: Rules) -> int:
    """Note in `flagged` which rows of `incoming` are a robot's or a burst's; how many."""
    spared = [source for source, contract in rules.contracts.items() if not contract.bots]
    flagged = change.execute(BOTS, {"spared": spared})
    for source, contract in rules.contracts.items():
        if contract.burst_per_minute is not None:
            change.execute(BEFORE, {"source": source})
            flagged += change.execute(BURSTS, {"source": source, "most": contract.burst_per_minute})
    return flagged


def marked(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `robot`: whether their user agent, still open, is a known robot's."""
    if ROBOT in rows.columns:
        return rows
    agents = [name for name in rows.columns if name.startswith(PERSONAL) and _is_agent(name)]
    if not agents:
        return rows.with_columns(pl.lit(False).alias(ROBOT))
    found = pl.any_horizontal(pl.col(name).str.contains(pattern()).fill_null(False) for name in agents)
    return rows.with_columns(found.alias(ROBOT))


def _is_agent(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "").endswith("useragent")


def pattern() -> str:
    """The pattern of a known robot's user agent."""
    words = [line for line in BOTS_FILE.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
    return f"(?i)({'|'.join(words)})"
