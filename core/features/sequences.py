"""Sequences of behaviour that go with the outcome, found on the training window only: A, and later B.

A sequence is worth a feature where enough leads show it (support) and it tells more than either step alone: both among
the leads that did A and among those that did B, the ones that went from A to B turn out differently from the rest
(lift, with a z statistic far beyond what so many comparisons give by chance).
R. Agrawal, R. Srikant, Mining sequential patterns (1995), for support; a two-proportion test for the lift.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.features.spine import moments
from core.kernel.database import Database

MOST_LEADS = 10_000
MOST_TYPES = 20
LEAST_SUPPORT = 0.02
FEWEST_LEADS = 40
LEAST_Z = 4.0
LEAST_LIFT = 1.1
ALIKE = 0.005
_LEADS_SQL = """
CREATE OR REPLACE TEMP TABLE mined_leads AS
SELECT m.row_no, i.lead_no, m.as_of, m.known_at
FROM mined m JOIN leads l USING (lead_id) JOIN identity_at(NULL) own USING (lead_no)
JOIN identity_at(NULL) i USING (root_no)
"""
_SEEN_SQL = """
SELECT row_no, type, min(micros) AS first, max(micros) AS last FROM (
    SELECT m.row_no, e.kind_no, epoch_us(e.occurred_at) AS micros FROM events e JOIN mined_leads m USING (lead_no)
    WHERE e.occurred_at < m.as_of AND e.received_at <= m.known_at
        AND (e.superseded_at IS NULL OR e.superseded_at > m.known_at))
JOIN event_kinds USING (kind_no) GROUP BY row_no, type ORDER BY row_no, type
"""


@dataclass(frozen=True)
class Sequence:
    """A before B: the share of the leads that show it, what it lifts, and how long it usually takes.

    lift and z: outcome rate of these leads over, and apart from, that of the others that did A, or B, whichever is
    nearer; span_us: the third quartile of the time from the first A to the last B, in microseconds.
    """

    first: str
    then: str
    support: float
    lift: float
    z: float
    span_us: int


def mine(db: Database, rows: pl.DataFrame, exclude_types: Collection[str], most: int) -> tuple[Sequence, ...]:
    """The at most `most` sequences that tell most, the most telling first; one direction of a pair.

    rows: the labelled training rows (lead_id, as_of, known_at, y); the latest of each lead is looked at, and of many
    leads evenly chosen ones. Nothing after a row's as_of or its known_at is seen.
    """
    chosen = _chosen(rows)
    if chosen["y"].n_unique() < 2:
        return ()
    with db.scratch() as cursor:
        cursor.load("mined", chosen.drop("y"))
        cursor.execute(_LEADS_SQL)
        seen = cursor.read(_SEEN_SQL)
    seen = seen.filter(~pl.col("type").is_in(list(exclude_types)))
    common = seen.group_by("type").len().sort(-pl.col("len").cast(pl.Int64), "type").head(MOST_TYPES)
    pairs = _pairs(seen.join(common, on="type", how="semi"), chosen)
    rated = [order for row in pairs.iter_rows(named=True) if (order := _rated(row, len(chosen)))]
    return _one_way(sorted(rated, key=lambda one: (-round(abs(one.z), 9), one.first, one.then)))[:most]


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    """row_no, lead_id, as_of, known_at and y of the latest row of at most 10,000 leads."""
    dated = rows.filter(pl.col("as_of").is_not_null()).sort("lead_id", "as_of").unique("lead_id", keep="last")
    ordered = dated.sort("lead_id")
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), MOST_LEADS)).astype(int)
    kept = ordered[places.tolist()]
    as_of = moments(kept, "as_of")
    return pl.DataFrame(
        {
            "row_no": pl.Series(range(len(kept)), dtype=pl.Int64),
            "lead_id": kept["lead_id"].cast(pl.String),
            "as_of": as_of,
            "known_at": moments(kept, "known_at").fill_null(as_of) if "known_at" in kept.columns else as_of,
            "y": kept["y"].cast(pl.Int64),
        }
    )


def _pairs(seen: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """One row a pair of types: leads with the first, those that went on, the positives of each, and the usual span."""
    labelled = seen.join(chosen.select("row_no", "y"), on="row_no")
    having = labelled.group_by("type").agg(pl.len().alias("leads"), pl.col("y").sum().alias("won"))
    later = labelled.join(seen.select("row_no", then="type", end="last"), on="row_no")
    went_on = later.filter((pl.col("type") != pl.col("then")) & (pl.col("first") < pl.col("end")))
    counted = went_on.group_by("type", "then").agg(
        pl.len().alias("followed"),
        pl.col("y").sum().alias("won_followed"),
        (pl.col("end") - pl.col("first")).quantile(0.75).alias("span"),
    )
    ending = having.select(then="type", leads_then="leads", won_then="won")
    return counted.join(having, on="type").join(ending, on="then").sort("type", "then")


def _rated(row: dict[str, Any], leads: int) -> Sequence | None:
    """The sequence with its figures, None where it tells nothing beyond chance or beyond one of its steps."""
    if row["followed"] < max(LEAST_SUPPORT * leads, FEWEST_LEADS):
        return None
    shown = (row["followed"], row["won_followed"])
    compared = [_apart(*shown, row[f"leads{step}"], row[f"won{step}"]) for step in ("", "_then")]
    lift, z = min(compared, key=lambda pair: abs(pair[1]))
    if abs(z) < LEAST_Z or max(lift, 1 / lift) < LEAST_LIFT:
        return None
    return Sequence(row["type"], row["then"], row["followed"] / leads, lift, z, int(row["span"]))


def _apart(shown: int, won: int, having: int, won_having: int) -> tuple[float, float]:
    """Lift and z of the leads that show a sequence against the others that have one of its steps; z 0 where few do."""
    others, rate = having - shown, won_having / having
    spread = rate * (1 - rate)
    if others < FEWEST_LEADS or not spread:
        return 1.0, 0.0
    here, there = (won + rate) / (shown + 1), (won_having - won + rate) / (others + 1)
    return here / there, (here - there) / float(np.sqrt(spread * (1 / shown + 1 / others)))


def _one_way(found: list[Sequence]) -> tuple[Sequence, ...]:
    """The more telling direction of each pair, and of the sequences that the same leads show in effect, the first."""
    kept: dict[frozenset[str], Sequence] = {}
    for one in found:
        alike = any(abs(one.support - other.support) < ALIKE and one.then == other.then for other in kept.values())
        if not alike:
            kept.setdefault(frozenset((one.first, one.then)), one)
    return tuple(kept.values())
