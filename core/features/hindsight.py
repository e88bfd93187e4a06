"""The leak check by time: is a feature's value at a fixed as_of another one by what was learnt later, and why.

A build never sees what was learnt after known_at. What this finds are values that look different in hindsight: by
events that were only delivered late, which is no leak, and by what somebody wrote into the past once the outcome was
known (backdated events, corrections, attributes). Where that concerns one outcome much more than another, training
with today's knowledge would leak the outcome.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.features import store_hindsight
from core.features.document import Feature, FeatureSet
from core.features.engine import build
from core.features.spine import EVER
from core.features.store_moments import closed_leads, evenly, leads_at
from core.kernel.database import Database

ROWS = 1_000
FEWEST = 20
EXAMPLES = 5
REWRITTEN = frozenset({"backdated", "corrected", "attribute"})
MARKED_DIFFERENCE = 0.1
MARKED_Z = 3.29
VERDICTS = {
    "stable": "No value changes with what was learnt later.",
    "late_data": "Values change with late, corrected or merged data; a build at known_at does not see it.",
    "suspected_leak": "The past is rewritten after the outcome, and much more for one outcome than for another.",
    "undated": "Its values carry no time of knowledge, so nobody can tell what was known when.",
    "not_enough_data": f"Fewer than {FEWEST} rows to look at.",
}


@dataclass(frozen=True)
class Example:
    """A row whose value differs: as known at as_of and as known now, with what was learnt in between and when."""

    lead_id: str
    as_of: datetime
    outcome: str | None
    before: object
    after: object
    causes: tuple[str, ...]
    known_at: datetime | None


@dataclass(frozen=True)
class Hindsight:
    """Of `rows` values `changed` differ; `causes` counts rows (`others`: by who is in the account).

    `by_outcome` is the share of changed rows by outcome, empty where no lead is closed. `verdict` is one of VERDICTS.
    """

    feature: str
    rows: int
    changed: int
    causes: Mapping[str, int]
    by_outcome: Mapping[str, float]
    verdict: str
    examples: tuple[Example, ...]


def check(db: Database, feature_set: FeatureSet, most: int = ROWS) -> tuple[Hindsight, ...]:
    """Each feature of the set at the moments before closed leads' outcomes, else at moments of the log.

    Raises NothingToBuild on a store with neither.
    """
    spine = _spine(db, most)
    then = build(db, feature_set, spine.select("lead_id", "as_of", known_at="as_of"))
    now = build(db, feature_set, spine.select("lead_id", "as_of", known_at=pl.lit(EVER)))
    return tuple(_of(db, feature, spine, then[feature.name], now[feature.name]) for feature in feature_set.features)


def _spine(db: Database, most: int) -> pl.DataFrame:
    closed = closed_leads(db, most)
    if closed.is_empty():
        closed = leads_at(db, evenly(db, 4), most // 4).with_columns(outcome=pl.lit(None, pl.String))
    return closed.with_row_index("row_no")


def _of(db: Database, feature: Feature, spine: pl.DataFrame, then: pl.Series, now: pl.Series) -> Hindsight:
    rows = spine.with_columns(then.alias("before"), now.alias("after")).filter(then.ne_missing(now))
    why = _causes(db, feature, rows)
    counts = Counter(cause for row in why.values() for cause, _ in row) + Counter(
        "others" for row in rows["row_no"] if row not in why
    )
    shares = _shares(spine, rows)
    rewritten = [row for row, found in why.items() if REWRITTEN & {cause for cause, _ in found}]
    suspect = _shares(spine, rows.filter(pl.col("row_no").is_in(rewritten)))
    return Hindsight(
        feature.name,
        spine.height,
        rows.height,
        dict(sorted(counts.items())),
        {outcome: changed / total for outcome, (changed, total) in shares.items()},
        _verdict(db, feature, spine.height, rows.height, list(suspect.values())),
        tuple(_example(row, why.get(row["row_no"], [])) for row in rows.head(EXAMPLES).iter_rows(named=True)),
    )


def _causes(db: Database, feature: Feature, rows: pl.DataFrame) -> dict[int, list[tuple[str, datetime]]]:
    if rows.is_empty():
        return {}
    found: dict[int, list[tuple[str, datetime]]] = {}
    for row_no, cause, known_at in store_hindsight.causes(
        db, feature, rows.select("row_no", "lead_id", "as_of")
    ).rows():
        found.setdefault(row_no, []).append((cause, known_at))
    return found


def _shares(spine: pl.DataFrame, rows: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """By outcome: how many rows changed, of how many."""
    totals = Counter(spine["outcome"].drop_nulls())
    changed = Counter(rows["outcome"].drop_nulls())
    return {outcome: (changed[outcome], total) for outcome, total in sorted(totals.items())}


def _verdict(db: Database, feature: Feature, rows: int, changed: int, shares: Sequence[tuple[int, int]]) -> str:
    if feature.attribute is not None and not store_hindsight.is_timed(db, feature.attribute):
        return "undated"
    if rows < FEWEST:
        return "not_enough_data"
    if not changed:
        return "stable"
    pairs = [(one, other) for place, one in enumerate(shares) for other in shares[place + 1 :]]
    return "suspected_leak" if any(_far_apart(*pair) for pair in pairs) else "late_data"


def _far_apart(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two shares differ markedly and beyond chance (two-proportion z test, p < 0.001)."""
    (a, n), (b, m) = one, other
    pooled = (a + b) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    difference = abs(a / n - b / m)
    return difference >= MARKED_DIFFERENCE and difference > MARKED_Z * error


def _example(row: Mapping[str, object], why: Sequence[tuple[str, datetime]]) -> Example:
    return Example(
        str(row["lead_id"]),
        row["as_of"],  # type: ignore[arg-type]
        row["outcome"],  # type: ignore[arg-type]
        row["before"],
        row["after"],
        tuple(cause for cause, _ in why),
        min((known for _, known in why), default=None),
    )
