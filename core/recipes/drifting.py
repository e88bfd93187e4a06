"""The drift job of a recipe: two populations compared, and the decisions that the drift moves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from core.kernel.workers import report_progress
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.worked import WEIGHT, drawn_by_weight
from core.monitoring.alerts import alerts_of
from core.monitoring.arrivals import schema_changes, source_states
from core.monitoring.drift import SCORE, Column, compare
from core.monitoring.moves import Owners, count_moves, worth
from core.monitoring.report import DriftReport, DriftSpec, SourceDrift
from core.monitoring.samples import sampled
from core.policy import evaluator, parser
from core.policy.document import Policy
from core.policy.inputs import fill, looked_up_fields
from core.recipes.rooms import Rooms

ATTRIBUTES = "lead attributes"


@dataclass(frozen=True)
class DriftTask:
    """Both frames (features, y where known, the attributes that policies read), the model, the policy's text.

    Of a frame with WEIGHT a sample by weight is compared, which stands for all leads; moved are its own rows, which
    count their weight.
    sources: source → the features that read it; reached and properties as monitoring.store_arrivals tells them.
    """

    reference: pl.DataFrame = field(repr=False)
    current: pl.DataFrame = field(repr=False)
    model: Model
    policy_text: str = field(repr=False)
    spec: DriftSpec
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reached: pl.DataFrame | None = field(default=None, repr=False)
    properties: pl.DataFrame | None = field(default=None, repr=False)
    owners: Owners | None = field(default=None, repr=False)


def measure(task: DriftTask) -> DriftReport:
    """The report, made in a worker."""
    report_progress(0.05, "comparing features")
    sides = (drawn_by_weight(frame, task.spec.seed) for frame in (task.reference, task.current))
    reference, current = (_scored(sampled(frame, task.spec), task.model) for frame in sides)
    wholes = zip((task.reference, task.current), (reference, current), strict=True)
    columns = [Column(one.name, one.label, one.dtype in ("category", "boolean")) for one in task.model.features]
    found = compare(reference, current, columns, task.spec)
    report_progress(0.5, "counting the decisions that moved")
    weighs = WEIGHT in task.current.columns
    moving = _scored(sampled(task.current, task.spec), task.model) if weighs else current
    decide = decider(task.model, parser.load(task.policy_text, "policy"))
    drifted = [one.name for one in found.features if one.verdict == "drift"]
    moved = count_moves(drifted, task.sources, reference, moving, decide, task.spec.seed, task.owners)
    report = DriftReport(
        task.spec,
        tuple(replace(one, moves=moved.features[one.name]) if one.name in drifted else one for one in found.features),
        found.score,
        found.label,
        _label_change(*(one if WEIGHT in one.columns else drawn for one, drawn in wholes)),
        moved.together,
        worth(moving),
        found.distributions,
        found.page,
        tuple(replace(one, moves=moved.groups[one.source]) for one in _sources(task, drifted)),
        tuple([] if task.properties is None else schema_changes(task.properties)),
        moved_leads=dict(moved.leads),
        weighted=any(WEIGHT in frame.columns for frame in (task.reference, task.current)),
    )
    return replace(report, alerts=alerts_of(report))


def _sources(task: DriftTask, drifted: Sequence[str]) -> list[SourceDrift]:
    """Every source with its state and the drifted features that read it; the leads' attributes stand as one of them."""
    features = {name: [one for one in drifted if one in names] for name, names in task.sources.items()}
    leads = task.reference["lead_id"].n_unique(), task.current["lead_id"].n_unique()
    found = [] if task.reached is None else source_states(task.reached, leads, features)
    if features.get(ATTRIBUTES):
        found.append(SourceDrift(ATTRIBUTES, "delivers", None, None, tuple(features[ATTRIBUTES])))
    return [one for one in found if one.source in task.sources]


def _scored(frame: pl.DataFrame, model: Model) -> pl.DataFrame:
    return frame.with_columns(pl.Series(SCORE, probabilities(model, frame)))


def _label_change(reference: pl.DataFrame, current: pl.DataFrame) -> float | None:
    """The win rate now less the one before, each lead counted once however often it was looked at, or by its weight."""
    before, after = (_rate(frame) if "y" in frame.columns else None for frame in (reference, current))
    if not isinstance(before, float) or not isinstance(after, float):
        return None
    return round(after - before, 6)


def _rate(frame: pl.DataFrame) -> object:
    weight = (
        pl.col(WEIGHT).filter(pl.col("y").is_not_null()).first()
        if WEIGHT in frame.columns
        else pl.lit(1.0).alias(WEIGHT)
    )
    by_lead = frame.group_by("lead_id", maintain_order=True).agg(pl.col("y").cast(pl.Float64).mean(), weight)
    counted = by_lead.drop_nulls("y")
    return float(np.average(counted["y"], weights=counted[WEIGHT])) if counted.height else None


def owners_now(rooms: Rooms, policy: Policy) -> Owners | None:
    """Who has which lead now, and whom the policy's pools may give leads to; None where no rep was loaded."""
    reps = rooms.signals.reps()
    if reps.is_empty():
        return None
    there = {place: frozenset(names) for place, names in reps.group_by("pool").agg("assignee").iter_rows()}
    pools = policy.document.pools.items()
    members = {name: there.get(pool.members or name, frozenset()) for name, pool in pools}
    return Owners(dict(rooms.decisions.owned().iter_rows()), members)


def decider(model: Model, policy: Policy) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A function from a frame of features to `band`, `pool` and `score` a row; what a row does not tell is typical."""
    decision = evaluator.compile(policy)
    plain_lead = fill(policy, {})
    named = looked_up_fields(policy)

    def decide(frame: pl.DataFrame) -> pl.DataFrame:
        told = frame.select(name for name in named if name in frame.columns)
        rows = told.iter_rows(named=True) if told.width else ({} for _ in range(frame.height))
        scores = probabilities(model, frame).tolist()
        outcomes = [
            decision.decide({**plain_lead, **row, SCORE: round(score, 4)})
            for row, score in zip(rows, scores, strict=True)
        ]
        found = [(one.band, one.pool, score) for one, score in zip(outcomes, scores, strict=True)]
        return pl.DataFrame(found, schema={"band": pl.String, "pool": pl.String, "score": pl.Float64}, orient="row")

    return decide
