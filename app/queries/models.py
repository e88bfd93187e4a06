"""Registered models with their figures, the tables behind their charts, and what training has to go on."""

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import streamlit as st

from app.queries import champions, data
from app.queries.access import revision, rooms
from app.services import workbench
from core.exports import model_card, model_folder, onnx_folder
from core.governance.permissions import Permission
from core.models.store import ModelVersion
from core.models.training import FEWEST_LEADS
from core.recipes.document import TrainPart

CHARTS = {
    "calibration": ("predicted", "observed", "low", "high"),
    "lift": ("rate", "lift", "captured"),
    "scores": ("from", "to"),
    "precision": ("threshold", "recall", "precision"),
}
FIGURES = ("auc", "pr_auc", "lift_at_10", "brier", "log_loss", "ece")
NAMES = ("AUC", "Average precision", "Lift, best tenth", "Brier", "Log loss", "Calibration gap")
PRESETS = {
    "recipe": "As the recipe says",
    "quick": "Quick look",
    "balanced": "Balanced",
    "thorough": "Thorough",
}


@dataclass(frozen=True)
class Guard:
    """How many closed leads of each kind there are, and how many training needs at least."""

    won: int
    lost: int
    needed: int

    @property
    def is_met(self) -> bool:
        """Whether there is enough of both."""
        return min(self.won, self.lost) >= self.needed


def guard() -> Guard:
    """What training has to go on; landmarks and splits take some more away."""
    totals = data.totals()
    return Guard(totals["won"], totals["lost"], FEWEST_LEADS)


def recipe_name() -> str | None:
    """The recipe that ran last, None where none has."""
    run = rooms().runs.latest()
    return run.name if run else None


def settings(preset: str) -> TrainPart:
    """The settings of a preset; `recipe` has those of the last recipe."""
    own = recipe_settings()
    changed = {
        "quick": {"trees": 80, "learning_rate": 0.08},
        "balanced": {"trees": 300, "learning_rate": 0.03},
        "thorough": {"trees": 900, "learning_rate": 0.01},
    }
    return own.model_copy(update=changed.get(preset, {}))


def recipe_settings() -> TrainPart:
    """The settings of the last recipe."""
    run = rooms().runs.latest()
    return TrainPart.model_validate((run.recipe.get("train") if run else None) or {})


def proposals() -> dict[str, Any]:
    """Whether a challenger should be trained, and why; labels are counted anew every ten minutes.

    Raises NothingRun, LabelMissing and NothingTrained.
    """
    return _proposals(revision("models"))


@st.cache_data(max_entries=2, ttl=600, show_spinner="Looking at what is new since the model was trained")
def _proposals(revision: str) -> dict[str, Any]:
    return workbench().runner.proposals()


def shadow() -> dict[str, Any]:
    """How the challenger agrees with the champion on decided leads; raises ModelDamaged."""
    return _shadow(revision("models", "decisions"))


@st.cache_data(max_entries=2, show_spinner=False)
def _shadow(revision: str) -> dict[str, Any]:
    return workbench().runner.shadow()


def leaderboard() -> pl.DataFrame:
    """One row a model, newest first: figures on unseen leads, who trained it, whether a second person approved it."""
    return _leaderboard(revision("models"))


@st.cache_data(max_entries=4, show_spinner=False)
def _leaderboard(revision: str) -> pl.DataFrame:
    rows = [_row(rooms().models.version(version)) for version in rooms().models.list()["version"]]
    kinds = dict.fromkeys(FIGURES, pl.Float64) | {"model": pl.String, "approved": pl.String}
    return pl.DataFrame(rows, schema_overrides=kinds).reverse() if rows else pl.DataFrame(schema=kinds)


