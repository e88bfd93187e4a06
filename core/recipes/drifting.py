"""The drift job of a recipe: two parts of its rows compared, and the decisions that the drift moves."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from core.kernel.workers import report_progress
from core.models.model import Model
from core.models.scoring import probabilities
from core.monitoring.drift import SCORE, Column, compare, sampled
from core.monitoring.moves import with_decisions_moved
from core.monitoring.report import DriftReport, DriftSpec
from core.policy import evaluator, parser
from core.policy.document import Policy
from core.policy.inputs import fill, looked_up_fields


@dataclass(frozen=True)
class DriftTask:
    """Both frames (features, y where known, the attributes that policies read), the model, the policy's text."""

    reference: pl.DataFrame = field(repr=False)
    current: pl.DataFrame = field(repr=False)
    model: Model
    policy_text: str = field(repr=False)
    spec: DriftSpec


def measure(task: DriftTask) -> DriftReport:
    """The report, made in a worker."""
    report_progress(0.05, "comparing features")
    reference, current = (_scored(sampled(frame, task.spec), task.model) for frame in (task.reference, task.current))
    columns = [Column(one.name, one.label, one.dtype in ("category", "boolean")) for one in task.model.features]
    comparison = compare(reference, current, columns, task.spec)
    report_progress(0.5, "counting the decisions that moved")
    decide = decider(task.model, parser.load(task.policy_text, "policy"))
    return with_decisions_moved(comparison, reference, current, decide, task.spec, _label_change(reference, current))


def _scored(frame: pl.DataFrame, model: Model) -> pl.DataFrame:
    return frame.with_columns(pl.Series(SCORE, probabilities(model, frame)))


def _label_change(reference: pl.DataFrame, current: pl.DataFrame) -> float | None:
    rates = [frame["y"].cast(pl.Float64).mean() if "y" in frame.columns else None for frame in (reference, current)]
    before, after = rates
    if not isinstance(before, float) or not isinstance(after, float):
        return None
    return round(after - before, 6)


def decider(model: Model, policy: Policy) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A function from a frame of features to `band` and `pool` a row; what a row does not tell is typical."""
    decision = evaluator.compile(policy)
    plain_lead = fill(policy, {})
    named = looked_up_fields(policy)

    def decide(frame: pl.DataFrame) -> pl.DataFrame:
        told = frame.select(name for name in named if name in frame.columns)
        rows = told.iter_rows(named=True) if told.width else ({} for _ in range(frame.height))
        outcomes = [
            decision.decide({**plain_lead, **row, SCORE: round(score, 4)})
            for row, score in zip(rows, probabilities(model, frame).tolist(), strict=True)
        ]
        found = [(one.band, one.pool) for one in outcomes]
        return pl.DataFrame(found, schema={"band": pl.String, "pool": pl.String}, orient="row")

    return decide
