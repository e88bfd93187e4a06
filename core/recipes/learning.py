"""What happens in the training worker: the model, its honest figures, the baselines, and two figures not to believe."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from core.features.document import FeatureSet
from core.kernel.workers import report_progress
from core.models import evaluation, segment_figures
from core.models.challengers import Judged, compete
from core.models.curves import precision_table
from core.models.encoding import FeatureInfo
from core.models.judged import judged_rows
from core.models.maturity import matured
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.training import TrainConfig, train
from core.models.tuning import Tuning, tune
from core.models.worked import WEIGHT, weights_of
from core.recipes.warnings import Caution

ROUNDED = 6
KEYS = ["lead_id", "as_of", "landmark"]
UNTUNED = evaluation.Caution(
    "thin_data", "Too few leads of each class to search settings on later leads: those of the recipe are used."
)


@dataclass(frozen=True)
class Champion:
    """Whom a new model is compared with: its version, the test rows that it has not seen, the same in its features.

    unseen: KEYS, y, label_known_at, and WEIGHT where rows have one.
    """

    version: str
    model: Model
    unseen: pl.DataFrame = field(repr=False)
    frame: pl.DataFrame = field(repr=False)


@dataclass(frozen=True)
class Task:
    """A training job: rows with y, part and features; their parts in a random split; the frame with the suspects.

    observed_until: the end of the log, UTC. cautions: what the result is to warn of besides.
    """

    frame: pl.DataFrame = field(repr=False)
    features: tuple[FeatureInfo, ...]
    config: TrainConfig
    feature_set_hash: str
    facts: dict[str, Any]
    split: str
    random_parts: pl.Series = field(repr=False)
    suspects: "tuple[pl.DataFrame, tuple[FeatureInfo, ...]] | None" = field(repr=False)
    recency: str | None
    tune_trials: int = 0
    observed_until: datetime | None = None
    champion: Champion | None = field(default=None, repr=False)
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True)
class Learned:
    """The trained model, the result's `metrics` and `baselines`, chart tables, warnings, and the search if any.

    judged: the test rows that the metrics are of, as models.judged has them.
    """

    model: Model
    metrics: dict[str, Any]
    baselines: dict[str, Any]
    charts: dict[str, Any]
    cautions: tuple[Any, ...]
    judged: pl.DataFrame = field(repr=False)
    tuning: dict[str, Any] | None = None


def infos(feature_set: FeatureSet) -> tuple[FeatureInfo, ...]:
    """The feature set's columns as the models room takes them."""
    return tuple(FeatureInfo(one.name, one.dtype, one.role, one.label) for one in feature_set.features)  # type: ignore[arg-type]


def learn(task: Task) -> Learned:
    """Train, evaluate and compare; raises ThinData and EvaluationImpossible."""
    task, tuning = _tuned(task)
    report_progress(0.3 if tuning else 0.05, "training")
    trained = train(task.frame, task.features, task.config, feature_set_hash=task.feature_set_hash, facts=task.facts)
    report_progress(0.4, "evaluating")
    scored = task.frame.with_columns(pl.Series("probability", probabilities(trained.model, task.frame)))
    segment = evaluation.segment_of(task.frame, task.features)
    ends = task.observed_until
    found = evaluation.evaluate(scored, seed=task.config.seed, segment=segment, observed_until=ends)
    report_progress(0.5, "comparing with a random split and with the suspects")
    metrics = _metrics(task, found)
    report_progress(0.8, "fitting the challengers")
    tested = scored.filter(pl.col("part") == "test")
    judged = Judged.of(tested, tested["probability"].to_numpy(), task.config.seed)
    baselines, card, metrics["challengers"] = _baselines(task, judged)
    metrics["segment"] = segment
    metrics["against_champion"] = _against_champion(task, tested)
    if WEIGHT in tested.columns:
        metrics["weighted"] = rounded(evaluation.weighted_figures(tested, WEIGHT))
    if task.config.segments is not None:
        metrics["segments"] = rounded(segment_figures.by_level(trained.model, tested))
    charts = {
        "calibration": found.calibration.to_dicts(),
        "lift": found.lift.to_dicts(),
        "precision": precision_table(tested).to_dicts(),
        "scores": _histogram(scored),
        "scorecard": card,
    }
    untuned = () if tuning is None or tuning.trials else (UNTUNED,)
    cautions = (*found.cautions, *untuned, *task.cautions)
    rows = judged_rows(trained.model, tested, segment)
    searched = None if tuning is None else tuning.to_json()
    return Learned(trained.model, metrics, baselines, charts, cautions, rows, searched)