def _row(version: ModelVersion) -> dict[str, Any]:
    told = version.metrics
    low, high = told.get("auc_ci95") or (None, None)
    return {
        "version": version.version,
        "model": f"model {version.version}",
        "alias": standing(version),
        "approved": "approved" if rooms().model_releases.is_approved(version.model_hash) else "trial",
        **{name: told.get(name) for name in FIGURES},
        "interval": f"{low:.3f}–{high:.3f}" if low is not None and high is not None else "–",
        "split": told.get("split"),
        "trees": version.trees,
        "features": version.features,
        "rows": told.get("rows"),
        "registered_at": version.registered_at.replace(tzinfo=None),
        "actor": version.actor,
        "model_hash": version.model_hash,
    }


def version(name: str) -> ModelVersion:
    """The model of a version; raises ModelUnknown."""
    return rooms().models.version(name)


def is_approved(version: ModelVersion) -> bool:
    """Whether a second person approved the model."""
    return rooms().model_releases.is_approved(version.model_hash)


def standing(version: ModelVersion) -> Literal["champion", "challenger", ""]:
    """What the model is to the one that scores."""
    return _standings(revision("models")).get(version.version, "")


@st.cache_data(max_entries=2, show_spinner=False)
def _standings(revision: str) -> dict[str, Literal["champion", "challenger", ""]]:
    champion, challenger = rooms().models.champion(), rooms().models.challenger()
    found: dict[str, Literal["champion", "challenger", ""]] = {}
    if challenger is not None:
        found[challenger.version] = "challenger"
    if champion is not None:
        found[champion.version] = "champion"
    return found


def releases() -> pl.DataFrame:
    """Every release and rollback of a model, the newest first: version, kind, actor, reason, released_at."""
    return rooms().model_releases.releases().reverse()


def card(version: ModelVersion) -> str:
    """The model card as Markdown, front matter and all; raises ModelDamaged."""
    return model_card.card(version, rooms().models.get(version.version))


def folder(version: ModelVersion, actor: str | None, *, onnx: bool = False) -> bytes:
    """The model's folder as a zip file, for who may export; raises Forbidden, ModelDamaged and OnnxMissing."""
    people = rooms().users
    people.require(people.identity(actor).name, Permission.EXPORT)
    fill = onnx_folder.write if onnx else model_folder.write
    return model_folder.zipped(version, rooms().models.get(version.version), fill)


def table(version: ModelVersion, name: str) -> pl.DataFrame:
    """The table behind one of the model's charts: calibration, lift, scores or scorecard; empty where it has none."""
    rows = (version.metrics.get("charts") or {}).get(name) or []
    kinds = dict.fromkeys(CHARTS.get(name, ()), pl.Float64)
    return pl.DataFrame(rows, infer_schema_length=None).cast(kinds, strict=False) if rows else pl.DataFrame()


def scores(version: ModelVersion) -> pl.DataFrame:
    """low, high and rows: how the scores of the unseen rows spread."""
    found = table(version, "scores")
    if found.is_empty():
        return found
    return found.select(low="from", high="to", rows=pl.col("positive") + pl.col("negative"))


def capture(version: ModelVersion) -> pl.DataFrame:
    """worked and found: the share of wins found by working the best tenths first."""
    lift = table(version, "lift")
    if lift.is_empty():
        return lift
    total = float(lift["rows"].sum())
    start = pl.DataFrame({"worked": [0.0], "found": [0.0]})
    return pl.concat([start, lift.select(worked=pl.col("rows").cum_sum() / total, found="captured")])


def precision(version: ModelVersion) -> pl.DataFrame:
    """recall and precision by falling threshold; of a model stored without the curve, by tenths of its ranking."""
    curve = table(version, "precision")
    lift = table(version, "lift")
    if not curve.is_empty() or lift.is_empty():
        return curve
    worked, won = pl.col("rows").cum_sum(), pl.col("positives").cum_sum()
    return lift.select(recall="captured", precision=won / worked)


