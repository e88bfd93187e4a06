"""The blocks of schema v1 around the decision: SLA, experiment, rollout, privacy, claims."""

from typing import Literal

from pydantic import Field

from core.policy.types import Block, Condition, Dotted, Flag, Fraction, Minutes, Name, Number, Percent, Text, Whole

DECISION_LOG, RAW_EVENTS, EXPLORATION_LOG = "decision_log", "raw_events", "exploration_log"
MASKED_ROLES = ("viewer", "analyst", "reviewer", "leader", "privacy", "admin")
RETAINED = (DECISION_LOG, RAW_EVENTS, EXPLORATION_LOG)


class BreachStep(Block):
    """What happens when a multiple of the agreed time has passed."""

    after: Number
    do: Name


class Sla(Block):
    """How agreed times are counted and what a breach does."""

    clock: Literal["business_hours", "wall"]
    on_breach: tuple[BreachStep, ...] = ()
    max_hops: int = Field(default=4, ge=0, strict=True)


class HoldoutTreatment(Block):
    """How a held-out lead is treated."""

    pool: Dotted
    sla_min: Minutes | None = None
    method: Name | None = None
    action: Name | None = None


class Holdout(Block):
    """The share of units that the policy leaves alone, to measure its worth."""

    fraction: Fraction
    treat_as: HoldoutTreatment
    exclude_if: Condition | None = None


class ExplorationSpace(Block):
    """What exploration may choose among."""

    actions: tuple[Name, ...] = Field(min_length=1)


class Exploration(Block):
    """Randomised actions with known propensities."""

    scheme: Literal["epsilon_greedy"]
    epsilon: Fraction
    over: ExplorationSpace
    allowed_if: Condition | None = None
    min_propensity: Fraction


class Reward(Block):
    """The outcome that an experiment is judged by."""

    name: Name
    type: Literal["binary", "number"]
    attribution_window_min: Minutes


class Experiment(Block):
    """Hold-out and exploration over the deterministic decision."""

    unit: Name
    salt: Text
    holdout: Holdout | None = None
    exploration: Exploration | None = None
    reward: Reward | None = None


class RolloutStep(Block):
    """A share of units under the new version and how long it is watched."""

    pct: Percent
    mode: Literal["shadow"] | None = None
    min_hours: Whole | None = None
    min_decisions: Whole | None = None


class GuardMetric(Block):
    """A metric that a rollout must not worsen."""

    metric: Name
    direction: Literal["either", "increase", "decrease"]
    max_rel_change: Number | None = None
    max_abs: Number | None = None
    critical: Flag = False


class RatioCheck(Block):
    """The test that the arms have the sizes they should have."""

    alpha: Fraction
    action: Literal["abort", "pause"]


class Judge(Block):
    """How a rollout is judged."""

    alpha: Fraction
    method: Literal["always_valid"]
    guards: tuple[GuardMetric, ...] = ()
    sample_ratio_mismatch: RatioCheck | None = None


class AutoRollback(Block):
    """When a rollout goes back by itself."""

    on: tuple[Name, ...]
    to: Literal["parent"]
    max_seconds: Whole


class BlueGreen(Block):
    """How long the previous version stays ready."""

    keep_previous_warm_days: Whole


class Rollout(Block):
    """How a published version reaches its leads."""

    strategy: Literal["shadow", "canary", "blue_green"]
    unit: Name
    salt: Text
    steps: tuple[RolloutStep, ...] = ()
    judge: Judge | None = None
    auto_rollback: AutoRollback | None = None
    blue_green: BlueGreen | None = None


class HumanReview(Block):
    """Where a contested decision goes."""

    route: Dotted
    sla_hours: Whole


class AggregateReports(Block):
    """The smallest cell and the privacy budget of reports."""

    min_cell: Whole
    dp_epsilon_per_quarter: Number | None = None


class Privacy(Block):
    """Personal fields, masks and retention."""

    personal_fields: tuple[Name, ...] = ()
    log_inputs: Literal["none", "tokenised", "full"] = "tokenised"
    mask: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    retention_days: dict[Name, Whole] = Field(default_factory=dict)
    subject_key: Literal["per_lead"] = "per_lead"
    human_review: HumanReview | None = None
    aggregate_reports: AggregateReports | None = None


class Claim(Block):
    """A claim about every lead, to be proved."""

    id: Dotted
    kind: Literal["never", "always", "monotone", "independent"]
    given: Condition | None = None
    claim: Condition | None = None
    input: Name | None = Field(default=None, alias="in")
    of: tuple[Name, ...] = ()
    output: Name | None = None
    direction: Literal["increasing", "decreasing"] | None = None
