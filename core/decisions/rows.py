"""From sealed records to the rows of the decisions table."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from core.decisions.record import Sealed
from core.decisions.states import LeadState
from core.kernel.times import from_text, naive

MOMENT = pl.Datetime("us")
WORDS = ("arm", "disposition", "band", "prev_state", "next_state", "pool", "action")
HASHES = ("feature_set_hash", "model_hash", "policy_hash")
NUMBERS = ("score", "percentile", "fit", "engagement")
WHOLES = ("priority", "sla_min")
AS_JSON = ("reasons", "points", "stage_us")


def batch_frame(
    sealed: Sequence[Sealed], spine: pl.DataFrame, scores: pl.DataFrame, states: Sequence[LeadState]
) -> pl.DataFrame:
    """One row a record in the order of the batch; typed columns are read off the records' own JSON."""
    decided_at = [naive(from_text(json.loads(sealed[0].parts["decided_at"])))] * len(sealed)
    return pl.DataFrame(
        [
            spine["decision_id"],
            spine["lead_id"],
            spine["as_of"].cast(MOMENT),
            spine["known_at"].cast(MOMENT),
            pl.Series("decided_at", decided_at, dtype=MOMENT),
            *(_read_off(sealed, name, pl.String) for name in (*WORDS, *HASHES, "trace_id")),
            *(_read_off(sealed, name, pl.Float64) for name in NUMBERS),
            *(_read_off(sealed, name, pl.Int32) for name in WHOLES),
            *(pl.Series(name, [one.parts[name] for one in sealed], dtype=pl.String) for name in AS_JSON),
            scores["fit_grade"],
            scores["engagement_grade"],
            pl.Series("band_since", [state.band_since for state in states], dtype=MOMENT),
            pl.Series("state_since", [state.state_since for state in states], dtype=MOMENT),
            pl.Series("record", [one.text for one in sealed], dtype=pl.String),
            pl.Series("hash", [one.hash for one in sealed], dtype=pl.String),
        ]
    )


def _read_off(sealed: Sequence[Sealed], name: str, dtype: Any) -> pl.Series:
    return pl.Series(name, [_value(one.parts[name]) for one in sealed], dtype=dtype, strict=False)


def _value(text: str) -> Any:
    return None if text == "null" else json.loads(text)
