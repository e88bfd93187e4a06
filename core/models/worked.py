"""Unworked is not lost: what training makes of leads that nobody worked.

Weights by inverse propensity (D. Horvitz, D. Thompson, A generalization of sampling without replacement from a finite
universe, 1952): where chance had a part in who was given work and the log says how large a part, a worked lead stands
for all those like it that might have been worked. Propensities are clipped from below and the weights stabilised, that
is divided by their mean (J. Robins, M. Hernan, B. Brumback, Marginal structural models and causal inference in
epidemiology, 2000). The effective sample is L. Kish's.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from core.models.encoding import Floats
from core.models.errors import NothingLeftToChance, WeightsThin
from core.models.labels import LandmarkRows

WEIGHT = "worked_weight"
"""The column of what a row counts in training, calibration and comparison."""
CLIP = 0.02
FEWEST_EFFECTIVE = 80
ASSUMPTION = (
    "Given what a decision saw, chance alone chose whom to give work, as likely as logged; and of the leads given "
    "work, those that were worked differ from the others in nothing that decides the outcome."
)


@dataclass(frozen=True)
class Weighting:
    """Labelled leads by what the log says of their being worked, and the weights of those that are kept.

    kept: given work by chance and worked; unworked; unsaid: nobody says whether; unlogged: worked, and no decision
    before that says how likely it was; against: worked though no work was given; never: no decision of theirs could
    have given them work, so nothing is learnt for leads like them. effective: the leads' effective sample; most: the
    largest weight; clipped: leads with a propensity under the clip.
    """

    kept: int
    unworked: int
    unsaid: int
    unlogged: int
    against: int
    never: int
    clipped: int
    most: float
    effective: float

    @property
    def share(self) -> float:
        """What a lead that stands for itself alone counts beside the kept ones, whose mean is 1: kept ones of all."""
        return self.kept / (self.kept + self.unworked + self.unsaid + self.unlogged + self.against)

    def to_json(self) -> dict[str, Any]:
        """What the model's facts tell."""
        return {"by": "inverse_propensity", "clip": CLIP, "stabilised": True, **asdict(self), "assumption": ASSUMPTION}


def without_unworked(found: LandmarkRows, unworked: Sequence[str]) -> LandmarkRows:
    """The rows without the losses of leads that nobody worked: what they would have become is unknown, not lost."""
    lost = (found.rows["y"] == 0) & found.rows["lead_id"].is_in(list(unworked))
    return _left(found, found.rows.filter(~lost))


def weighted(found: LandmarkRows, work: pl.DataFrame, chances: pl.DataFrame) -> tuple[LandmarkRows, Weighting]:
    """The rows of the worked leads, with WEIGHT; all others are left out, wins too, for the worked stand for them.

    work: lead_id, worked, worked_at; chances: lead_id, moment, chance of work, is_given. A lead's decision is the last
    one before it was worked, the first one where nobody says when. Raises NothingLeftToChance and WeightsThin.
    """
    rows, weighting = weighed(found.rows, work, chances)
    return _left(found, rows), weighting


def weighed(rows: pl.DataFrame, work: pl.DataFrame, chances: pl.DataFrame) -> tuple[pl.DataFrame, Weighting]:
    """The same of labelled rows (lead_id and any other columns), whatever was made of their unworked leads."""
    leads = rows.select("lead_id").unique(maintain_order=True)
    said = leads.join(work, on="lead_id", how="left", maintain_order="left")
    told = said.join(_in_force(said, chances), on="lead_id", how="left", maintain_order="left")
    worked = told.filter(pl.col("worked").fill_null(False))
    kept = worked.filter(pl.col("is_given").fill_null(False))
    if not kept["chance"].is_between(0, 1, closed="none").any():
        by_chance = chances.join(leads, on="lead_id", how="semi")["chance"].is_between(0, 1, closed="none").sum()
        raise NothingLeftToChance(len(leads), len(worked), int(told["chance"].is_not_null().sum()), int(by_chance))
    raw = 1 / kept["chance"].clip(lower_bound=CLIP)
    weights = kept.select("lead_id").with_columns((raw / raw.mean()).alias(WEIGHT))
    weighting = _counted(told, worked, kept, weights[WEIGHT], chances)
    if weighting.effective < FEWEST_EFFECTIVE:
        raise WeightsThin(weighting.kept, weighting.effective, FEWEST_EFFECTIVE)
    return rows.join(weights, on="lead_id", how="inner", maintain_order="left"), weighting