def remade(task: Task) -> str:
    """The hash of the model that the task trains, and nothing else."""
    task, _ = _tuned(task)
    report_progress(0.5, "training")
    return train(
        task.frame, task.features, task.config, feature_set_hash=task.feature_set_hash, facts=task.facts
    ).model.model_hash


def _tuned(task: Task) -> tuple[Task, Tuning | None]:
    """The task with the settings that a search chose, where one is asked for."""
    if not task.tune_trials:
        return task, None

    def tell(done: float, text: str) -> None:
        report_progress(0.05 + 0.25 * done, f"searching settings: {text}")

    found = tune(task.frame, task.features, task.config, task.tune_trials, tell)
    return replace(task, config=found.config), found


def _metrics(task: Task, found: evaluation.Evaluation) -> dict[str, Any]:
    shuffled = task.frame.with_columns(task.random_parts.alias("part"))
    random_auc = evaluation.held_out_auc(shuffled, task.features, task.config)
    with_suspects = found.auc
    if task.suspects is not None:
        with_suspects = evaluation.held_out_auc(*task.suspects, task.config)
    return rounded(
        {
            "split": task.split,
            **found.figures(),
            "auc_random_split": random_auc,
            "auc_with_suspects": with_suspects,
        }
    )


def _baselines(task: Task, judged: Judged) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The result's baselines, the scorecard's table, and the challengers with what the model is ahead by."""
    found, card = compete(task.frame, task.features, task.recency, judged)
    area = {one.name: one.figures["auc"]["value"] for one in found}
    brier = {one.name: one.figures["brier"]["value"] for one in found if "brier" in one.figures}
    figures = {
        "base_rate": {"brier": evaluation.base_rate_brier(task.frame)},
        "recency": {"auc": area.get("recency")},
        "scorecard": {"auc": area["scorecard"], "brier": brier["scorecard"]},
        "logistic": {"auc": area["logistic"], "brier": brier["logistic"]},
    }
    return rounded(figures), card.table().to_dicts(), rounded([one.to_json() for one in found])


def _against_champion(task: Task, tested: pl.DataFrame) -> dict[str, Any] | None:
    """The model against the champion of the time, as rivals.compare judges: on the test rows that it has not seen.

    Those of them whose window is over, each by its weight where rows have one. None where there is no champion that can
    be compared, or no such row.
    """
    if task.champion is None:
        return None
    over = matured(task.champion.unseen, task.observed_until)["y"].is_not_null()
    unseen, frame = (one.filter(over) for one in (task.champion.unseen, task.champion.frame))
    if unseen.is_empty():
        return None
    said = tested.select(*KEYS, "probability")
    rows = unseen.join(said, on=KEYS, how="left", maintain_order="left", nulls_equal=True)
    weight, version, model = weights_of(rows), task.champion.version, task.champion.model
    judged = Judged.of(rows, rows["probability"].to_numpy(), task.config.seed, weight=weight)
    theirs = judged.challenger(version, probabilities(model, frame))
    told = {"version": version, "hash": model.model_hash, "rows": rows.height, "weighted": weight is not None}
    return rounded({**told, **theirs.behind})


def _histogram(scored: pl.DataFrame) -> list[dict[str, float]]:
    """Counts of test rows by score, in twenty bins, for each class."""
    tested = scored.filter(pl.col("part") == "test")
    edges = np.linspace(0.0, 1.0, 21)
    counts = {
        name: np.histogram(tested.filter(pl.col("y") == y)["probability"].to_numpy(), edges)[0]
        for name, y in (("negative", 0), ("positive", 1))
    }
    return [
        {"from": float(edges[bin_no]), "to": float(edges[bin_no + 1])}
        | {name: int(count[bin_no]) for name, count in counts.items()}
        for bin_no in range(len(edges) - 1)
    ]


def rounded(value: Any) -> Any:
    """The figures with at most six decimals."""
    if isinstance(value, float):
        return round(value, ROUNDED)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [rounded(item) for item in value]
    return value
