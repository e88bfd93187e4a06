"""Simpler methods on the same rows as the model: what they reach, and whether the model is credibly ahead of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from core.models import logistic, resampling, scorecard
from core.models.encoding import FeatureInfo, Floats
from core.models.resampling import FIGURES, Drawn
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
    """The test rows, and the model's figures on them in every round of a bootstrap by lead."""

    tested: pl.DataFrame = field(repr=False)
    ours: Drawn = field(repr=False)
    seed: int
    rounds: int
    weight: Floats | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        tested: pl.DataFrame,
        probability: Floats,
        seed: int,
        rounds: int | None = None,
        weight: Floats | None = None,
    ) -> "Judged":
        """The test rows (lead_id, y and features) with the model's probabilities; a row counts its `weight`, else 1."""
        rounds = rounds or resampling.rounds_for(len(tested))
        return cls(tested, _drawn(tested, probability, seed, rounds, weight), seed, rounds, weight)

    def challenger(self, name: str, theirs: Floats, names: Sequence[str] = FIGURES) -> Challenger:
        """A method with these probabilities (or ranks, for figures of rank alone) on the same rows."""
        drawn = _drawn(self.tested, theirs, self.seed, self.rounds, self.weight)
        behind = dict(resampling.summary(self.ours.minus(drawn), names))
        return Challenger(name, resampling.figures_json(drawn.figures(), names), behind)


def _drawn(tested: pl.DataFrame, probability: Floats, seed: int, rounds: int, weight: Floats | None) -> Drawn:
    y = tested["y"].cast(pl.Float64).to_numpy()
    return Drawn.of(y, probability, tested["lead_id"].to_numpy(), seed, rounds, weight)


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
