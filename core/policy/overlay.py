"""The decision as a lead meets it: the experiment's arms over the policy's core, caps, and the pools that take over.

An arm is `live` (the core), `holdout`, or `explore:ACTION`; in each of them a cap may take the action away, and a lead
may land further down the fallback chain of its pool, when the pools before are full.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.policy.caps import Cap, caps_of
from core.policy.closures import Test, closure
from core.policy.document import Document, Policy
from core.policy.outcome import Outcome
from core.policy.overlays import Exploration, Holdout
from core.policy.stages import OUTPUTS

LIVE, HOLDOUT, EXPLORE = "live", "holdout", "explore:"
PERMIT = "PERMIT"


@dataclass(frozen=True)
class Overlay:
    """The experiment and the caps of a policy as functions of the core's outcome."""

    policy: Policy
    excluded: Test
    explorable: Test
    caps: tuple[Cap, ...] = ()

    def apply(self, outcome: Outcome, values: Mapping[str, object], arm: str) -> Outcome:
        """The outcome of a lead in the arm; `values` are its normalised inputs."""
        met = self._in_arm(outcome, values, arm)
        spared = self.policy.document.actions.otherwise if self.policy.document.actions else None
        if self.caps and met.action not in (None, spared) and self.is_capped(values):
            return replace(met, action=spared)
        return met

    def is_capped(self, values: Mapping[str, object]) -> bool:
        """Whether a cap stops any action on the lead."""
        return any(cap.binds(values.get(cap.input)) for cap in self.caps)

    def _in_arm(self, outcome: Outcome, values: Mapping[str, object], arm: str) -> Outcome:
        if arm == HOLDOUT and (holdout := self.holds_out(outcome, values)):
            treat = holdout.treat_as
            action = treat.action or outcome.action
            return replace(outcome, pool=treat.pool, sla_min=treat.sla_min, method=treat.method, action=action)
        exploration = self.explores(outcome, values) if arm.startswith(EXPLORE) else None
        if exploration and (action := arm.removeprefix(EXPLORE)) in exploration.over.actions:
            return replace(outcome, action=action)
        return outcome

    def holds_out(self, outcome: Outcome, values: Mapping[str, object]) -> Holdout | None:
        """The hold-out where it may take a lead with this core outcome, else None."""
        experiment = self.policy.document.experiment
        if experiment is None or experiment.holdout is None or outcome.disposition != PERMIT:
            return None
        return None if self.excluded({**values, **read_by_overlay(outcome)}) else experiment.holdout

    def explores(self, outcome: Outcome, values: Mapping[str, object]) -> Exploration | None:
        """The exploration where it may choose for a lead with this core outcome, else None."""
        experiment = self.policy.document.experiment
        if experiment is None or experiment.exploration is None or outcome.disposition != PERMIT:
            return None
        return experiment.exploration if self.explorable({**values, **read_by_overlay(outcome)}) else None


def overlay_of(policy: Policy) -> Overlay:
    """The policy's experiment and caps, ready to apply; without an experiment every arm is the core."""
    excludes, allowed = policy.conditions.holdout_excludes, policy.conditions.exploration_allowed
    return Overlay(
        policy,
        closure(excludes.node) if excludes else lambda values: False,
        closure(allowed.node) if allowed else lambda values: True,
        caps_of(policy.document),
    )


def read_by_overlay(outcome: Outcome) -> dict[str, object]:
    """The core's outputs under the names that an experiment's conditions read."""
    return {name: getattr(outcome, name) for name in OUTPUTS}


def arms_of(document: Document) -> tuple[str, ...]:
    """The arms that a lead may be in."""
    experiment = document.experiment
    if experiment is None:
        return (LIVE,)
    held = (HOLDOUT,) if experiment.holdout else ()
    explored = tuple(EXPLORE + one for one in experiment.exploration.over.actions) if experiment.exploration else ()
    return (LIVE, *held, *explored)


def takers(document: Document, pool: str) -> tuple[str, ...]:
    """The pools in which a lead routed to this one may land: it, and while they can be full, those that follow."""
    found = [pool]
    while (block := document.pools[found[-1]]).fallback and block.capacity != "unbounded" and not block.terminal:
        if block.fallback in found:
            break
        found.append(block.fallback)
    return tuple(found)
