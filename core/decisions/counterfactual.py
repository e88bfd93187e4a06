"""The smallest change that somebody could make so that a lead is decided better, through model and policy.

Two levels. First the policy alone, proved with z3: could any score, or any policy input that may change, bring a
better decision? If not, that is the answer. Then the model: the ways to pull one lever, then two, then three, each
scored and decided as a whole; of those that reach a better decision the one with the fewest levers and the least effort
is kept, and decided once more exactly as a record is. A search that finds nothing says how far it came; only the first
level proves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import polars as pl

from core.decisions.errors import FeatureFixed
from core.decisions.levers import Choice, Population, choices, movable
from core.decisions.record import Record
from core.decisions.reexecution import vectors
from core.decisions.replay import Loaders
from core.decisions.store import DecisionStore
from core.decisions.what_if import fields_of, inputs_after
from core.features.document import FeatureSet
from core.kernel.errors import nearest
from core.models.model import Model
from core.models.rationale import value_text
from core.models.scoring import probabilities, score_with_points
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.outcome import Outcome

POPULATION = 1_000
BEST_PAIRS, BEST_TRIPLES, MOST_OPTIONS = 12, 6, 3
TOLD = ("disposition", "band", "priority", "pool", "action")
PERMIT = "PERMIT"
Inputs = dict[str, Any]
Picked = tuple[Choice, ...]
Scored = tuple[Picked, float, Outcome]


@dataclass(frozen=True)
class Change:
    """One feature of a change, before and after."""

    feature: str
    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Option:
    """A change that brings a better decision: its levers in words, features, score, policy inputs and outcome after."""

    levers: tuple[str, ...]
    changes: tuple[Change, ...]
    score: float
    inputs: Inputs
    outcome: Outcome


@dataclass(frozen=True)
class Counterfactual:
    """What would bring a better decision: the smallest change first; `reason` says why there is none.

    `proved` is set where the policy alone rules it out; `tried` counts the changes that were scored and decided.
    """

    record: Record
    options: tuple[Option, ...]
    reason: str = ""
    proved: bool = False
    tried: int = 0

    @property
    def words(self) -> str:
        """The finding in a sentence."""
        if not self.options:
            return self.reason
        first = self.options[0]
        steps = "; ".join(
            f"{one.label}: {value_text(one.before)} → {value_text(one.after)}" for one in first.changes[:3]
        )
        rest = f" and {len(first.changes) - 3} more that go with it" if len(first.changes) > 3 else ""
        return (
            f"{' and '.join(first.levers)} ({steps}{rest}) would bring the score from {self.record.score:.4f} to "
            f"{first.score:.4f} and the lead into `{first.outcome.band}`, pool `{first.outcome.pool}`."
        )

    def to_json(self) -> dict[str, Any]:
        """The object of `leadbench explain LEAD --counterfactual`."""
        if not self.options:
            return {"impossible": True, "reason": self.reason}
        first, record = self.options[0], self.record
        return {
            "changes": [{"feature": one.feature, "from": one.before, "to": one.after} for one in first.changes],
            "before": {"score": record.score, **{name: getattr(record, name) for name in TOLD}},
            "after": {"score": first.score, **{name: getattr(first.outcome, name) for name in TOLD}},
            "inputs_after": first.inputs,
        }


def counterfactual(
    record: Record,
    model: Model,
    policy: Policy,
    feature_set: FeatureSet,
    population: Sequence[Mapping[str, Any]],
    only: Sequence[str] = (),
) -> Counterfactual:
    """The smallest actionable change that brings the record's lead a better decision: permitted, or a higher band.

    `population` are feature vectors of other leads, whose values count as possible. `only` narrows the search to some
    features; raises FeatureFixed where one of them is immutable, forbidden or unknown. The same arguments give the same
    answer.
    """
    ways = _ways(feature_set, policy, only)
    order = policy.document.bands.order
    wanted = order[: order.index(record.band)] if record.disposition == PERMIT and record.band in order else order
    if not wanted:
        return Counterfactual(record, (), "The lead is permitted and in the best band already; no decision is better.")
    trial = _Trial(record, model, policy, feature_set, frozenset(wanted))
    if barrier := trial.barrier(ways):
        return Counterfactual(record, (), barrier, proved=True)
    known = Population.of(population)
    return trial.search(choices(feature_set, model, dict(record.features), ways, known))


def on_store(store: DecisionStore, loaders: Loaders, record: Record, only: Sequence[str] = ()) -> Counterfactual:
    """The same for a stored decision, by what it was decided by and what leads were like until then."""
    model, policy = loaders.model(record.model_hash), loaders.policy(record.policy_hash)
    others = store.population(record.decision_id, POPULATION)
    return counterfactual(record, model, policy, loaders.feature_set(record.feature_set_hash), others, only)


def _ways(feature_set: FeatureSet, policy: Policy, only: Sequence[str]) -> dict[str, str]:
    forbidden = policy.document.inputs.forbidden
    ways = movable(feature_set, forbidden)
    for name in only:
        if name not in ways:
            found = feature_set.find(name)
            close = nearest(name, list(ways))
            is_forbidden = bool({name, found.attribute if found else None} & set(forbidden))
            raise FeatureFixed(
                name, "unknown" if found is None else "forbidden" if is_forbidden else "immutable", close
            )
    return {name: way for name, way in ways.items() if not only or name in only}


class _Trial:
    """One lead under one model and policy: changes are scored and decided, those that reach a wanted decision kept."""

    def __init__(
        self, record: Record, model: Model, policy: Policy, feature_set: FeatureSet, wanted: frozenset[str]
    ) -> None:
        self._record, self._model, self._policy, self._set = record, model, policy, feature_set
        self._wanted = wanted
        self._decide: Callable[[Mapping[str, Any]], Outcome] = evaluator.compile(policy).decide
        self._vector = dict(record.features)

    def barrier(self, ways: Mapping[str, str]) -> str:
        """Why no score and no change of these features can bring a better decision, proved; empty where one can."""
        from core.policy.prover import nearest_flip

        reached = {field for name in ways for field in fields_of(self._policy, self._set, name)}
        free = {"score", *reached} & set(self._policy.input_fields)
        found = nearest_flip(self._policy, self._record.inputs, free, self._wanted)
        if found.exists is not False:
            return ""
        rules = ", ".join(f"`{one['rule']}`" for one in self._record.reasons)
        held = f": {self._record.disposition} by {rules}" if self._record.disposition != PERMIT else ""
        also = "".join(f", `{name}`" for name in sorted(free - {"score"}))
        return (
            f"No value of `score`{also} brings a better decision under policy {self._policy.ref}{held}. "
            "Everything else that it reads is immutable or forbidden. Proved."
        )

    def search(self, single: Sequence[Choice]) -> Counterfactual:
        """The smallest change among one, two and three levers."""
        seen: list[Scored] = []
        scored = self._scored([(one,) for one in single])
        for reach in (1, 2, 3):
            combined = self._combined(scored, reach) if reach > 1 else scored
            seen += combined
            reached = [one for one in combined if one[2].band in self._wanted and one[2].disposition == PERMIT]
            options = self._confirmed(sorted(reached, key=_size))
            if options:
                return Counterfactual(self._record, options, tried=len(seen))
        best = max(seen, key=_gain, default=None)
        return Counterfactual(self._record, (), self._fallen_short(best, len(seen)), tried=len(seen))

    def _combined(self, scored: Sequence[Scored], reach: int) -> list[Scored]:
        """Combinations of the most helpful choices of `reach` different levers."""
        by_lever: dict[str, list[Scored]] = {}
        for one in scored:
            by_lever.setdefault(one[0][0].lever, []).append(one)
        levers = sorted(by_lever, key=lambda name: (-max(one[1] for one in by_lever[name]), name))
        most = BEST_PAIRS if reach == 2 else BEST_TRIPLES
        groups = [[one[0][0] for one in by_lever[name]] for name in levers[:most]]
        sets = [picked for some in combinations(groups, reach) for picked in product(*some)]
        return self._scored([picked for picked in sets if not _is_at_odds(picked)])

    def _scored(self, picked: Sequence[Picked]) -> list[Scored]:
        if not picked:
            return []
        after = [self._after(one) for one in picked]
        found = probabilities(self._model, self._frame(after)).round(4).tolist()
        outcomes = [self._decide(self._inputs(vector, score)) for vector, score in zip(after, found, strict=True)]
        return list(zip(picked, found, outcomes, strict=True))

    def _after(self, picked: Iterable[Choice]) -> dict[str, Any]:
        """The vector after all choices; what two of them add to, such as all activity, grows by both."""
        vector = dict(self._vector)
        for one in picked:
            for name, value in one.values.items():
                old, now = self._vector.get(name), vector.get(name)
                vector[name] = value if now == old or not _is_count(value) else now + value - (old or 0)  # type: ignore[operator]
        return vector

    def _frame(self, after: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        return vectors(self._set, [{"features": vector.items()} for vector in after])

    def _inputs(self, vector: Mapping[str, Any], score: float) -> Inputs:
        return inputs_after(self._record, self._policy, self._set, vector, score)

    def _confirmed(self, reached: Sequence[Scored]) -> tuple[Option, ...]:
        """The smallest change of each set of levers, scored exactly as a record is and decided again."""
        options: dict[tuple[str, ...], Option] = {}
        for picked, _, _ in reached:
            levers = tuple(sorted(one.lever for one in picked))
            if levers in options or len(options) == MOST_OPTIONS:
                continue
            option = self._exactly(picked)
            if option.outcome.disposition == PERMIT and option.outcome.band in self._wanted:
                options[levers] = option
        return tuple(options.values())

    def _exactly(self, picked: Sequence[Choice]) -> Option:
        after = self._after(picked)
        score = float(score_with_points(self._model, self._frame([after]))[0]["score"][0])
        inputs = self._inputs(after, score)
        changes = tuple(
            Change(one.name, one.label, self._vector.get(one.name), after[one.name])
            for one in self._set.features
            if after.get(one.name) != self._vector.get(one.name)
        )
        return Option(tuple(one.label for one in picked), changes, score, inputs, self._decide(inputs))

    def _fallen_short(self, best: Scored | None, tried: int) -> str:
        if best is None:
            return "The model and the policy read no feature that somebody could change."
        cuts = self._policy.document.bands.thresholds
        goal = ", ".join(f"{band} from {float(cuts[band].enter):.4f}" for band in cuts if band in self._wanted)
        told = " and ".join(one.label for one in best[0])
        return (
            f"None of {tried} actionable changes tried brings a better decision ({goal}); "
            f"the most helpful, {told}, comes to {best[1]:.4f}."
        )


def _effort(picked: Sequence[Choice]) -> float:
    return sum(one.effort for one in picked)


def _gain(one: Scored) -> tuple[float, float]:
    return one[1], -_effort(one[0])


def _size(one: Scored) -> tuple[int, float, float, tuple[str, ...]]:
    return len(one[0]), _effort(one[0]), -one[1], tuple(choice.lever for choice in one[0])


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0.0


def _is_at_odds(picked: Sequence[Choice]) -> bool:
    """Whether a feature that does not add up would be set to two values."""
    values: dict[str, Any] = {}
    for one in picked:
        for name, value in one.values.items():
            if name in values and not _is_count(value) and values[name] != value:
                return True
            values[name] = value
    return False
