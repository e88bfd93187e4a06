"""From sealed records to the rows of the decisions table."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from core.decisions.compose import Decided
from core.decisions.record import Sealed
from core.decisions.states import LeadState
from core.kernel.times import from_text, naive

MOMENT = pl.Datetime("us")
WORDS = ("decision_id", "arm", "disposition", "band", "prev_state", "next_state", "pool", "assignee", "action")
SHARED = ("feature_set_hash", "model_hash", "policy_hash")
NUMBERS = ("score", "percentile", "fit", "engagement")
WHOLES = ("priority", "sla_min")
AS_JSON = ("reasons", "points", "stage_us")


def batch_frame(
    sealed: Sequence[Sealed],
    shared: Mapping[str, Any],
    spine: pl.DataFrame,
    scores: pl.DataFrame,
    decided: Sequence[Decided],
) -> pl.DataFrame:
    """One row a record in the order of the batch; typed columns are the records' own fields."""
    return pl.DataFrame(
        [
            spine["lead_id"],
            spine["as_of"].cast(MOMENT),
            spine["known_at"].cast(MOMENT),
            *(_column(sealed, name, pl.String) for name in WORDS),
            *(_column(sealed, name, pl.Float64) for name in NUMBERS),
            *(_column(sealed, name, pl.Int32) for name in WHOLES),
            *(pl.Series(name, [one.parts[name] for one in sealed], dtype=pl.String) for name in AS_JSON),
            scores["fit_grade"],
            scores["engagement_grade"],
            pl.Series("band_since", [one.state.band_since for one in decided], dtype=MOMENT),
            pl.Series("state_since", [one.state.state_since for one in decided], dtype=MOMENT),
            *_agreed([one.state for one in decided]),
            pl.Series("record", [one.text for one in sealed], dtype=pl.String),
            pl.Series("hash", [one.hash for one in sealed], dtype=pl.String),
            pl.Series("sight", [one.sight for one in decided], dtype=pl.String),
        ]
    ).with_columns(
        pl.lit(naive(from_text(shared["decided_at"])), dtype=MOMENT).alias("decided_at"),
        *(pl.lit(shared[name], dtype=pl.String).alias(name) for name in SHARED),
        pl.lit(shared["step"], dtype=pl.Int32).alias("step"),
        pl.Series("trace_id", [one.content.get("trace_id") or shared["trace_id"] for one in sealed], dtype=pl.String),
    )


def _agreed(states: Sequence[LeadState]) -> Sequence[pl.Series]:
    agreed = [state.agreement for state in states]
    return (
        pl.Series("agreed_pool", [one and one.pool for one in agreed], dtype=pl.String),
        pl.Series("agreed_since", [one and one.since for one in agreed], dtype=MOMENT),
        pl.Series("breaches", [one and one.breaches for one in agreed], dtype=pl.Int8),
    )


def _column(sealed: Sequence[Sealed], name: str, dtype: Any) -> pl.Series:
    return pl.Series(name, [one.content[name] for one in sealed], dtype=dtype, strict=False)
