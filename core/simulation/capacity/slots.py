"""Wins to expect by how many leads a day somebody gets to: both versions' queues worked off from the top."""

from math import ceil

import polars as pl

from core.simulation.one_step import Simulation

WORKDAYS = 20
WITHIN_MIN = 1_440
MOST_POINTS = 60
Z = 1.959964


def by_slots(simulation: Simulation, scores: pl.DataFrame) -> pl.DataFrame:
    """slots (leads a day), before, after, low and high: wins expected in four weeks of five days.

    `scores` has lead_id and score. A version's queue are the eligible leads that somebody agreed to touch within less
    than a day, by priority, then score; wins are the sum of the scores of those reached. low and high are the range of
    wins afterwards in 95 of 100 cases, were the scores right. Empty where nobody waits.
    """
    queues = {when: _queue(simulation, scores, when) for when in ("before", "after")}
    longest = max(queue.height for queue in queues.values())
    if not longest:
        return pl.DataFrame(schema=dict.fromkeys(("slots", "before", "after", "low", "high"), pl.Float64))
    most = max(ceil(longest / WORKDAYS * 1.25), 2)
    steps = range(0, most + 1, max(most // MOST_POINTS, 1))
    rows = []
    for slots in steps:
        before, after = (queue.head(slots * WORKDAYS)["score"] for queue in queues.values())
        half = Z * float((after * (1 - after)).sum()) ** 0.5
        expected = float(after.sum())
        rows.append((float(slots), float(before.sum()), expected, max(expected - half, 0.0), expected + half))
    return pl.DataFrame(rows, schema=["slots", "before", "after", "low", "high"], orient="row")


def _queue(simulation: Simulation, scores: pl.DataFrame, when: str) -> pl.DataFrame:
    side = simulation.side(when).filter((pl.col("disposition") == "PERMIT") & (pl.col("sla_min") < WITHIN_MIN))
    known = side.join(scores.select("lead_id", "score"), on="lead_id").drop_nulls("score")
    return known.sort("priority", "score", "lead_id", descending=[True, True, False]).select("score")
