"""The search for training settings (Optuna): tree-structured Parzen estimator, pruned, the same for the same seed.

J. Bergstra et al., Algorithms for hyper-parameter optimization (2011). Every candidate is judged on later leads only:
the training part is cut into eight blocks of leads by time of creation; each fold trains on the blocks so far, with
the labels known by then, and ranks the leads of the next one, from the fifth on. Calibration and test rows are
never looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from core.models.encoding import FeatureInfo
from core.models.ranking import auc
from core.models.training import FEWEST_IN_A_LEAF, TrainConfig, margins_of

if TYPE_CHECKING:
    from optuna import Trial

BLOCKS = 8
FIRST_RANKED = 4
FEWEST_OF_A_CLASS = 20
STARTUP_TRIALS = 6
SEARCHED = ("trees", "learning_rate", "leaves", "smallest_leaf", "shrinkage", "feature_fraction")
Fold = tuple[pl.DataFrame, pl.DataFrame]
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Tuning:
    """What a search came to: the mean AUC over the folds of the settings as given and of the best found.

    `config` is the best where its gain is more than the standard error of the gain over the folds, else as given.
    """

    config: TrainConfig
    trials: int
    pruned: int
    folds: int
    auc_given: float | None
    auc_best: float | None
    is_changed: bool

    def to_json(self) -> dict[str, Any]:
        """The result's `tuning`, with the settings that were chosen."""
        told = {name: value for name, value in asdict(self).items() if name != "config"}
        return told | {"settings": {name: getattr(self.config, name) for name in SEARCHED}}


def tune(frame: pl.DataFrame, features: Sequence[FeatureInfo], config: TrainConfig, trials: int, tell: Tell) -> Tuning:
    """The settings for the frame's training rows after so many trials; the first trial is `config` as given.

    frame: lead_id, y, part, created_at, created_order, label_known_at and one column a feature. With too few leads of a
    class for two folds nothing is searched.
    """
    fitted = frame.filter(pl.col("part") == "train")
    made = folds(fitted, config.seed)
    if len(made) < 2:
        return Tuning(config, 0, 0, len(made), None, None, False)
    whole = replace(
        config, smallest_leaf=config.leaf_of(len(fitted)), feature_fraction=config.fraction_of(len(features))
    )
    found = _Search(made, len(fitted), tuple(features), whole, trials, tell).run()
    return found if found.is_changed else replace(found, config=config)


def folds(fitted: pl.DataFrame, seed: int) -> list[Fold]:
    """(rows to train on, rows to rank) of each expanding window in which both have both classes.

    Leads without any time stand in an order drawn by the seed.
    """
    leads = fitted.select("lead_id", "created_at", "created_order").unique("lead_id", keep="first").sort("lead_id")
    shuffled = leads.sample(fraction=1.0, shuffle=True, seed=seed)
    ordered = shuffled.sort("created_at", "created_order", nulls_last=True, maintain_order=True)
    block = pl.Series("block", np.arange(len(ordered)) * BLOCKS // max(len(ordered), 1), dtype=pl.Int64)
    placed = fitted.join(ordered.select("lead_id").with_columns(block), on="lead_id", how="left", maintain_order="left")
    found = [_fold(placed, number) for number in range(FIRST_RANKED, BLOCKS)]
    return [fold for fold in found if all(_has_both(part) for part in fold)]


def _fold(placed: pl.DataFrame, number: int) -> Fold:
    later = placed.filter(pl.col("block") == number)
    cut = later["created_at"].min()
    known = pl.lit(True) if cut is None else pl.col("label_known_at").is_null() | (pl.col("label_known_at") < cut)
    return placed.filter((pl.col("block") < number) & known), later


def _has_both(rows: pl.DataFrame) -> bool:
    by_lead = rows.group_by("lead_id").agg(pl.col("y").max())
    won = int((by_lead["y"] == 1).sum())
    return min(won, len(by_lead) - won) >= FEWEST_OF_A_CLASS


class _Search:
    """One study: its folds, and the AUC of every finished trial on each."""

    def __init__(
        self,
        made: list[Fold],
        rows: int,
        features: tuple[FeatureInfo, ...],
        config: TrainConfig,
        trials: int,
        tell: Tell,
    ) -> None:
        self.made, self.rows, self.features = made, rows, features
        self.config, self.trials, self.tell = config, trials, tell
        self.areas: dict[int, list[float]] = {}

    def run(self) -> Tuning:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=self.config.seed, n_startup_trials=STARTUP_TRIALS),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        )
        study.enqueue_trial({name: getattr(self.config, name) for name in SEARCHED}, skip_if_exists=True)
        study.optimize(self._judge, n_trials=self.trials)
        pruned = len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.PRUNED,)))
        return self._chosen(study.best_trial.number, study.best_trial.params, pruned)

    def _judge(self, trial: "Trial") -> float:
        """The mean AUC over the folds; a trial that is behind the median of the others so far is given up."""
        import optuna

        config = replace(self.config, **_suggested(trial, self.config))
        areas = self.areas.setdefault(trial.number, [])
        self.tell(trial.number / self.trials, f"trial {trial.number + 1} of {self.trials}")
        for number, (rows, later) in enumerate(self.made):
            margins = margins_of(rows, later, self.features, config.in_proportion(len(rows), self.rows))
            areas.append(auc(later["y"].cast(pl.Float64).to_numpy(), margins))
            trial.report(float(np.mean(areas)), number)
            if number + 1 < len(self.made) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(areas))

    def _chosen(self, best: int, found: dict[str, Any], pruned: int) -> Tuning:
        gains = np.array(self.areas[best]) - np.array(self.areas[0])
        is_changed = bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))
        config = replace(self.config, **found) if is_changed else self.config
        given, reached = (round(float(np.mean(self.areas[number])), 6) for number in (0, best))
        return Tuning(config, self.trials, pruned, len(self.made), given, reached, is_changed)


def _suggested(trial: "Trial", config: TrainConfig) -> dict[str, Any]:
    """The space: as wide as the given settings ask, trees from a third to three times as many."""
    leaf, rate = config.leaf_of(0), config.learning_rate
    return {
        "trees": trial.suggest_int("trees", max(config.trees // 3, 1), config.trees * 3),
        "learning_rate": trial.suggest_float("learning_rate", rate / 3, min(rate * 3, 1.0), log=True),
        "leaves": trial.suggest_int("leaves", 4, 63, log=True),
        "smallest_leaf": trial.suggest_int("smallest_leaf", max(leaf // 4, FEWEST_IN_A_LEAF), leaf * 4, log=True),
        "shrinkage": trial.suggest_float("shrinkage", 1.0, 200.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.05, 1.0),
    }
