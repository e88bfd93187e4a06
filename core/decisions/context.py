"""What a batch is decided by, and the states that it carries from row to row."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache

import polars as pl

from core.decisions import record as records
from core.decisions.states import LeadState, StateInputs, state_inputs
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.models.model import Model
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.evaluator import Evaluator

TRIGGER = "trigger_event_id"


@dataclass(frozen=True)
class Deciding:
    """Everything that a batch is decided by.

    `remembers` says that `states` holds the newest standing of every lead in it, so that the store need not be asked.
    """

    database: Database
    feature_set: FeatureSet
    model: Model
    policy: Policy
    arm: str
    actor: str
    model_ok: bool = True
    states: dict[str, LeadState] = field(default_factory=dict)
    remembers: bool = False

    @cached_property
    def evaluator(self) -> Evaluator:
        """The policy as a function."""
        return evaluator.compile(self.policy)

    @cached_property
    def state_inputs(self) -> StateInputs:
        """What the policy asks about a lead's state."""
        return state_inputs(self.policy)

    @cached_property
    def hashes(self) -> tuple[str, str, str]:
        """Of the feature set, the model and the policy."""
        return self.feature_set.behaviour_hash, self.model.model_hash, self.policy.content_hash

    def ids(self, spine: pl.DataFrame) -> list[str]:
        """The decision id of each row; rows that an event brought about have its id as `trigger_event_id`."""
        keys = spine.select("lead_id", "as_of", "known_at", trigger(spine)).iter_rows()
        return [
            records.decision_id(lead, moment_text(as_of), moment_text(known_at), self.arm, self.hashes, event_id)
            for lead, as_of, known_at, event_id in keys
        ]


def trigger(spine: pl.DataFrame) -> pl.Expr:
    """The event that each row's decision follows from; null in a batch."""
    return pl.col(TRIGGER) if TRIGGER in spine.columns else pl.lit(None, dtype=pl.String).alias(TRIGGER)


@lru_cache(maxsize=4096)
def moment_text(moment: datetime | None) -> str | None:
    """A moment as records write it; a batch has few distinct ones."""
    return records.moment(moment)
