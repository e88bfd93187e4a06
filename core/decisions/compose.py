"""From a batch's frames to its records."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import polars as pl

from core.decisions import encoding
from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions.arms import Lot
from core.decisions.context import Deciding, moment_text
from core.decisions.encoding import encode
from core.decisions.states import LeadState
from core.kernel import telemetry
from core.kernel.times import to_text
from core.models.scoring import Points
from core.policy.outcome import Outcome
from core.policy.timeouts import Effect

TRIGGERED = ("trigger_event_id", "trace_id")
Stages = dict[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided row: the policy's inputs, the outcome as the lead meets it, the state before, the lead after it, the
    draw of its arm, who gets it, what its moves bring about, and what the choice of who gets it saw (its text).
    """

    inputs: dict[str, Any]
    outcome: Outcome
    prev_state: str | None
    state: LeadState
    lot: Lot
    decision_id: str
    assignee: str | None = None
    effects: tuple[Effect, ...] = ()
    sight: str | None = None


@dataclass(frozen=True, slots=True)
class Sureness:
    """What a record says of its ground: the features older than they may be, and the number of sources behind it."""

    stale_features: tuple[str, ...]
    evidence_tier: int | None


def sealed_records(
    deciding: Deciding,
    frame: pl.DataFrame,
    scores: pl.DataFrame,
    points: Points,
    decided: list[Decided],
    sureness: list[Sureness],
    spine: pl.DataFrame,
    shared: Mapping[str, Any],
) -> Iterator[records.Sealed]:
    """The record of each row, in order."""
    names = deciding.feature_set.feature_names
    constant = {name: encode(value) for name, value in {**shared, "base": points.base}.items()}
    vectors = encoding.vectors(names, [policy_inputs.plain_column(frame[name]) for name in names])
    contributions = encoding.vectors(points.names, points.values.T.tolist())
    scored = scores.select("margin", "score", "percentile", "fit", "engagement").iter_rows(named=True)
    keys = spine.select("lead_id", "as_of", "known_at").iter_rows()
    events = [name for name in TRIGGERED if name in spine.columns]
    triggers = spine.select(events).rows(named=True) if events else [{}] * spine.height
    rows = zip(keys, triggers, vectors, contributions, scored, decided, sureness, strict=True)
    for (lead_id, as_of, known_at), event, vector, parts, score, one, sure in rows:
        own = {
            **score,
            **outcome_fields(one.outcome, one.lot.propensities),
            **{name: value for name, value in event.items() if value is not None},
            "decision_id": one.decision_id,
            "arm": one.lot.arm,
            "bucket": one.lot.bucket,
            "explored": one.lot.explored,
            "assignee": one.assignee,
            "lead_id": lead_id,
            "as_of": moment_text(as_of),
            "known_at": moment_text(known_at),
            "inputs": one.inputs,
            "prev_state": one.prev_state,
            "stale_features": sure.stale_features,
            "evidence_tier": sure.evidence_tier,
        }
        yield records.seal(own, {**constant, "features": vector, "points": parts})


def shared_fields(deciding: Deciding, stage_us: Stages, first_id: str) -> dict[str, Any]:
    """The fields that all records of a batch share, one trace among them: the open one, else one of its own."""
    decided_at = to_text(deciding.database.clock.now())
    feature_set_hash, model_hash, policy_hash = deciding.hashes
    return {
        "trigger_event_id": None,
        "decided_at": decided_at,
        "step": deciding.step,
        "engine_version": _engine_version(),
        "feature_set_hash": feature_set_hash,
        "model_hash": model_hash,
        "policy_hash": policy_hash,
        "stage_us": stage_us,
        "trace_id": telemetry.trace_id() or hashlib.sha256(f"{decided_at} {first_id}".encode()).hexdigest()[:32],
    }


@cache
def _engine_version() -> str:
    """Read from the disk once."""
    return version("leadbench")


def outcome_fields(outcome: Outcome, propensities: Mapping[str, float]) -> dict[str, Any]:
    """An outcome's part of the record."""
    told = outcome.to_json()
    del told["method"]
    return {**told, "propensities": propensities}
