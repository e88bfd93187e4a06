"""What drives scores over all leads, from the contributions that were stored with their decisions."""

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from app.queries import leads, versions
from app.queries.access import database, revision, role, rooms, seen
from core.decisions.store_board import DecisionBoard
from core.models.model import Model

MOST_LEADS, COMPARED = 4_000, 1_000
FEWEST = 30
SEED = 7


@dataclass(frozen=True)
class Stored:
    """The stored contributions of one model's newest decisions, long: lead_id, feature, value (text), number, points.

    `leads` were read of `decided`; a larger store is sampled with a seed.
    """

    points: pl.DataFrame
    importance: pl.DataFrame
    leads: int
    decided: int


def runs() -> list[str]:
    """The hashes of the models that decided the leads' newest decisions, commonest first."""
    board = leads.board()
    if board.is_empty():
        return []
    return board["model_hash"].value_counts(sort=True)["model_hash"].to_list()


def stored(model_hash: str) -> Stored:
    """The contributions that were stored with the newest decisions by this model; never computed again."""
    return _stored(revision("decisions", "signals"), revision("features"), model_hash)


@st.cache_resource(max_entries=4, show_spinner="Reading stored contributions")
def _stored(decisions: str, features: str, model_hash: str) -> Stored:
    decided = leads.board().filter(pl.col("model_hash") == model_hash).height
    board = _board(model_hash, MOST_LEADS)
    set_hash = board["feature_set_hash"][0]
    told = DecisionBoard(database()).reasons(board["decision_id"].to_list())
    points = _long(told.join(board.select("decision_id", "lead_id"), on="decision_id"), versions.labels(set_hash))
    return Stored(points, _importance(points, roles(set_hash)), board.height, decided)


