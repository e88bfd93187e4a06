"""What a drift report says, as values."""

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["drift", "stable", "not_enough_data"]


@dataclass(frozen=True)
class DriftSpec:
    """The comparison: sample and fewest values a side, floor of the statistic, error rate over all features."""

    reference: str = "train"
    current: str = "test"
    sample: int = 5_000
    fewest: int = 100
    floor: float = 0.1
    error_rate: float = 0.05
    seed: int = 7


@dataclass(frozen=True)
class Distribution:
    """Shares of the reference and current values by bin (edges) or category (levels)."""

    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True)
class FeatureDrift:
    """One column's comparison: population stability index, the threshold for these sample sizes, and the verdict."""

    name: str
    label: str
    statistic: float | None
    threshold: float | None
    verdict: Verdict
    reference_rows: int
    current_rows: int
    decisions_moved: int = 0


@dataclass(frozen=True)
class DriftReport:
    """The comparison; `page` is Evidently's HTML; of `population` leads, `decisions_moved` move by all that drifted."""

    spec: DriftSpec
    features: tuple[FeatureDrift, ...]
    score_psi: float | None
    label_rate_change: float | None
    decisions_moved: int
    population: int
    distributions: dict[str, Distribution] = field(repr=False)
    page: bytes = field(repr=False)

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the features whose verdict is drift."""
        return tuple(feature.name for feature in self.features if feature.verdict == "drift")

    def to_json(self) -> dict[str, Any]:
        """The `drift` object of a run's result, features by decisions moved, then by statistic."""
        ordered = sorted(self.features, key=lambda item: (-item.decisions_moved, -(item.statistic or 0.0), item.name))
        return {
            "reference": self.spec.reference,
            "current": self.spec.current,
            "sample": self.spec.sample,
            "population": self.population,
            "features_drifted": len(self.drifted),
            "score_psi": self.score_psi,
            "label_rate_change": self.label_rate_change,
            "decisions_moved": self.decisions_moved,
            "features": [_feature_json(feature) for feature in ordered],
        }


def _feature_json(feature: FeatureDrift) -> dict[str, Any]:
    return {
        "name": feature.name,
        "label": feature.label,
        "statistic": feature.statistic,
        "threshold": feature.threshold,
        "verdict": feature.verdict,
        "decisions_moved": feature.decisions_moved,
        "reference_rows": feature.reference_rows,
        "current_rows": feature.current_rows,
    }
