"""In which arm a lead is decided, and what the policy's experiment and caps make of the core's outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.policy import arms
from core.policy.document import Policy
from core.policy.outcome import Outcome
from core.policy.overlay import EXPLORE, HOLDOUT, LIVE, overlay_of

CANARY, SHADOW, TRIAL = "canary", "shadow", "trial"
ACTED_ON = (LIVE, CANARY, HOLDOUT)
"""The arms that people work by: a lead's band, state and assignee go on from one to the other."""
DRAWS = (LIVE, CANARY)
"""The arms in which an experiment draws: a trial and a shadow are acted on by nobody."""


def acted_with(arm: str) -> tuple[str, ...]:
    """The arms whose decisions a decision in this arm goes on from."""
    return ACTED_ON if arm in ACTED_ON else (arm,)


@dataclass(frozen=True, slots=True)
class Lot:
    """What the draw made of a decision: its arm, the unit's bucket, whether the action was explored, and by action how
    likely it was.
    """

    arm: str
    bucket: int | None
    explored: bool
    propensities: Mapping[str, float]

    def without_action(self) -> "Lot":
        """The same draw where nothing is done with the lead: no action had a chance."""
        return replace(self, explored=False, propensities={})


class Lottery:
    """The experiment and caps of a policy as its units meet them; in an arm that draws nothing, the caps alone."""

    def __init__(self, policy: Policy, arm: str) -> None:
        self._arm, self._document, self._overlay = arm, policy.document, overlay_of(policy)
        self.experiment = policy.document.experiment if arm in DRAWS else None

    @property
    def unit(self) -> str | None:
        """The field whose values are the units, None where nothing is drawn."""
        return self.experiment.unit if self.experiment else None

    @property
    def may_hold_out(self) -> bool:
        """Whether a decision may end in the hold-out."""
        return self.experiment is not None and self.experiment.holdout is not None

    def draw(
        self, core: Outcome, values: Mapping[str, object], unit: str | None, bucket: int | None = None
    ) -> tuple[Outcome, Lot]:
        """The outcome as the unit meets it; `bucket` is a rollout's, told where no experiment has one."""
        if self.experiment is None or unit is None:
            met = self._met(core, values)
            return met, Lot(self._arm, bucket, False, certain(met))
        due = arms.arm_of(self._document, unit)
        found, propensities = self._in(due, core, values)
        held = due == HOLDOUT and self._overlay.holds_out(core, values) is not None
        free = self._overlay.explores(core, values) is not None and not self._overlay.is_capped(values)
        explored = due.startswith(EXPLORE) and free
        own = arms.bucket_of(self.experiment.salt, unit)
        return found, Lot(HOLDOUT if held else self._arm, own, explored, propensities)

    def again(
        self, core: Outcome, values: Mapping[str, object], record: Mapping[str, Any]
    ) -> tuple[Outcome, Mapping[str, float]]:
        """The outcome and the propensities by the lot that a record tells."""
        if self.experiment is None or record["bucket"] is None:
            met = self._met(core, values)
            return met, certain(met)
        return self._in(self._due(record), core, values)

    def _met(self, core: Outcome, values: Mapping[str, object]) -> Outcome:
        """The core's outcome with the policy's caps."""
        return self._overlay.apply(core, values, LIVE) if self._overlay.caps else core

    def _due(self, record: Mapping[str, Any]) -> str:
        """What the unit was due; one in a bucket of the hold-out may have been left alone."""
        if record["explored"]:
            return f"{EXPLORE}{record['action']}"
        holdout = self.experiment.holdout if self.experiment else None
        withheld = holdout is not None and record["bucket"] < arms.buckets_in(holdout.fraction)
        return HOLDOUT if withheld else LIVE

    def _in(self, due: str, core: Outcome, values: Mapping[str, object]) -> tuple[Outcome, Mapping[str, float]]:
        found = self._overlay.apply(core, values, due)
        return found, arms.propensities(self._overlay, core, values, due)


def certain(outcome: Outcome) -> dict[str, float]:
    """Where nothing is drawn the action had propensity 1."""
    return {outcome.action: 1.0} if outcome.action else {}
