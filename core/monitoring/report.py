"""What a drift report says, as values."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["drift", "stable", "not_enough_data"]
State = Literal["delivers", "missing", "thin", "new"]
Because = Literal["values", "missing"]


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
class Moves:
    """Leads whose band or pool would be another, those that cross a band, those whose pool changes, and wins lost.

    `owners`: those whose present owner is none of the reps of the other pool; None where nobody owns leads.
    `expected_wins_lost` sums over the leads that moved the probability that they would have without the drift less
    the one that they have: positive where the drift costs expected wins, by the model's own word.
    """

    leads: int = 0
    bands: int = 0
    pools: int = 0
    expected_wins_lost: float = 0.0
    owners: int | None = None


STILL = Moves()


@dataclass(frozen=True)
class FeatureDrift:
    """One column's comparison: population stability index, the threshold for these sample sizes, and the verdict.

    `because` says whether the values or the share of missing ones were compared; the shares of missing values of both
    sides stand beside it, and the share of current values in levels that the reference never had.
    """

    name: str
    label: str
    statistic: float | None
    threshold: float | None
    verdict: Verdict
    reference_rows: int
    current_rows: int
    because: Because = "values"
    reference_missing: float = 0.0
    current_missing: float = 0.0
    unseen: float = 0.0
    moves: Moves = STILL

    @property
    def decisions_moved(self) -> int:
        """Leads whose band or pool would be another with the reference's values."""
        return self.moves.leads

    def to_json(self) -> dict[str, Any]:
        """The feature as the `drift` object writes it."""
        return {
            "name": self.name,
            "label": self.label,
            "statistic": self.statistic,
            "threshold": self.threshold,
            "verdict": self.verdict,
            "because": self.because,
            **_moved(self.moves),
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "reference_missing": self.reference_missing,
            "current_missing": self.current_missing,
        }


@dataclass(frozen=True)
class SourceDrift:
    """A source's drifted features with what they move together, and whether it still delivers.

    `reached_*`: shares of the leads of both sides with an event of the source (None for what is no event source).
    """

    source: str
    state: State
    reached_reference: float | None
    reached_current: float | None
    features: tuple[str, ...] = ()
    moves: Moves = STILL

    def to_json(self) -> dict[str, Any]:
        """The source as the `drift` object writes it."""
        told = asdict(self)
        del told["moves"]
        return {**told, "features": list(self.features), **_moved(self.moves)}


@dataclass(frozen=True)
class SchemaChange:
    """A property or event type that came, went or changed its JSON type, with its shares of the type's events."""

    event_type: str
    property: str | None
    change: Literal["gone", "new", "retyped"]
    reference: str
    current: str


@dataclass(frozen=True)
class Alert:
    """What is wrong, why, and what to do about it; `subject` is the feature, source or event type."""

    severity: Literal["high", "medium", "low"]
    code: str
    subject: str
    message: str
    cause: str
    action: str
    decisions_moved: int = 0


@dataclass(frozen=True)
class DriftReport:
    """The comparison; `page` is Evidently's HTML; of `population` leads, `moves` are what all that drifted moves.

    score and label are the comparisons of the predictions and of the labels where both sides know enough of them.
    weighted: a side is a sample of worked leads by weight, which stands for all.
    """

    spec: DriftSpec
    features: tuple[FeatureDrift, ...]
    score: FeatureDrift | None
    label: FeatureDrift | None
    label_rate_change: float | None
    moves: Moves
    population: int
    distributions: dict[str, Distribution] = field(repr=False)
    page: bytes = field(repr=False)
    sources: tuple[SourceDrift, ...] = ()
    schema_changes: tuple[SchemaChange, ...] = ()
    alerts: tuple[Alert, ...] = ()
    moved_leads: dict[str, list[str]] = field(default_factory=dict, repr=False)
    weighted: bool = False

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the features whose verdict is drift."""
        return tuple(feature.name for feature in self.features if feature.verdict == "drift")

    @property
    def decisions_moved(self) -> int:
        """Leads that all drifted features together move."""
        return self.moves.leads

    @property
    def score_psi(self) -> float | None:
        """The stability index of the predictions, None where too few were there."""
        return None if self.score is None else self.score.statistic

    def to_json(self) -> dict[str, Any]:
        """The `drift` object of a run's result, features and sources by decisions moved, then by statistic."""
        return {
            "reference": self.spec.reference,
            "current": self.spec.current,
            "sample": self.spec.sample,
            "population": self.population,
            "weighted": self.weighted,
            "features_drifted": len(self.drifted),
            "score_psi": self.score_psi,
            "score": None if self.score is None else _verdict(self.score),
            "label": None if self.label is None else _verdict(self.label),
            "label_rate_change": self.label_rate_change,
            **_moved(self.moves),
            "features": [feature.to_json() for feature in ranked(self.features)],
            "sources": [one.to_json() for one in sorted(self.sources, key=lambda one: (-one.moves.leads, one.source))],
            "schema_changes": [asdict(one) for one in self.schema_changes],
            "alerts": [asdict(one) for one in self.alerts],
        }


def ranked(features: Sequence[FeatureDrift]) -> list[FeatureDrift]:
    """The features by decisions moved, then by statistic."""
    return sorted(features, key=lambda item: (-item.decisions_moved, -(item.statistic or 0.0), item.name))


def _moved(moves: Moves) -> dict[str, Any]:
    return {
        "decisions_moved": moves.leads,
        "bands_changed": moves.bands,
        "pools_changed": moves.pools,
        "owners_changed": moves.owners,
        "expected_wins_lost": moves.expected_wins_lost,
    }


def _verdict(feature: FeatureDrift) -> dict[str, Any]:
    return {name: getattr(feature, name) for name in ("statistic", "threshold", "verdict")}
