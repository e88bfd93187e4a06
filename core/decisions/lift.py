"""What would lift a lead a band: a few more actions of one kind, scored again by the same model.

The moves are what a lead could still do - so many more events of one kind, now - and every feature that counts that
kind moves with them. It is a what-if under the model, not a promise about the lead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.decisions.record import Record
from core.decisions.reexecution import vectors
from core.features.document import Feature, FeatureSet
from core.models.model import Model
from core.models.rationale import value_text
from core.models.scoring import score
from core.policy import evaluator
from core.policy.document import Policy

TIMES = (1, 2, 3, 5, 8)
COUNTED = ("count", "decayed_count")
MOST_OPTIONS = 3
Vector = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One feature of a move."""

    feature: str
    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Option:
    """So many more actions of one kind, and what the lead would come to."""

    subject: str
    times: int
    score: float
    band: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Lift:
    """The smallest moves found that reach a higher band, best first; empty where none was found.

    `closest` is the move with the highest score, whether or not it reaches the band.
    """

    score: float
    band: str | None
    target: str | None
    threshold: float | None
    tried: int
    options: tuple[Option, ...]
    closest: Option | None

    @property
    def words(self) -> str:
        """The finding in a sentence or two."""
        if self.target is None:
            return "There is no higher band to reach." if self.band else "The lead has no band to be lifted from."
        goal = f"`{self.target}` (from {self.threshold:.4f})"
        if self.options:
            first = self.options[0]
            return (
                f"{_told(first)} would lift the score from {self.score:.4f} to {first.score:.4f}, into `{first.band}`."
            )
        if self.closest is None:
            return f"None found that reaches {goal}: the model reads no action that could be repeated."
        best = f"the most helpful, {_told(self.closest)}, comes to {self.closest.score:.4f}"
        return f"None found: of {self.tried} moves tried none reaches {goal}; {best}."


def lift(record: Record, model: Model, policy: Policy, feature_set: FeatureSet) -> Lift:
    """The smallest of the tried moves that bring the lead of the record into a higher band of the policy."""
    order = policy.document.bands.order
    if record.band not in order or record.band == order[0]:
        return Lift(record.score, record.band, None, None, 0, (), None)
    moves = list(_moves(feature_set, dict(record.features)))
    options = _scored(record, model, policy, feature_set, moves)
    rank = {band: place for place, band in enumerate(order)}
    reaching = [one for one in options if rank.get(one.band or "", len(order)) < rank[record.band]]
    target = order[rank[record.band] - 1]
    return Lift(
        score=record.score,
        band=record.band,
        target=target,
        threshold=float(policy.document.bands.thresholds[target].enter),
        tried=len(options),
        options=_smallest(reaching),
        closest=max(options, key=lambda one: (one.score, -one.times), default=None),
    )


def _moves(feature_set: FeatureSet, vector: Vector) -> Iterator[tuple[Feature, int, Vector]]:
    """(the feature that names the move, how many times, the vector after it)."""
    for leading in _kinds(feature_set):
        touched = [one for one in feature_set.features if _touched(one, leading)]
        for times in TIMES:
            yield leading, times, vector | {one.name: _moved(one, vector.get(one.name), times) for one in touched}


def _kinds(feature_set: FeatureSet) -> list[Feature]:
    """One counting feature a kind of action, the one with the shortest window."""
    found: dict[str, Feature] = {}
    counting = [one for one in feature_set.features if one.aggregate == "count" and one.scope == "lead" and one.where]
    for one in sorted(counting, key=lambda feature: feature.window or 2**62):
        found.setdefault(one.where.canonical if one.where else "", one)
    return list(found.values())


def _touched(one: Feature, leading: Feature) -> bool:
    if one.scope != "lead" or one.aggregate not in (*COUNTED, "exists", "days_since_last"):
        return False
    return one.where is None or (leading.where is not None and one.where.canonical == leading.where.canonical)


def _moved(one: Feature, value: Any, times: int) -> Any:
    if one.aggregate in COUNTED:
        return (value or 0) + times
    return one.aggregate == "exists" or 0.0


def _scored(
    record: Record, model: Model, policy: Policy, feature_set: FeatureSet, moves: Sequence[tuple[Feature, int, Vector]]
) -> list[Option]:
    if not moves:
        return []
    frame = vectors(feature_set, [{"features": list(after.items())} for _, _, after in moves])
    scores: pl.Series = score(model, frame)["score"]
    decide, before = evaluator.compile(policy).decide, dict(record.features)
    return [
        Option(
            subject=leading.label,
            times=times,
            score=found,
            band=decide(_inputs(record, before, after, found)).band,
            changes=tuple(
                Change(one.name, one.label, before[one.name], after[one.name])
                for one in feature_set.features
                if before[one.name] != after[one.name]
            ),
        )
        for (leading, times, after), found in zip(moves, scores, strict=True)
    ]


def _inputs(record: Record, before: Vector, after: Vector, found: float) -> dict[str, Any]:
    """The policy's inputs with the new score and the features that moved; attributes keep their place before them."""
    moved = {
        name: after[name]
        for name, value in record.inputs.items()
        if name in before and before[name] == value and after[name] != value
    }
    return {**record.inputs, **moved, **({"score": found} if "score" in record.inputs else {})}


def _smallest(reaching: Sequence[Option]) -> tuple[Option, ...]:
    """The smallest move of each kind, the fewest times first."""
    best: dict[str, Option] = {}
    for one in sorted(reaching, key=lambda option: (option.times, -option.score)):
        best.setdefault(one.subject, one)
    return tuple(list(best.values())[:MOST_OPTIONS])


def _told(option: Option) -> str:
    moved = next((one for one in option.changes if one.label == option.subject), None)
    steps = f" ({value_text(moved.before)} to {value_text(moved.after)})" if moved else ""
    return f"{option.times} more of “{option.subject}”{steps}"
