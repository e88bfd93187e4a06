"""Why a lead was decided otherwise than before: the way from one decision to a later one, one cause at a time.

Each cause is let in after the other, in a fixed order, and the lead is scored and decided again after each; its part is
the score after it less the score before it, so the parts sum to the change exactly. The first cause after which the
decision is another is the one that flipped it. The order is a convention: what two causes do only together goes to the
later one (sequential decomposition; A. Shorrocks, Decomposition procedures for distributional analysis, 2013).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.decisions import inputs as policy_inputs
from core.decisions import standing
from core.decisions.record import Record
from core.decisions.reexecution import vectors
from core.decisions.replay import Loaders
from core.decisions.states import FRESH, state_inputs
from core.decisions.store import DecisionStore
from core.features import between, engine
from core.features.between import Look
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.times import from_text, naive
from core.models.calibration import Calibration
from core.models.scoring import score_with_points
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.inputs import looked_up_fields

CAUSES = {
    "lifecycle_state": "Where the lead stood",
    "decay": "Decay of old behaviour",
    "new_behaviour": "New behaviour",
    "corrected_data": "Corrected or late data",
    "attributes": "What is known of the lead",
    "data_removed": "Data no longer kept",
    "feature_set": "Feature set version",
    "model": "Model version",
    "calibration": "Calibration",
    "model_health": "Health of the model",
    "policy": "Thresholds and rules",
    "arm": "Arm of an experiment",
}
"""Every cause with its name, in order. Data that was removed since is let in at both ends of what the log tells."""
DECIDED = ("disposition", "band", "pool", "action")
GROWING = ("feature_age_min", "score_age_min")
Vector = dict[str, Any]
Inputs = dict[str, Any]
Decided = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """One feature that a cause moved: its value before and after, and by how many points the score went with it.

    A feature whose value stayed can move too: what it is worth depends on the others.
    """

    feature: str
    label: str
    before: Any
    after: Any
    points: float


@dataclass(frozen=True)
class Step:
    """The lead after one more cause: unrounded probability, by how much it moved, the decision, the features moved."""

    cause: str
    points: float
    probability: float
    decided: Decided
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True)
class Attribution:
    """The way from one decision of a lead to another; `start` is the probability before, unrounded."""

    before: Record
    after: Record
    start: float
    steps: tuple[Step, ...]

    @property
    def change(self) -> float:
        """The later probability less the earlier one, unrounded."""
        return self.steps[-1].probability - self.start

    @property
    def parts(self) -> dict[str, float]:
        """The points of each cause, in order; they sum to the change to 1e-9."""
        return {cause: sum(step.points for step in self.steps if step.cause == cause) for cause in CAUSES}

    @property
    def first_flip(self) -> tuple[str, Decided, Decided] | None:
        """The first cause after which the decision is another, with both; None where both decisions are the same."""
        if _decided(self.before) == _decided(self.after):
            return None
        told = _decided(self.before)
        for step in self.steps:
            if step.decided != told:
                return step.cause, told, step.decided
        return None

    def moves(self, cause: str) -> tuple[Move, ...]:
        """The features that the cause moved, the largest part first."""
        found = [move for step in self.steps if step.cause == cause for move in step.moves]
        return tuple(sorted(found, key=lambda move: (-abs(move.points), move.feature)))

    def to_json(self) -> dict[str, Any]:
        """The object of `leadbench explain LEAD --since T`."""
        flip = self.first_flip
        return {
            "before": _told(self.before, self.start),
            "after": _told(self.after, self.steps[-1].probability),
            "change": self.change,
            "parts": [{"cause": cause, "points": points} for cause, points in self.parts.items()],
            "first_flip": None if flip is None else dict(zip(("cause", "from", "to"), flip, strict=True)),
        }


def attribute(db: Database, loaders: Loaders, before: Record, after: Record) -> Attribution:
    """The way from the earlier decision to the later one; raises what a missing model, policy or feature set raises."""
    model, later = loaders.model(before.model_hash), loaders.model(after.model_hash)
    feature_set = loaders.feature_set(before.feature_set_hash)
    way = [("lifecycle_state", dict(before.features)), *_vectors(db, loaders, feature_set, before, after)]
    scores, points = score_with_points(model, vectors(feature_set, [{"features": one.items()} for _, one in way]))
    walk = _Walk(db, loaders, before, after, feature_set)
    steps, earlier = [], float(scores["probability"][0])
    for place, ((cause, vector), probability) in enumerate(zip(way, scores["probability"], strict=True)):
        moves = _moves(model.features, points.values, way, place) if place else ()
        steps.append(Step(cause, probability - earlier, probability, walk.decide(cause, probability, vector), moves))
        earlier = probability
    margin, last = np.array([after.margin]), way[-1][1]
    same, own = model.fitted(last).calibration, later.fitted(dict(after.features)).calibration
    for cause, calibration in (("model", same), ("calibration", own)):
        probability = _probability(calibration, margin)
        steps.append(Step(cause, probability - earlier, probability, walk.decide(cause, probability, last)))
        earlier = probability
    ends = [Step(cause, 0.0, earlier, walk.decide(cause, earlier, last)) for cause in ("model_health", "policy", "arm")]
    return Attribution(before, after, float(scores["probability"][0]), (*steps, *ends))


def _probability(calibration: Calibration, margin: np.ndarray) -> float:
    return float(calibration.probability(margin)[0])


def _vectors(
    db: Database, loaders: Loaders, feature_set: FeatureSet, before: Record, after: Record
) -> Iterator[tuple[str, Vector]]:
    """The cause and the vector after it, from the vector before up to the one that the later decision had."""
    then, now = _look(before), _look(after)
    again = _built(db, feature_set, [(before.lead_id, then), (after.lead_id, now)])
    yield "data_removed", again[0]
    staged = between.between(db, feature_set, [before.lead_id], then, now)
    vector = again[0]
    for stage in between.STAGES:
        vector = _rows(staged[stage])[0] if stage in staged else vector
        yield stage, vector
    yield "attributes", again[1]
    new_set, given = loaders.feature_set(after.feature_set_hash), dict(after.features)
    same = {one.name for one in feature_set.features if _is_same(one.behaviour_hash, new_set, one.name)}
    vector = again[1] | {name: given[name] for name in same}
    yield "data_removed", vector
    yield "feature_set", vector | {name: value for name, value in given.items() if name in vector}


def _is_same(behaviour_hash: str, other: FeatureSet, name: str) -> bool:
    found = other.find(name)
    return found is not None and found.behaviour_hash == behaviour_hash


def _built(db: Database, feature_set: FeatureSet, rows: Sequence[tuple[str, Look]]) -> list[Vector]:
    spine = pl.DataFrame(
        [(lead_id, look.as_of, look.known_at) for lead_id, look in rows],
        schema={"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")},
        orient="row",
    )
    return _rows(engine.build(db, feature_set, spine).select(feature_set.feature_names))


def _rows(frame: pl.DataFrame) -> list[Vector]:
    return [{name: policy_inputs.plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _look(record: Record) -> Look:
    times = [None if text is None else naive(from_text(text)) for text in (record.as_of, record.known_at)]
    return Look(*times)


def _moves(
    features: Sequence[Any], points: np.ndarray, way: Sequence[tuple[str, Vector]], place: int
) -> tuple[Move, ...]:
    """The features whose value or points differ from those of the vector before; their points sum to the cause's."""
    old, new = way[place - 1][1], way[place][1]
    gained = points[place] - points[place - 1]
    return tuple(
        Move(one.name, one.label, old[one.name], new[one.name], float(gained[column]))
        for column, one in enumerate(features)
        if old[one.name] != new[one.name] or gained[column]
    )


