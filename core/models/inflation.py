"""Score inflation: the share of leads above a cut rises while fewer of them are won, month by month and band by band.

Each month is held against all months before it by two two-proportion tests (one-sided, 2.5 % each); only both together,
on enough leads, raise the alarm, so neither a better campaign nor a worse quarter does.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

FEWEST_LEADS, FEWEST_CLOSED = 50, 20
Z = 1.959963984540054
Verdict = Literal["inflated", "steady", "not enough data"]
COLUMNS = ("month", "band", "scored", "above", "closed", "won")


@dataclass(frozen=True)
class Month:
    """A band in a month: share of the scored leads in it or above, share won of those that closed, against before."""

    month: str
    band: str
    scored: int
    above: int
    share: float
    closed: int
    won: int
    rate: float | None
    share_before: float | None
    rate_before: float | None
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """The month as plain JSON."""
        return asdict(self)


def judge(counts: pl.DataFrame) -> tuple[Month, ...]:
    """Every month of every band in order of time; counts has COLUMNS, one row a month and band.

    scored: all leads first decided in the month; above: those in the band or a better one; closed, won: of these.
    """
    found = []
    for band in counts["band"].unique(maintain_order=True).to_list():
        rows = counts.filter(pl.col("band") == band).sort("month").select(COLUMNS[2:]).to_numpy().astype(float)
        months = counts.filter(pl.col("band") == band).sort("month")["month"].to_list()
        found += [_month(str(month), band, rows[place], rows[:place].sum(axis=0)) for place, month in enumerate(months)]
    return tuple(found)


def alarms(months: tuple[Month, ...]) -> tuple[Month, ...]:
    """The bands that are inflated in their latest month."""
    latest = {one.band: one for one in months}
    return tuple(one for one in latest.values() if one.verdict == "inflated")


def _month(month: str, band: str, now: np.ndarray, before: np.ndarray) -> Month:
    scored, above, closed, won = (int(value) for value in now)
    told = (month, band, scored, above, above / max(scored, 1), closed, won, won / closed if closed else None)
    if min(scored, before[0]) < FEWEST_LEADS or min(closed, before[2]) < FEWEST_CLOSED:
        return Month(*told, None, None, "not enough data")
    rises = _apart(above, scored, before[1], before[0]) > Z
    falls = _apart(won, closed, before[3], before[2]) < -Z
    share, rate = float(before[1] / before[0]), float(before[3] / before[2])
    return Month(*told, share, rate, "inflated" if rises and falls else "steady")


def _apart(hits: float, rows: float, hits_before: float, rows_before: float) -> float:
    """The z statistic of two proportions, now minus before."""
    pooled = (hits + hits_before) / (rows + rows_before)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / rows_before))
    return float((hits / rows - hits_before / rows_before) / spread) if spread else 0.0
