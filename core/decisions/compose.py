"""From a batch's frames to its records."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from typing import Any

import polars as pl

from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions.context import Deciding, moment_text
from core.decisions.states import LeadState
from core.kernel.times import to_text
from core.models.scoring import Points
from core.policy.outcome import Outcome

Stages = dict[str, int]
Decided = tuple[dict[str, Any], Outcome, str | None, LeadState]


def sealed_records(
    deciding: Deciding,
    frame: pl.DataFrame,
    scores: pl.DataFrame,
    points: Points,
    decided: list[Decided],
    spine: pl.DataFrame,
    stage_us: Stages,
) -> Iterator[records.Sealed]:
    """The record of each row, in order; `decided` holds inputs, outcome, state before and the lead after it."""
    decided_at = deciding.database.clock.now()
    names = deciding.feature_set.feature_names
    vectors = frame.select(names).iter_rows()
    contributions = points.values.tolist()
    shared = _shared(deciding, decided_at, points.base, stage_us, spine)
    scored = scores.select("margin", "score", "percentile", "fit", "engagement").iter_rows(named=True)
    keys = spine.select("decision_id", "lead_id", "as_of", "known_at").iter_rows()
    rows = zip(keys, vectors, contributions, scored, decided, strict=True)
    for (decision_id, lead_id, as_of, known_at), vector, parts, score, (given, outcome, prev_state, _) in rows:
        yield records.seal(
            {
                **shared,
                **score,
                **outcome_fields(outcome),
                "decision_id": decision_id,
                "lead_id": lead_id,
                "as_of": moment_text(as_of),
                "known_at": moment_text(known_at),
                "features": [(name, policy_inputs.plain(value)) for name, value in zip(names, vector, strict=True)],
                "points": list(zip(points.names, parts, strict=True)),
                "inputs": given,
                "prev_state": prev_state,
            }
        )


def _shared(
    deciding: Deciding, decided_at: datetime, base: float, stage_us: Stages, spine: pl.DataFrame
) -> dict[str, Any]:
    """The fields that all records of a batch have in common."""
    feature_set_hash, model_hash, policy_hash = deciding.hashes
    return {
        "trigger_event_id": None,
        "decided_at": to_text(decided_at),
        "arm": deciding.arm,
        "bucket": None,
        "step": None,
        "explored": False,
        "engine_version": version("leadbench"),
        "feature_set_hash": feature_set_hash,
        "model_hash": model_hash,
        "base": base,
        "policy_hash": policy_hash,
        "assignee": None,
        "evidence_tier": None,
        "stale_features": [],
        "stage_us": stage_us,
        "trace_id": hashlib.sha256(f"{decided_at} {spine['decision_id'][0]}".encode()).hexdigest()[:32],
    }


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """An outcome's part of the record; the one action that was open had propensity 1."""
    told = outcome.to_json()
    del told["method"]
    return {**told, "propensities": {outcome.action: 1.0} if outcome.action else {}}