def weights_of(rows: pl.DataFrame) -> Floats | None:
    """What each row counts, None where the rows are not weighted."""
    return rows[WEIGHT].to_numpy() if WEIGHT in rows.columns else None


def with_weights(rows: pl.DataFrame, weighted: pl.DataFrame, waiting: float = 1.0) -> pl.DataFrame:
    """The rows with the weights that leads have in `weighted` rows; null for a labelled row of a lead without one.

    waiting: what every row counts whose label is to come (`Weighting.share`): these are of all leads, worked or not.
    """
    known = weighted.select("lead_id", WEIGHT).unique("lead_id", keep="first")
    joined = rows.join(known, on="lead_id", how="left", maintain_order="left")
    return joined.with_columns(pl.when(pl.col("y").is_null()).then(waiting).otherwise(WEIGHT).alias(WEIGHT))


def standing_for_all(rows: pl.DataFrame) -> pl.DataFrame:
    """Those of the rows that stand for all leads: labelled ones with a weight, and those whose label is to come.

    Labelled rows without a weight are left out: worked leads like them stand for them. All, where none is weighted.
    """
    if WEIGHT not in rows.columns:
        return rows
    return rows.filter(stands_for_all(rows))


def stands_for_all(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row is one of those that `standing_for_all` keeps."""
    return pl.col("y").is_null() | pl.col(WEIGHT).is_not_null() if WEIGHT in rows.columns else pl.lit(True)


def drawn_by_weight(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """As many rows as they count, drawn with replacement by weight, without the weights: a sample of all leads.

    Sampling/importance resampling (D. Rubin, Using the SIR algorithm to simulate posterior distributions, 1988). The
    rows themselves where they are not weighted.
    """
    weight = weights_of(rows)
    if weight is None or not len(rows):
        return rows.drop(WEIGHT, strict=False)
    chance, count = np.random.default_rng(seed), max(int(effective(weight, len(rows))), 1)
    return rows[np.sort(chance.choice(len(rows), count, p=weight / weight.sum()))].drop(WEIGHT)


def effective(weight: Floats | None, rows: int) -> float:
    """The effective sample of so many rows with these weights (L. Kish, Survey Sampling, 1965); 0 of none."""
    if weight is None or not len(weight):
        return float(rows)
    scaled = weight / weight.max()
    return float(scaled.sum()) ** 2 / float((scaled**2).sum())


def _in_force(said: pl.DataFrame, chances: pl.DataFrame) -> pl.DataFrame:
    """lead_id, chance and is_given of the decision by which each lead was worked, or might have been."""
    at = chances.join(said.select("lead_id", "worked_at"), on="lead_id", how="inner", maintain_order="left")
    before = at.filter(pl.col("worked_at").is_null() | (pl.col("moment") <= pl.col("worked_at"))).sort(
        "lead_id", "moment", maintain_order=True
    )
    chosen = pl.when(pl.col("worked_at").is_null().first())
    return before.group_by("lead_id", maintain_order=True).agg(
        *(
            chosen.then(pl.col(name).first()).otherwise(pl.col(name).last()).alias(name)
            for name in ("chance", "is_given")
        )
    )


def _counted(
    told: pl.DataFrame, worked: pl.DataFrame, kept: pl.DataFrame, weights: pl.Series, chances: pl.DataFrame
) -> Weighting:
    logged = chances.join(told, on="lead_id", how="semi").group_by("lead_id").agg(pl.col("chance").max())
    return Weighting(
        kept=len(kept),
        unworked=int((~told["worked"]).sum()),
        unsaid=told["worked"].null_count(),
        unlogged=worked["chance"].null_count(),
        against=int((~worked["is_given"]).sum()),
        never=int((logged["chance"] == 0).sum()),
        clipped=int((kept["chance"] < CLIP).sum()),
        most=round(float(weights.max()), 6),  # type: ignore[arg-type]
        effective=round(effective(weights.to_numpy(), len(weights)), 1),
    )


def _left(found: LandmarkRows, rows: pl.DataFrame) -> LandmarkRows:
    dropped = len(found.rows) - len(rows)
    return replace(found, rows=rows, censored=found.censored + dropped, unworked=dropped)
