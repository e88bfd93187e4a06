"""What the steps of a recipe give: studied data, a registered model, decisions."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from core.models.model import Model
from core.policy.document import Policy
from core.policy.store import StoredVersion
from core.recipes import result
from core.recipes.featuring import Featured
from core.recipes.learning import Learned, rounded
from core.recipes.rows import Prepared
from core.recipes.suspects import Findings


@dataclass(frozen=True)
class Studied:
    """What the data gave: split rows, suspects, features; nothing is written yet."""

    prepared: Prepared
    findings: Findings
    featured: Featured

    @property
    def cautions(self) -> list[Any]:
        """Warnings about the data."""
        return [*self.prepared.cautions, self.findings.caution()]

    @property
    def test_leads(self) -> list[str]:
        """The leads of the test part."""
        return self.part("test")["lead_id"].unique().sort().to_list()

    def part(self, name: str) -> pl.DataFrame:
        """The frame of one part; train takes the calibration rows in."""
        wanted = ["train", "calibration"] if name == "train" else [name]
        return self.featured.frame.filter(pl.col("part").is_in(wanted))

    def to_json(self) -> dict[str, Any]:
        """rows, suspected_leaks and features of the result."""
        chosen = self.featured.feature_set
        return {
            "rows": self.prepared.counts(),
            "suspected_leaks": self.findings.to_json(),
            "features": {"set": chosen.name, "hash": chosen.behaviour_hash, "count": len(chosen)},
        }


@dataclass(frozen=True)
class Trained:
    """The registered model with its figures."""

    version: str
    learned: Learned

    @property
    def model(self) -> Model:
        """The model itself."""
        return self.learned.model

    @property
    def charts(self) -> dict[str, Any]:
        """The tables behind the charts."""
        return rounded(self.learned.charts)

    @property
    def cautions(self) -> list[Any]:
        """Warnings about the model."""
        return list(self.learned.cautions)

    def to_json(self) -> dict[str, Any]:
        """model, metrics and baselines of the result."""
        about = {"version": self.version, "hash": self.model.model_hash, "trees": self.model.trees}
        about["tuning"] = self.learned.tuning
        return {"model": about, "metrics": self.learned.metrics, "baselines": self.learned.baselines}


@dataclass(frozen=True)
class Decided:
    """The decisions of a run."""

    stored: StoredVersion
    decisions: dict[str, Any]
    score_seconds: float
    policy: Policy = field(repr=False)
    model: Model = field(repr=False)
    cautions: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """policy and decisions of the result."""
        return {
            "policy": result.policy_json(self.stored),
            "decisions": self.decisions,
            "score_seconds": round(self.score_seconds, 3),
        }
