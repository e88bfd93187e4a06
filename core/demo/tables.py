"""The stream as tables: one of events a source, the leads, the outcomes. Columns: see `core/demo/__init__.py`."""

from datetime import timedelta

import numpy as np
import polars as pl

from core.demo import world
from core.demo.outcomes import OPEN, WON
from core.demo.people import DAY
from core.demo.stream import TWICE, Stream

STARTS_AT = world.ENDS_AT - timedelta(days=world.DAYS)
PAGES = {
    "pricing_viewed": "/pricing", "docs_viewed": "/docs", "security_viewed": "/security",
    "case_study_viewed": "/customers", "compare_viewed": "/compare", "blog_viewed": "/blog",
    "careers_viewed": "/careers",
}  # fmt: skip


def moment(microseconds: np.ndarray) -> pl.Series:
    """Microseconds from the stream's start as a UTC time."""
    start = round(STARTS_AT.timestamp()) * 1_000_000
    return pl.Series(microseconds + start).cast(pl.Datetime("us", "UTC"))


def events(stream: Stream, seed: int) -> dict[str, pl.DataFrame]:
    """One table a source in order of arrival, with some rows twice."""
    rng = np.random.default_rng([seed, 2])
    frame = common(stream).sort("received_at", "lead_id", "type", "occurred_at", maintain_order=True)
    tables = frame.partition_by("source", as_dict=True, include_key=False)
    return {source: delivered(rng, source, tables[(source,)]) for source in world.SOURCES if (source,) in tables}


def common(stream: Stream) -> pl.DataFrame:
    """Every event with the fields that all sources share."""
    kinds = [(deed.source, deed.type) for deed in world.DEEDS] + [world.ONBOARDING[:2]]
    lead, deed = stream.deeds.lead, stream.deeds.deed
    who = stream.people.table.select("lead_id", "region")[lead]
    return who.with_columns(
        source=pl.Series([source for source, _ in kinds])[deed],
        type=pl.Series([kind for _, kind in kinds])[deed],
        occurred_at=moment(stream.deeds.occurred),
        received_at=moment(stream.received),
        day=pl.Series(stream.deeds.occurred // DAY),
    )


def delivered(rng: np.random.Generator, source: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A source's table with its identifiers, the web's page, and its repeated rows right after the first ones."""
    table = frame.with_columns(event_id=pl.format("{}-{}", pl.lit(source), pl.int_range(pl.len())))
    if source == "web":
        table = table.with_columns(page=pl.col("type").replace_strict(PAGES, default=None))
    if source in ("web", "mobile", "product"):
        table = table.with_columns(
            anonymous_id=pl.format("an_{}", pl.col("lead_id").str.slice(3)),
            session_id=pl.format("s_{}_{}", pl.col("lead_id").str.slice(3), "day"),
        )
    times = 1 + (rng.random(table.height) < TWICE)
    rows = table[np.repeat(np.arange(table.height), times)]
    return rows.select("event_id", *(name for name in rows.columns if name not in ("event_id", "day")))


def leads(stream: Stream, seed: int) -> pl.DataFrame:
    """The leads as the CRM holds them at the end, with a column that was only filled in after a win."""
    rng = np.random.default_rng([seed, 3])
    won = stream.outcomes.state == WON
    manager = rng.choice(["I. Lindqvist", "R. Okafor", "S. Tanaka"], len(won))
    table = stream.people.table.with_columns(
        created_at=moment(stream.people.created),
        onboarding_manager=pl.when(pl.Series(won & (rng.random(len(won)) < 0.9))).then(pl.Series(manager)),
    )
    first = ("lead_id", "account_id", "created_at", "contact_name", "email")
    return table.select(*first, pl.exclude(first))


def outcomes(stream: Stream) -> pl.DataFrame:
    """The closed leads: won with an amount in euros, or lost."""
    ends = stream.outcomes
    won = pl.Series(ends.state == WON)
    frame = stream.people.table.select("lead_id").with_columns(
        outcome=pl.when(won).then(pl.lit("won")).otherwise(pl.lit("lost")),
        closed_at=moment(ends.at),
        amount_eur=pl.when(won).then(pl.Series(ends.amount)),
    )
    return frame.filter(pl.Series(ends.state != OPEN)).sort("closed_at", "lead_id")
