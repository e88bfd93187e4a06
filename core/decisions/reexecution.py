"""A decision computed again from its record: scores from the stored vector, the outcome from the stored inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions import reviewing
from core.decisions.arms import HOLDOUT, LIVE, Lottery
from core.decisions.breaching import WHY
from core.decisions.choices import Choice
from core.decisions.compose import outcome_fields
from core.decisions.hops import hopped
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.times import from_text, naive
from core.models.model import Model
from core.models.scoring import score_with_points
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.evaluator import Evaluator

DTYPES = {"count": pl.Int64, "boolean": pl.Boolean, "number": pl.Float64, "category": pl.String}
SCORED = ("margin", "score", "percentile", "fit", "engagement")
Content = dict[str, Any]


@dataclass(frozen=True)
class Rerun:
    """What a group of records was decided by."""

    feature_set: FeatureSet
    model: Model
    policy: Policy

    @cached_property
    def evaluator(self) -> Evaluator:
        """The policy as a function."""
        return evaluator.compile(self.policy)

    @cached_property
    def _lotteries(self) -> dict[str, Lottery]:
        return {}

    def lottery(self, arm: str) -> Lottery:
        """The policy's experiment in a record's arm; the hold-out is one of a policy that is live."""
        return self._lotteries.setdefault(arm, Lottery(self.policy, LIVE if arm == HOLDOUT else arm))


def execute(rerun: Rerun, contents: Sequence[Content], choices: Sequence[Choice | None]) -> Iterator[Content]:
    """For each record, in order, the fields that follow from its vector, its inputs, its keys and its choice.

    Without a choice the pool follows from the hops that the record tells, and the assignee is left out.
    """
    scores, points = score_with_points(rerun.model, vectors(rerun.feature_set, contents))
    scored = scores.select(SCORED).iter_rows(named=True)
    for content, choice, score, parts in zip(contents, choices, scored, points.values.tolist(), strict=True):
        given = content["inputs"]
        told = {"inputs": {**given, "score": score["score"]}} if "score" in given else {}
        yield {
            **score,
            **told,
            **_outcome(rerun, content, choice),
            "base": points.base,
            "points": list(zip(points.names, parts, strict=True)),
            "decision_id": _id(content),
        }


def _outcome(rerun: Rerun, content: Content, choice: Choice | None) -> Content:
    """What the policy, and the lot that the record tells, make of the stored inputs."""
    core, values = rerun.evaluator.decide_with_values(content["inputs"])
    outcome, propensities = rerun.lottery(content["arm"]).again(core, values, content)
    if why := reviewing.told(content["reasons"]):
        outcome = reviewing.held(rerun.policy.document, outcome, content["prev_state"], why)
        propensities = {}
    if choice is None:
        return outcome_fields(hopped(rerun.policy.document, outcome, content["reasons"]), propensities)
    breached = [told for told in content["reasons"] if told["reason"] == WHY]
    landed, assignee = choice(rerun.policy.document, hopped(rerun.policy.document, outcome, breached))
    return {**outcome_fields(landed, propensities), "assignee": assignee}


def vectors(feature_set: FeatureSet, contents: Sequence[Content]) -> pl.DataFrame:
    """The stored vectors as the frame that the model reads."""
    rows = [dict(content["features"]) for content in contents]
    return pl.DataFrame(
        [
            pl.Series(one.name, [row.get(one.name) for row in rows], dtype=DTYPES[one.dtype], strict=False)
            for one in feature_set.features
        ]
    )


def recomputed(db: Database, rerun: Rerun, contents: Sequence[Content]) -> Iterator[Content]:
    """For each record, in order, the vector that the store gives now for the same lead and times."""
    if not contents:
        return
    spine = pl.DataFrame(
        {
            "lead_id": [content["lead_id"] for content in contents],
            **{name: [_moment(content[name]) for content in contents] for name in ("as_of", "known_at")},
        },
        schema={"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")},
    )
    frame = features.build(db, rerun.feature_set, spine).select(rerun.feature_set.feature_names)
    for row in frame.iter_rows(named=True):
        yield {name: policy_inputs.plain(value) for name, value in row.items()}


def _id(content: Content) -> str:
    hashes = (content["feature_set_hash"], content["model_hash"], content["policy_hash"])
    times = (content["as_of"], content["known_at"])
    return records.decision_id(content["lead_id"], *times, content["arm"], hashes, content["trigger_event_id"])


def _moment(text: str | None) -> Any:
    return None if text is None else naive(from_text(text))
