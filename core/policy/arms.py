"""Which arm of the experiment a unit is in, and how likely each action was: sticky, by a salted hash, without chance.

A unit (an account, or a lead of none) keeps its arm for as long as the salt stays. The hold-out and exploration hash
the unit apart, so that who is held out says nothing about who is explored.
"""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal

from core.policy.document import Document
from core.policy.outcome import Outcome
from core.policy.overlay import EXPLORE, HOLDOUT, LIVE, Overlay
from core.policy.overlays import Exploration

BUCKETS = 10_000
EXPLORED, CHOSEN = "explored:", "chosen:"
"""What the unit's name is led by where it is hashed for exploration, and for the action that it is given."""


def bucket_of(salt: str, unit: str) -> int:
    """The unit's bucket, 0 to 9999: the first 64 bits of HMAC-SHA-256(salt, unit), modulo 10000."""
    return _hashed(salt, unit) % BUCKETS


def buckets_in(share: float) -> int:
    """How many of the 10000 buckets a share (0 to 1) takes; the lowest ones."""
    return int((Decimal(str(share)) * BUCKETS).to_integral_value())


def arm_of(document: Document, unit: str, salt: str | None = None) -> str:
    """The unit's arm: `live`, `holdout` or `explore:ACTION`; `salt` is the experiment's own unless another is given.

    The arm says what a unit is due; `Overlay.apply` still leaves alone whom the experiment excludes.
    """
    experiment = document.experiment
    if experiment is None:
        return LIVE
    salt = experiment.salt if salt is None else salt
    if experiment.holdout and bucket_of(salt, unit) < buckets_in(experiment.holdout.fraction):
        return HOLDOUT
    found = experiment.exploration
    if found and bucket_of(salt, EXPLORED + unit) < buckets_in(found.epsilon):
        return EXPLORE + found.over.actions[_hashed(salt, CHOSEN + unit) % len(found.over.actions)]
    return LIVE


def propensities(overlay: Overlay, core: Outcome, values: Mapping[str, object], arm: str) -> dict[str, float]:
    """By action of the catalogue, how likely it was for a lead with this core outcome; they add up to 1.

    Given whether the unit is held out, which an evaluation of actions conditions on: a held-out lead has the one action
    of its treatment. Actions that could not be taken are left out. `values` are the normalised inputs. Epsilon-greedy:
    each action that may be explored has epsilon over their number, and the policy's own the rest besides. Where a cap
    binds, every draw ends in the one action that is left.
    """
    met = overlay.apply(core, values, arm)
    if met.action is None:
        return {}
    exploration = overlay.explores(core, values)
    if exploration is None or overlay.is_capped(values) or arm == HOLDOUT:
        return {met.action: 1.0}
    return _epsilon_greedy(exploration, str(core.action))


def _epsilon_greedy(exploration: Exploration, greedy: str) -> dict[str, float]:
    epsilon, actions = Decimal(str(exploration.epsilon)), exploration.over.actions
    shares = dict.fromkeys(actions, epsilon / len(actions))
    shares[greedy] = shares.get(greedy, Decimal(0)) + 1 - epsilon
    return {action: float(share) for action, share in shares.items() if share}


def _hashed(salt: str, unit: str) -> int:
    return int.from_bytes(hmac.new(salt.encode(), unit.encode(), hashlib.sha256).digest()[:8], "big")
