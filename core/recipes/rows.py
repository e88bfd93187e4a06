"""The training rows of a recipe: landmarks, labels, censoring and the split."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from core.kernel.times import duration_text, duration_us, to_text
from core.models.errors import ThinData
from core.models.labels import LabelSpec, LandmarkRows, LandmarkSpec, landmark_rows
from core.models.split import Split, SplitSpec, split
from core.models.training import FEWEST_LEADS
from core.models.worked import Weighting, weighted, without_unworked
from core.recipes.document import Label, Landmarks, Recipe
from core.recipes.population import Population
from core.recipes.warnings import Caution

MANY_CENSORED = 0.3
CHANCE_REASON = "no lead has a time of creation"


@dataclass(frozen=True)
class Prepared:
    """The split rows, how many were censored, what to warn about; `waiting` are rows whose label may still come.

    observed_until: the end of the log, UTC; None where nothing is dated.
    `weighting` tells of the rows' weights, where they have any; `decided_until` is the ledger's entry of the newest
    decision that they were made of.
    """

    split: Split
    censored: int
    label: Label
    cautions: tuple[Caution, ...]
    waiting: pl.DataFrame = field(repr=False)
    observed_until: datetime | None
    weighting: Weighting | None = None
    decided_until: int | None = None

    @property
    def rows(self) -> pl.DataFrame:
        """lead_id, as_of, known_at, landmark, created_at, created_order, y, label_known_at, part."""
        return self.split.rows

    def known(self, rows: pl.DataFrame) -> "Prepared":
        """The same with these rows, whose known_at is filled in."""
        return replace(self, split=replace(self.split, rows=rows))

    def counts(self) -> dict[str, int]:
        """Rows by part, and the censored ones."""
        return {part: self.split.count(part) for part in ("train", "calibration", "test")} | {"censored": self.censored}


def prepare(population: Population, recipe: Recipe, label: Label, chances: Callable[[], pl.DataFrame]) -> Prepared:
    """The rows of a recipe with a label; raises ThinData without any, and what labels, weights and split refuse.

    `chances` is asked for how likely decisions made work where rows are weighted by it.
    """
    spec = LabelSpec(label.positive, _us(label.horizon), label.censor_open)
    found = landmark_rows(
        population.leads, population.outcomes, spec, landmark_spec(recipe.landmarks), population.observed_until
    )
    if label.unworked == "censor":
        found = without_unworked(found, population.unworked)
    weighting = None
    if label.unworked == "weight":
        found, weighting = weighted(found, population.work, chances())
    if found.rows.is_empty():
        raise ThinData(0, 0, FEWEST_LEADS)
    rows, waiting = (_as_written(frame, recipe.landmarks) for frame in (found.rows, found.waiting))
    found = replace(found, rows=rows, waiting=waiting)
    done = split(found.rows, split_spec(population, recipe))
    cautions = [_truncation(found), _chance(population), _censoring(found, weighting is not None)]
    told = tuple(caution for caution in cautions if caution)
    return Prepared(done, found.censored, label, told, found.waiting, population.observed_until, weighting)


def landmark_spec(landmarks: Landmarks | str) -> LandmarkSpec:
    """The recipe's landmarks as the labels room takes them."""
    if isinstance(landmarks, str):
        return LandmarkSpec(none=True)
    return LandmarkSpec(
        after_created_us=tuple(duration_us(step) for step in landmarks.after_created or ()),
        every_us=_us(landmarks.every),
        at=tuple(landmarks.at or ()),
        only_open=landmarks.only_open,
    )


def _as_written(rows: pl.DataFrame, landmarks: Landmarks | str) -> pl.DataFrame:
    """The rows with landmarks named as the recipe writes them: 24h stays 24h."""
    if isinstance(landmarks, str) or not landmarks.after_created:
        return rows
    written = {duration_text(duration_us(step)): step for step in landmarks.after_created}
    return rows.with_columns(pl.col("landmark").replace(written))


def split_spec(population: Population, recipe: Recipe) -> SplitSpec:
    """By time where leads are dated, by row order where that was declared, else at random with the reason."""
    asked = recipe.split
    seed, gap = recipe.train.seed, _us(asked.gap) or 0
    if asked.by == "random":
        return SplitSpec("random", asked.test_fraction, reason=asked.reason, seed=seed)
    if population.dated:
        return SplitSpec("time", asked.test_fraction, asked.test_from, gap, seed=seed)
    if population.ordered:
        return SplitSpec("order", asked.test_fraction, seed=seed)
    return SplitSpec("random", asked.test_fraction, reason=CHANCE_REASON, seed=seed)


def random_split(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """The same rows split at random, for the figure that stands beside the honest one as a warning."""
    spec = SplitSpec("random", recipe.split.test_fraction, reason="for comparison only", seed=recipe.train.seed)
    return split(rows.drop("part"), spec).rows


def _truncation(found: LandmarkRows) -> Caution | None:
    if found.recorded_from is None:
        return None
    return Caution(
        "truncated_outcomes",
        f"No outcome was recorded before {to_text(found.recorded_from)}, though leads came earlier: silence is not "
        f"failure. {found.truncated:,} rows that begin before that moment are left out.",
    )


def _chance(population: Population) -> Caution | None:
    if population.dated or population.ordered:
        return None
    return Caution(
        "no_time_split",
        "No time column says when a lead came, so the split is random: no honest forward estimate is possible.",
    )


def _censoring(found: LandmarkRows, is_weighted: bool) -> Caution | None:
    rows = found.censored + found.rows.height
    if found.censored <= MANY_CENSORED * max(rows, 1):
        return None
    why = "have no weight, as no decision of a logged chance had them worked" if is_weighted else "were not worked"
    nobody = f"; {found.unworked:,} of them because their leads {why}" if found.unworked else ""
    return Caution(
        "many_censored",
        f"{found.censored:,} of {rows:,} rows ({found.censored / rows:.0%}) have no outcome to learn from and were "
        f"left out{nobody}.",
    )


def _us(text: str | None) -> int | None:
    return None if text is None else duration_us(text)


def split_spec_name(prepared: Prepared) -> str:
    """How the rows were split in the end: time, order or random."""
    if prepared.split.cut_at is not None:
        return "time"
    return "order" if prepared.split.cut_order is not None else "random"
