"""The populations that drift and performance compare: a part of the split, what was decided, or a stretch of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.kernel.errors import LeadbenchError
from core.kernel.times import DurationInvalid, TimeInvalid, duration_us, from_text, naive

PARTS = ("train", "test", "decided")
LONGEST = timedelta(days=36_500)


class WindowInvalid(LeadbenchError):
    """A population that is neither a part nor a stretch of time."""

    code = "invalid_window"

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"`{text}` names no population: {why}.",
            value=text,
            remedy="Write train, test or decided, a duration such as 30d (the last 30 days of the log), or FROM/TO as "
            "two ISO times.",
        )


@dataclass(frozen=True)
class Window:
    """The rows whose as_of lies in [begins, ends]; naive UTC."""

    begins: datetime
    ends: datetime

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the window, at their as_of."""
        return rows.filter(pl.col("as_of").is_between(self.begins, self.ends))


def window(text: str, end: datetime | None) -> Window | None:
    """The stretch of time that the text names, None where it names a part; `end` is the end of the log.

    Raises WindowInvalid.
    """
    if text in PARTS:
        return None
    if end is None:
        raise WindowInvalid(text, "nothing on this store has a time")
    last = naive(end)
    try:
        if "/" not in text:
            return Window(last - min(timedelta(microseconds=duration_us(text)), LONGEST), last)
        begins, ends = (naive(from_text(side)) for side in text.split("/", 1))
    except (DurationInvalid, TimeInvalid, OverflowError) as error:
        raise WindowInvalid(text, "it is no part, duration or pair of times") from error
    if begins >= ends:
        raise WindowInvalid(text, "it ends before it begins")
    return Window(begins, ends)
