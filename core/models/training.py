"""Training: gradient boosted trees (LightGBM), the same bytes for the same rows and seed on any number of threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from core.models import calibration, segmenting
from core.models.attributing import FACT, method
from core.models.calibration import Choice
from core.models.encoding import FeatureInfo, Floats, learn_categories, matrix
from core.models.errors import MonotoneUnfit, ThinData
from core.models.model import GRADE_CUTS, Model, Reference
from core.models.scoring import contributions, explained, lightgbm_way, probabilities, raw_margins, role_sums
from core.models.segmenting import Rows, Segmenting
from core.models.worked import WEIGHT

Direction = Literal["increasing", "decreasing"]
FEWEST_LEADS = 40
FEWEST_IN_A_LEAF = 5
REFERENCE_ROWS = 10_000
EXPLAINED_ROWS = 500
FEATURES_A_TREE = 8
NOBODY = Reference("", (), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


@dataclass(frozen=True)
class TrainConfig:
    """The recipe's `train` block; threads change the time taken and nothing else."""

    trees: int = 300
    learning_rate: float = 0.03
    seed: int = 7
    calibrate: Choice = "auto"
    threads: int = 1
    leaves: int = 15
    smallest_leaf: int | None = None
    shrinkage: float = 20.0
    feature_fraction: float | None = None
    monotone: tuple[tuple[str, Direction], ...] = ()
    segments: Segmenting | None = None

    def directions(self, features: Sequence[FeatureInfo]) -> list[int]:
        """1, -1 or 0 a feature: whether the score may only rise with it, only fall, or both."""
        signs, wanted = {"increasing": 1, "decreasing": -1}, dict(self.monotone)
        return [signs[wanted[one.name]] if one.name in wanted else 0 for one in features]

    def check(self, features: Sequence[FeatureInfo]) -> None:
        """Raises MonotoneUnfit where a feature of `monotone` is not there or has no order, and SegmentUnfit."""
        ordered = tuple(one.name for one in features if one.dtype != "category")
        for name, _ in self.monotone:
            if name not in ordered:
                raise MonotoneUnfit(name, ordered)
        if self.segments is not None:
            self.segments.check(features)

    def fraction_of(self, features: int) -> float:
        """The share of features that a tree sees: as given, else about eight features, at least a quarter."""
        return self.feature_fraction or float(np.clip(FEATURES_A_TREE / features, 0.25, 1.0))

    def in_proportion(self, rows: int, whole: int) -> "TrainConfig":
        """The settings for so few rows of the whole: a leaf holds the same share of them."""
        if self.smallest_leaf is None:
            return self
        return replace(self, smallest_leaf=max(round(self.smallest_leaf / whole * rows), FEWEST_IN_A_LEAF))

    def leaf_of(self, rows: int) -> int:
        """The fewest rows of a leaf: as given, else a hundredth of the rows between 10 and 100."""
        return self.smallest_leaf or int(np.clip(rows // 100, 10, 100))


@dataclass(frozen=True)
class TrainedModel:
    """The model and the counts behind it."""

    model: Model
    counts: Mapping[str, int] = field(default_factory=dict)


def train(
    frame: pl.DataFrame,
    features: Sequence[FeatureInfo],
    config: TrainConfig,
    *,
    feature_set_hash: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> TrainedModel:
    """A calibrated model of the frame's rows: y, part, lead_id, one column a feature, and WEIGHT where rows have one.

    Raises ThinData under 40 leads of either class in training, ColumnsMissing, FeatureTypeInvalid, MonotoneUnfit and
    SegmentUnfit.
    """
    counts = count_leads(frame)
    if min(counts["positive_leads"], counts["negative_leads"]) < FEWEST_LEADS:
        raise ThinData(counts["positive_leads"], counts["negative_leads"], FEWEST_LEADS)
    kept = tuple(features)
    config.check(kept)
    rows = [frame.filter(pl.col("part") == part) for part in ("train", "calibration")]
    categories = learn_categories(rows[0], kept)
    fitted, held = (Rows(one, matrix(one, kept, categories), _labels(one), _weights(one)) for one in rows)
    booster = _boost(fitted.frame, fitted.inputs, kept, config)
    part, population = ("calibration", held) if len(held.frame) else ("train", fitted)
    margin = raw_margins(booster, population.inputs, config.threads)
    choice = config.calibrate if len(held.frame) else "none"
    chosen = calibration.fit(margin, population.y, choice, population.weight)
    base_margin = contributions(booster, population.inputs[:1], config.threads)[1]
    told = {**(facts or {}), "train": {**_settings(config), **counts}, FACT: method()}
    model = Model(kept, categories, booster, base_margin, chosen, NOBODY, feature_set_hash, told)
    if config.segments is not None:
        model = _segmented(model, config, config.segments, (fitted, held), margin)
    reference = _reference(model, part, population, margin, config.threads)
    return TrainedModel(replace(model, reference=reference), counts)


def _segmented(model: Model, config: TrainConfig, asked: Segmenting, rows: tuple[Rows, Rows], margin: Floats) -> Model:
    """The model with the levels' own trees, and what became of every level among its facts."""

    def boost(part: Rows) -> str:
        smaller = config.in_proportion(len(part.y), len(rows[0].y))
        return _boost(part.frame, part.inputs, model.features, smaller)

    found = segmenting.grow(asked, model, rows, margin, config.calibrate, boost, config.threads)
    return replace(model, segments=found.segments, facts={**model.facts, segmenting.FACT: found.to_json(asked)})


def held_out_ranks(frame: pl.DataFrame, features: Sequence[FeatureInfo], config: TrainConfig) -> Floats | None:
    """What ranks the test rows by a model of the frame: its margins; its probabilities where levels may have own trees.

    None where the data are too thin.
    """
    counts = count_leads(frame)
    if min(counts["positive_leads"], counts["negative_leads"]) < FEWEST_LEADS:
        return None
    fitted, tested = (frame.filter(pl.col("part") == part) for part in ("train", "test"))
    if config.segments is None:
        return margins_of(fitted, tested, features, config)
    return probabilities(train(frame, features, config).model, tested)


def margins_of(
    fitted: pl.DataFrame, tested: pl.DataFrame, features: Sequence[FeatureInfo], config: TrainConfig
) -> Floats:
    """Margins of the tested rows by a model of the fitted rows, uncalibrated."""
    categories = learn_categories(fitted, features)
    booster = _boost(fitted, matrix(fitted, features, categories), features, config)
    return raw_margins(booster, matrix(tested, features, categories), config.threads)


def count_leads(frame: pl.DataFrame) -> dict[str, int]:
    """Rows and leads by class in the parts that training uses."""
    used = frame.filter(pl.col("part").is_in(["train", "calibration"]))
    by_lead = used.group_by("lead_id").agg(pl.col("y").max())
    return {
        "train_rows": int((used["part"] == "train").sum()),
        "calibration_rows": int((used["part"] == "calibration").sum()),
        "positive_leads": int((by_lead["y"] == 1).sum()),
        "negative_leads": int((by_lead["y"] == 0).sum()),
    }


def _labels(frame: pl.DataFrame) -> Floats:
    return frame["y"].cast(pl.Float64).to_numpy()


def _weights(frame: pl.DataFrame) -> Floats:
    """What each row counts: its weight, 1 where rows have none."""
    return frame[WEIGHT].to_numpy() if WEIGHT in frame.columns else np.ones(len(frame))


def _settings(config: TrainConfig) -> dict[str, Any]:
    return {
        "trees": config.trees,
        "learning_rate": config.learning_rate,
        "leaves": config.leaves,
        "seed": config.seed,
        "calibrate": config.calibrate,
        **({"monotone": dict(config.monotone)} if config.monotone else {}),
        **{name: value for name, value in _special(config).items() if value is not None},
    }


def _special(config: TrainConfig) -> dict[str, Any]:
    """What a search has set apart from its usual value."""
    usual = TrainConfig()
    names = ("smallest_leaf", "shrinkage", "feature_fraction")
    return {name: getattr(config, name) for name in names if getattr(config, name) != getattr(usual, name)}


def _parameters(rows: int, features: int, config: TrainConfig) -> dict[str, Any]:
    """Settings for data that drifts: shallow trees, half of the rows and few features a tree, strong shrinkage."""
    smallest = config.leaf_of(rows)
    return {
        "objective": "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "max_depth": 6,
        "min_data_in_leaf": smallest,
        "feature_fraction": config.fraction_of(features),
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": config.shrinkage,
        "max_bin": 127,
        "min_data_per_group": 3 * smallest,
        "cat_smooth": 50.0,
        "cat_l2": 50.0,
        "max_cat_threshold": 16,
        "seed": config.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": config.threads,
        "verbosity": -1,
    }


def _boost(frame: pl.DataFrame, inputs: Floats, features: Sequence[FeatureInfo], config: TrainConfig) -> str:
    import lightgbm

    data = lightgbm.Dataset(
        inputs,
        label=_labels(frame),
        weight=_weights(frame) if WEIGHT in frame.columns else None,
        feature_name=[f"f{index}" for index in range(len(features))],
        categorical_feature=[index for index, feature in enumerate(features) if feature.dtype == "category"],
        params={"verbosity": -1},
        free_raw_data=True,
    )
    settings = _parameters(len(frame), len(features), config)
    if config.monotone:
        settings |= {"monotone_constraints": config.directions(features), "monotone_constraints_method": "advanced"}
    booster = lightgbm.train(settings, data, num_boost_round=config.trees)
    return without_parameters(booster.model_to_string())


def without_parameters(text: str) -> str:
    """LightGBM's model text without its parameter block, which would make threads part of the hash."""
    before, _, rest = text.partition("\nparameters:\n")
    return before + rest.partition("end of parameters\n")[2]


def _reference(model: Model, part: str, population: Rows, margin: Floats, threads: int) -> Reference:
    """The frozen reference population, thinned evenly where it is large; `margin` is the parent's of its rows.

    Rows that weigh are there as often as they count, so that ranks and grades are among all leads.
    """
    probability, inputs = model.calibration.probability(margin), population.inputs
    for rows, one in model.shares(inputs) if model.segments else ():
        probability[rows] = one.calibration.probability(raw_margins(one.booster, inputs[rows], threads))
    sample = np.linspace(0, len(inputs) - 1, min(len(inputs), EXPLAINED_ROWS)).astype(int)
    points = explained(model, inputs[sample], lightgbm_way(threads))[2]
    thinned = _thinned(np.round(probability, 9), population.weight)
    fit, engagement = (
        tuple(np.round(_cut(role_sums(model.features, points, role), population.weight[sample]), 9).tolist())
        for role in ("fit", "engagement")
    )
    return Reference(part, tuple(thinned.tolist()), fit, engagement)


def _thinned(probability: Floats, weight: Floats) -> Floats:
    """At most 10,000 of the probabilities, in order and evenly by weight."""
    count = min(len(probability), REFERENCE_ROWS)
    if np.ptp(weight) == 0:
        return np.sort(probability)[np.linspace(0, len(probability) - 1, count).astype(int)]
    shares = (np.arange(count) + 0.5) / count
    return np.quantile(probability, shares, weights=weight, method="inverted_cdf")


def _cut(points: Floats, weight: Floats) -> Floats:
    """The quartiles that grades begin at, of points of which each counts its weight."""
    if np.ptp(weight) == 0:
        return np.quantile(points, GRADE_CUTS)
    return np.quantile(points, GRADE_CUTS, weights=weight, method="inverted_cdf")
