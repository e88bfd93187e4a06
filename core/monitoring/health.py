"""Whether a model is in health: what policies are told as `model_ok`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RED_PSI = 0.25
RED_CALIBRATION = 0.1
POORLY_CALIBRATED = "poorly_calibrated"


@dataclass(frozen=True)
class Health:
    """The verdict with its reasons in words; no reason means in health."""

    reasons: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether decisions may rest on the model."""
        return not self.reasons


def judge(metrics: Mapping[str, Any], drift: Mapping[str, Any] | None) -> Health:
    """The health of a model by its registered metrics and its newest drift report's summary (None: none was made).

    It is out of health where its probabilities were off by over ten points on average on rows no training saw, more
    than chance makes (half of that is warned of), or where its scores moved between the two populations of that report:
    a population stability index above 0.25, by convention a major shift. Features that drift without moving the scores
    are a matter for people, not for the gate.
    """
    reasons = []
    error = metrics.get("ece", 0.0)
    if POORLY_CALIBRATED in metrics.get("cautions", ()) and error > RED_CALIBRATION:
        reasons.append(f"On unseen leads its probabilities were off by {error:.0%} on average, red above 10%.")
    moved = drift.get("score_psi") if drift else None
    if moved is not None and moved > RED_PSI:
        reasons.append(f"Its scores moved: stability index {moved:.2f}, red above {RED_PSI}.")
    return Health(tuple(reasons))
