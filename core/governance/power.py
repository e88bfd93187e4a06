"""How many leads a rollout needs before a change of a rate could be seen: asked before it starts.

Normal approximation on the arcsine scale for two independent rates (Cohen, "Statistical Power Analysis", chapter 6).
A confidence sequence, which may be looked at any time, needs more than this; the number is the least that can do.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Needed:
    """The leads that the candidate's arm and both arms together need."""

    candidate: int
    total: int

    def days(self, leads_a_day: float, share: float) -> float | None:
        """So many days at this traffic; None where nobody comes."""
        daily = leads_a_day * share
        return self.candidate / daily if daily > 0 else None


def needed(base: float, relative: float, share: float, *, alpha: float = 0.05, power: float = 0.8) -> Needed | None:
    """The leads to see a relative change (0.15 is 15 %) of a base rate, one-sided; share is the candidate's.

    None where nothing can be said: a rate, alpha or power outside (0, 1), a share that leaves an arm empty, or a
    change so small that no number of leads shows it.
    """
    changed = base * (1 - relative)
    if not all(0 < one < 1 for one in (base, changed, share, alpha, power)):
        return None
    effect = abs(2 * math.asin(math.sqrt(base)) - 2 * math.asin(math.sqrt(changed)))
    normal = NormalDist()
    deviations = (normal.inv_cdf(power) - normal.inv_cdf(alpha)) / effect if effect else math.inf
    candidate = deviations * deviations * (1 + share / (1 - share))
    total = candidate / share
    return Needed(math.ceil(candidate), math.ceil(total)) if math.isfinite(total) else None