class _Walk:
    """Decides the lead after each cause: the earlier policy on what it would have seen by then."""

    def __init__(self, db: Database, loaders: Loaders, before: Record, after: Record, feature_set: FeatureSet) -> None:
        policy, self._after = loaders.policy(before.policy_hash), after
        self._decide, self._later = evaluator.compile(policy).decide, loaders.policy(after.policy_hash)
        self._given: Inputs = dict(before.inputs)
        self._attributes = frozenset(DecisionStore(db).attributes_for(looked_up_fields(policy)))
        self._features = frozenset(looked_up_fields(policy)) - self._attributes & frozenset(feature_set.feature_names)
        self._states = frozenset(state_inputs(policy).names)
        self._new = _arrived(db, policy, before, after)

    def decide(self, cause: str, probability: float, vector: Vector) -> Decided:
        """What is decided once this cause is let in too."""
        if cause == "arm":
            return _decided(self._after)
        if cause == "policy":
            return _outcome(evaluator.compile(self._later).decide(self._after.inputs))
        self._let_in(cause)
        moved = {name: vector[name] for name in self._given if name in self._features and name in vector}
        scored = {"score": round(probability, 4)} if "score" in self._given else {}
        return _outcome(self._decide({**self._given, **moved, **scored}))

    def _let_in(self, cause: str) -> None:
        for name, value in self._new.items():
            old = self._given.get(name)
            if cause == _cause_of(name, old, value, self._states, self._attributes):
                self._given[name] = value


def _cause_of(name: str, old: Any, new: Any, states: frozenset[str], attributes: frozenset[str]) -> str | None:
    """The cause that an input other than score and features changes with."""
    if name in states:
        return "lifecycle_state"
    if name in attributes:
        return "attributes"
    if name == "model_ok":
        return "model_health"
    if name in GROWING:
        return "decay" if old is not None and new is not None and new > old else "new_behaviour"
    if name == "evidence_tier":
        return "decay" if old is not None and new is not None and new < old else "new_behaviour"
    return None


def _arrived(db: Database, policy: Policy, before: Record, after: Record) -> Inputs:
    """What the earlier policy's inputs are at the later decision, but for its score and features."""
    if before.policy_hash == after.policy_hash:
        return dict(after.inputs)
    store, look = DecisionStore(db), _look(after)
    keys = pl.DataFrame(
        {"lead_id": [after.lead_id], "as_of": [look.as_of], "known_at": [look.known_at]},
        schema={"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")},
    )
    stood = store.before(keys, after.arm).get(0, FRESH)
    known = standing.attributes(db, store, policy, keys).drop(keys.columns)
    told: Mapping[str, Any] = after.inputs
    return {
        **{name: told[name] for name in before.inputs if name in told},
        **_rows(known)[0],
        **state_inputs(policy).of(stood, look.as_of or look.known_at),
    }


def _decided(record: Record) -> Decided:
    return {name: getattr(record, name) for name in DECIDED}


def _outcome(outcome: Any) -> Decided:
    return {name: getattr(outcome, name) for name in DECIDED}


def _told(record: Record, probability: float) -> dict[str, Any]:
    return {
        "decision_id": record.decision_id,
        "as_of": record.as_of,
        "score": record.score,
        "probability": probability,
        **_decided(record),
        "model_hash": record.model_hash,
        "policy_hash": record.policy_hash,
    }
