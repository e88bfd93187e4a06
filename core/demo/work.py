"""Which leads were worked at the stream's end, as reps would note it: whom they reached when, and whom not yet."""

import numpy as np
import polars as pl

from core.demo.behaviour import MINUTE
from core.demo.outcomes import OPEN
from core.demo.people import DAY, HOUR
from core.demo.stream import END, Stream
from core.demo.tables import moment

DESK_DAYS = 6
"""Work is noted of so many days before the end."""
NEW_DAYS = 21
"""A lead that became known within so many days may be noted as not worked yet."""


def table(stream: Stream, seed: int) -> pl.DataFrame:
    """`lead_id, worked, worked_at`: promising leads are worked sooner; of half of the others nobody notes a thing."""
    rng = np.random.default_rng([seed, 4])
    who, ends = stream.people, stream.outcomes
    chance, note, share = rng.random((3, len(who.created)))
    until = np.where(ends.state == OPEN, END, np.minimum(ends.at, END))
    since = np.maximum(who.created + 2 * HOUR, END - DESK_DAYS * DAY)
    is_worked = (since < until) & (chance < 1 / (1 + np.exp(-(who.fit + who.intent))))
    is_left = ~is_worked & (ends.state == OPEN) & (who.created > END - NEW_DAYS * DAY) & (note < 0.5)
    at = (since + share * (until - since)).astype(np.int64) // MINUTE * MINUTE
    told = who.table.select("lead_id").with_columns(
        worked=pl.when(pl.Series(is_worked)).then(pl.lit("yes")).when(pl.Series(is_left)).then(pl.lit("no")),
        worked_at=pl.when(pl.Series(is_worked)).then(moment(at)),
    )
    return told.drop_nulls("worked").sort("worked_at", "lead_id")
