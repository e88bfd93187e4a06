"""Simpler methods on the same rows as the model: what they reach, and whether the model is credibly ahead of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from core.models import logistic, resampling, scorecard
from core.models.encoding import FeatureInfo, Floats
from core.models.resampling import FIGURES
from core.models.scorecard import Scorecard

BY_RANK = tuple(name for name in FIGURES if name not in resampling.SMALLER_IS_BETTER)


@dataclass(frozen=True)
class Challenger:
    """One simpler method: its figures with intervals, and the model's lead over it on the same rows, by figure."""

    name: str
    figures: dict[str, Any]
    behind: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The challenger as plain JSON; `against` is the model minus the challenger."""
        return {"name": self.name, "figures": self.figures, "against": self.behind}


@dataclass(frozen=True)
class Judged:
    """The test rows, the model's probabilities on them, and how intervals are drawn."""

    tested: pl.DataFrame = field(repr=False)
    probability: Floats = field(repr=False)
    seed: int
    rounds: int

    def challenger(self, name: str, theirs: Floats, names: Sequence[str] = FIGURES) -> Challenger:
        """A method with these probabilities (or ranks, for figures of rank alone) on the same rows."""
        y = self.tested["y"].cast(pl.Float64).to_numpy()
        leads = self.tested["lead_id"].to_numpy()
        found = resampling.figures(y, theirs, leads, self.seed, self.rounds)
        ahead = resampling.compare(y, self.probability, theirs, leads, self.seed, self.rounds)
        return Challenger(name, resampling.figures_json(found, names), dict(resampling.summary(ahead, names)))


def compete(
    frame: pl.DataFrame, features: Sequence[FeatureInfo], recency: str | None, judged: Judged
) -> tuple[tuple[Challenger, ...], Scorecard]:
    """Scorecard, logistic regression and recency against the model; the scorecard itself. Raises ThinData."""
    card = scorecard.fit(frame, features)
    plain = logistic.fit(frame, features)
    methods: list[tuple[str, Callable[[pl.DataFrame], Floats], Sequence[str]]] = [
        ("scorecard", card.probability, FIGURES),
        ("logistic", plain.probability, FIGURES),
    ]
    if recency is not None:
        methods.append(("recency", lambda rows: recency_rank(rows, recency), BY_RANK))
    return tuple(judged.challenger(name, ask(judged.tested), names) for name, ask, names in methods), card


def recency_rank(rows: pl.DataFrame, days_since_last: str) -> Floats:
    """1 for activity this moment, towards 0 the longer ago, 0 for none at all: a rank, no probability."""
    days = rows[days_since_last].cast(pl.Float64).fill_nan(None).fill_null(float("inf")).to_numpy()
    return 1.0 / (1.0 + np.maximum(days, 0.0))
