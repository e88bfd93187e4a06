"""Senders that do not behave like people."""

from collections.abc import Iterator

import polars as pl

from core.signals.checks import Finding
from core.signals.inspect import Looked

BOT_WORDS = r"(?i)bot\b|crawl|spider|headless|phantomjs|curl/|python-requests|httpclient|scrapy|monitoring"
BURST = 10
MANY = 200
PER_SECOND = 1.0


def sender_findings(looked: Looked) -> Iterator[Finding]:
    """Leads with inhuman bursts or pace, and browsers that call themselves machines."""
    if looked.kind == "events":
        yield from _pace(looked)
    for name, values in looked.values.items():
        if "agent" in name.lower() and values.dtype == pl.String:
            found = int(values.str.contains(BOT_WORDS).sum() or 0)
            if found:
                message = f"`{name}` names a machine in {found:,} records"
                yield Finding("bot_like", name, message, "Exclude them, or keep them out of counts with a condition.")


def _pace(looked: Looked) -> Iterator[Finding]:
    lead, when = looked.column("lead_id"), looked.times.get(looked.fields.get("occurred_at", ""))
    if lead is None or when is None:
        return
    frame = pl.DataFrame({"lead": lead.cast(pl.String), "at": when}).drop_nulls()
    if not frame.filter(pl.col("at") != pl.col("at").dt.truncate("1d")).height:
        return
    burst = frame.group_by("lead", pl.col("at").dt.truncate("1s")).len().group_by("lead").agg(pl.col("len").max())
    span = (pl.col("at").max() - pl.col("at").min()).dt.total_microseconds() / 1e6
    pace = frame.group_by("lead").agg(pl.len().alias("n"), span.alias("seconds"))
    joined = pace.join(burst, on="lead").filter(
        (pl.col("len") >= BURST) | ((pl.col("n") >= MANY) & (pl.col("n") / pl.col("seconds").clip(1) > PER_SECOND))
    )
    if joined.height:
        worst = joined.sort("len", "n", "lead", descending=True).row(0, named=True)
        message = (
            f"{joined.height:,} senders act faster than people can; the busiest has {worst['n']:,} records, "
            f"up to {worst['len']:,} in one second"
        )
        yield Finding("bot_like", lead.name, message, "Look at them before they weigh in counts.")