def _long(told: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
    """One row a lead and feature, of rows with lead_id, points and features (JSON)."""
    names: list[str] = []
    parts: list[float] = []
    raw: list[object] = []
    counts = []
    for points, vector in told.select("points", "features").iter_rows():
        pairs, values = json.loads(points), dict(json.loads(vector))
        names += [name for name, _ in pairs]
        parts += [part for _, part in pairs]
        raw += [values.get(name) for name, _ in pairs]
        counts.append(len(pairs))
    frame = pl.DataFrame(
        {"feature": names, "points": parts, "value": [None if one is None else str(one) for one in raw]},
        schema={"feature": pl.String, "points": pl.Float64, "value": pl.String},
    )
    owners = told.select(pl.col("lead_id").repeat_by(pl.Series(counts, dtype=pl.UInt32)).explode())
    numbers = pl.Series("number", [_number(one) for one in raw], dtype=pl.Float64)
    return frame.with_columns(owners["lead_id"], numbers, label=pl.col("feature").replace(labels))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def roles(set_hash: str) -> dict[str, str]:
    """By feature: fit (who they are) or engagement (what they do)."""
    return {one.name: one.role for one in rooms().features.get(set_hash).features}


def _importance(points: pl.DataFrame, roles: dict[str, str]) -> pl.DataFrame:
    grouped = points.group_by("feature", "label").agg(
        importance=pl.col("points").abs().mean(),
        mean=pl.col("points").mean(),
        raises=(pl.col("points") > 0.0005).mean(),
        lowers=(pl.col("points") < -0.0005).mean(),
    )
    total = float(grouped["importance"].sum()) or 1.0
    return grouped.with_columns(
        share=pl.col("importance") / total,
        size=100 * pl.col("importance"),
        role=pl.col("feature").replace_strict(roles, default="engagement", return_dtype=pl.String),
    ).sort("importance", "feature", descending=[True, False])


@dataclass(frozen=True)
class Stability:
    """A model's reasons beside another's on the same leads: rows of `rationale.stability`, likeness -1 to 1."""

    rows: pl.DataFrame
    alike: float
    leads: int


def others(model_hash: str) -> dict[str, str]:
    """By hash, the names of the other models that read no feature which this one's leads lack."""
    models = rooms().models
    names = set(rooms().features.get(models.get(model_hash).feature_set_hash or "").feature_names)
    listed = [one for one in models.list()["model_hash"].to_list() if one != model_hash]
    return {one: versions.model_name(one) for one in listed if set(models.get(one).names) <= names}


def too_few(leads: int) -> str | None:
    """Why nothing is told of a model's decided leads in comparison, where they are under 30."""
    if leads >= FEWEST:
        return None
    return f"The model decided {leads:,} lead{'' if leads == 1 else 's'}; this is told from {FEWEST} on."


def stability(model_hash: str, other: str) -> Stability:
    """Both models' reasons for up to 1,000 leads that the first one decided, worked out anew for the comparison."""
    return _stability(revision("decisions", "models", "features"), model_hash, other)


@st.cache_data(max_entries=8, show_spinner="Explaining the same leads by both models")
def _stability(revision: str, model_hash: str, other: str) -> Stability:
    from core.models import rationale
    from core.models.scoring import score_with_points

    model, frame = _decided(model_hash, COMPARED)
    tables = [rationale.importance(one, score_with_points(one, frame)[1]) for one in (model, rooms().models.get(other))]
    return Stability(*rationale.stability(*tables), frame.height)


def _decided(model_hash: str, most: int) -> tuple[Model, pl.DataFrame]:
    """The model, and the vectors of the newest decisions of up to so many leads, one a lead."""
    from core.decisions.record import parse
    from core.decisions.reexecution import vectors

    board = _board(model_hash, most)
    told = DecisionBoard(database()).reasons(board["decision_id"].to_list()).sort("decision_id")
    feature_set = rooms().features.get(board["feature_set_hash"][0])
    return rooms().models.get(model_hash), vectors(feature_set, [{"features": parse(one)} for one in told["features"]])


def _board(model_hash: str, most: int) -> pl.DataFrame:
    """The board's rows that the model decided, one a lead; a sample of so many where there are more."""
    rows = leads.board().filter(pl.col("model_hash") == model_hash)
    return rows.sample(most, seed=SEED) if rows.height > most else rows


def swarm(found: Stored, most: int = 10, dots: int = 400) -> pl.DataFrame:
    """label, points, rank (of the value, null where it has none) and ref (of the lead) of the largest features."""
    largest = found.importance["feature"].head(most).to_list()
    kept = found.points["lead_id"].unique().sort()
    kept = kept.sample(min(dots, kept.len()), seed=SEED)
    rows = found.points.filter(pl.col("feature").is_in(largest) & pl.col("lead_id").is_in(kept.to_list()))
    place = (pl.col("number").rank("average").over("feature") - 0.5) / pl.col("number").count().over("feature")
    return _referred(rows.with_columns(rank=place)).select("label", "points", "rank", "ref")


def dependence(found: Stored, feature: str) -> pl.DataFrame:
    """value (a number, or text, masked for who is looking), points and ref (of the lead) of one feature."""
    rows = seen(_referred(found.points.filter(pl.col("feature") == feature)), role())
    numeric = rows["number"].is_not_null().any()
    value = pl.col("number") if numeric else pl.col("value").fill_null("missing").replace(versions.type_names())
    return rows.select(value.alias("value"), "points", "ref").drop_nulls("value")


def dots(rows: pl.DataFrame, most: int = 1_500) -> pl.DataFrame:
    """At most so many of the rows of `dependence`, to be drawn one by one."""
    return rows.sample(most, seed=SEED) if rows.height > most else rows


def course(rows: pl.DataFrame, bins: int = 24) -> pl.DataFrame:
    """value and points, both means, of bins of equal size over all rows of a numeric feature; empty for words."""
    if rows.is_empty() or not rows["value"].dtype.is_numeric():
        return pl.DataFrame(schema={"value": pl.Float64, "points": pl.Float64})
    place = ((pl.col("value").rank("dense") - 1) if rows["value"].n_unique() <= bins else _bin(bins)).alias("bin")
    return rows.group_by(place).agg(pl.col("value").mean(), pl.col("points").mean()).sort("value").drop("bin")


def _bin(bins: int) -> pl.Expr:
    return (pl.col("value").rank("min") - 1) * bins // pl.len()


def most_moved(found: Stored, feature: str) -> list[str]:
    """The refs of the leads whose scores the feature moves, those with the largest points first."""
    rows = _referred(found.points.filter((pl.col("feature") == feature) & (pl.col("points") != 0.0)))
    return rows.sort(pl.col("points").abs(), "lead_id", descending=[True, False])["ref"].to_list()


def of_groups(refs: list[str], column: str, groups: list[str]) -> list[str]:
    """Those of the refs whose leads are of one of the groups, in their order."""
    members = set(leads.board().filter(pl.col(column).is_in(groups))["ref"])
    return [ref for ref in refs if ref in members]


def of_value(rows: pl.DataFrame, value: str) -> list[str]:
    """The refs of the leads with that word, those with the largest points first."""
    return rows.filter(pl.col("value") == value).sort(pl.col("points").abs(), descending=True)["ref"].to_list()


@dataclass(frozen=True)
class Together:
    """Pairs of a model's weightiest features: label, other, size (log-odds) and share, strongest first; on `leads`."""

    pairs: pl.DataFrame
    features: tuple[str, ...]
    leads: int


def together(model_hash: str, features: tuple[str, ...]) -> Together:
    """How far these features act together by the model, on a sample of the leads that it decided."""
    return _together(revision("decisions", "models", "features"), model_hash, features)


@st.cache_data(max_entries=8, show_spinner="Trying pairs of features")
def _together(revision: str, model_hash: str, features: tuple[str, ...]) -> Together:
    from core.models import interactions

    model, frame = _decided(model_hash, interactions.MOST_ROWS)
    labels = {one.name: one.label for one in model.features}
    found = interactions.strength(model, frame, [name for name in features if name in labels])
    named = found.with_columns(label=pl.col("feature").replace(labels), other=pl.col("other").replace(labels))
    return Together(named.select("label", "other", "size", "share"), features, frame.height)


def bent(rows: pl.DataFrame) -> tuple[float, float]:
    """Mean points of the lower and of the upper half of a feature's values; equal values count as lower."""
    if rows.is_empty() or not rows["value"].dtype.is_numeric():
        return float("nan"), float("nan")
    values, points = rows["value"].to_numpy(), rows["points"].to_numpy()
    upper = values > np.median(values)
    return float(points[~upper].mean()), float(points[upper].mean()) if upper.any() else float("nan")


def contrast(found: Stored, column: str, first: str, second: str, most: int = 8) -> pl.DataFrame:
    """feature, label, first, second, gap: mean hundredths of the features that differ most between two groups."""
    groups = leads.board().select("lead_id", pl.col(column).alias("group"))
    rows = found.points.join(groups, on="lead_id").filter(pl.col("group").is_in([first, second]))
    means = rows.group_by("feature", "label").agg(
        first=100 * pl.col("points").filter(pl.col("group") == first).mean(),
        second=100 * pl.col("points").filter(pl.col("group") == second).mean(),
    )
    gap = (pl.col("first") - pl.col("second")).alias("gap")
    return means.with_columns(gap).drop_nulls().sort(pl.col("gap").abs(), descending=True).head(most)


def _referred(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.join(leads.board().select("lead_id", "ref"), on="lead_id", how="left")


def picked(refs: list[str]) -> pl.DataFrame:
    """The board's rows of these leads: ref, lead, company, percentile, score, band, pool."""
    rows = leads.board().filter(pl.col("ref").is_in(refs))
    return rows.select("ref", "lead", "company", "percentile", "score", "band", "pool")