def by_landmark(version: ModelVersion) -> pl.DataFrame:
    """after, rows, positives, auc, low and high of each landmark."""
    rows = version.metrics.get("by_landmark") or []
    kinds = {"after": pl.String, "rows": pl.Int64, "positives": pl.Int64, "auc": pl.Float64}
    frame = pl.DataFrame([{name: row.get(name) for name in kinds} for row in rows], schema=kinds)
    bounds = [row.get("auc_ci95") or (None, None) for row in rows]
    return frame.with_columns(
        pl.Series("low", [low for low, _ in bounds], dtype=pl.Float64),
        pl.Series("high", [high for _, high in bounds], dtype=pl.Float64),
    )


def against(version: ModelVersion) -> pl.DataFrame:
    """method, auc, brier, ahead (the model's AUC minus the method's, with its interval), verdict and what it is."""
    told = version.metrics
    base, verdicts = told.get("baselines") or {}, _verdicts(told)
    rows = [
        ("This model", told.get("auc"), told.get("brier"), "on leads of a later time" if is_timed(told) else "unseen"),
        ("Scorecard", _in(base, "scorecard", "auc"), _in(base, "scorecard", "brier"), "readable points, one table"),
        ("Logistic", _in(base, "logistic", "auc"), _in(base, "logistic", "brier"), "a plain regression on everything"),
        ("Recency alone", _in(base, "recency", "auc"), None, "the latest activity first"),
        ("Base rate", 0.5, _in(base, "base_rate", "brier"), "the same probability for everybody"),
        *_champion_row(told),
    ]
    compared = [(*row[:3], *verdicts.get(row[0].split(" ", 1)[0].lower(), ("–", "–")), row[3]) for row in rows]
    return pl.DataFrame(
        compared, schema=["method", "auc", "brier", "ahead", "verdict", "note"], orient="row", strict=False
    )


def _champion_row(told: Any) -> list[tuple[str, float | None, float | None, str]]:
    """The champion of the time on the same rows, where there was one to compare with."""
    found = told.get("against_champion")
    if not found:
        return []
    theirs = {one["figure"]: one["theirs"] for one in found["figures"]}
    note = f"model {found['version']}, which scored then{champions.judged_on(found)}"
    return [("Champion", theirs.get("auc"), theirs.get("brier"), note)]


def _verdicts(told: Any) -> dict[str, tuple[str, str]]:
    """The lead over each method in words, and whether it is credible."""
    pairs = [(one["name"], one["against"]) for one in told.get("challengers") or []]
    pairs += [("champion", told["against_champion"])] if told.get("against_champion") else []
    return {
        name: (_lead(found["figures"][0]), f"model is {found['verdict']}".replace("model is no", "no"))
        for name, found in pairs
    }


def _lead(area: Any) -> str:
    if area["difference"] is None or area["low"] is None:
        return "–"
    return f"{area['difference']:+.3f} ({area['low']:+.3f} to {area['high']:+.3f})"


def is_timed(metrics: Any) -> bool:
    """Whether the figures are from a split by time."""
    return metrics.get("split") == "time"


def _in(told: dict[str, Any], name: str, figure: str) -> float | None:
    return (told.get(name) or {}).get(figure)


def compared(versions: list[str]) -> pl.DataFrame:
    """figure and one column a model: the same figures side by side."""
    rows = leaderboard().filter(pl.col("version").is_in(versions)).sort("version")
    columns = {f"model {row['version']}": [row[name] for name in FIGURES] for row in rows.iter_rows(named=True)}
    return pl.DataFrame({"figure": list(NAMES), **columns}, strict=False)


def suspects(version: ModelVersion) -> pl.DataFrame:
    """kind, name, evidence, auc_alone and whether somebody accepted it: what was left out of the model."""
    run = rooms().runs.latest()
    found = (run.result.get("suspected_leaks") if run else None) or []
    left_out = set(version.lineage.get("left_out") or [])
    kinds = {
        "kind": pl.String,
        "name": pl.String,
        "evidence": pl.String,
        "auc_alone": pl.Float64,
        "accepted": pl.Boolean,
    }
    rows = [{name: one.get(name) for name in kinds} for one in found if one["name"] in left_out or one.get("accepted")]
    return pl.DataFrame(rows, schema=kinds)
