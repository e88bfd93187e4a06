"""What is known of a registered feature: freshness, gaps, difference by outcome, lineage and users."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import streamlit as st

from app.queries import policies
from app.queries.access import database, revision, rooms
from app.queries.features import kinds, registry
from core.decisions import freshness
from core.features import comparing, distribution, sample, writer
from core.features.document import Feature, FeatureSet
from core.features.polars_text import polars_text
from core.features.portrait import Spread, spread_by_outcome
from core.features.tiers import tier
from core.kernel.errors import LeadbenchError
from core.kernel.times import duration_text, naive
from core.signals.store_pages import SignalPages

LOOKED_AT = 500
NOTHING = freshness.Delivered({}, frozenset())
TIERS = {"live": "within 15 minutes", "minutes": "within six hours", "daily": "by the day"}


@dataclass(frozen=True)
class Facts:
    """A feature's freshness and users; ages count back from the newest delivery of any source."""

    tier: str
    max_age: str | None
    age: str | None
    stale: bool
    missing: float | None
    used_by: tuple[str, ...]


def facts(set_hash: str) -> dict[str, Facts]:
    """The facts of each feature of a set, in its order."""
    return _facts(revision("signals", "features", "models", "policy"), set_hash)


@st.cache_data(max_entries=8, show_spinner="Looking at the values of leads …")
def _facts(revision: str, set_hash: str) -> dict[str, Facts]:
    feature_set = rooms().features.get(set_hash)
    told = SignalPages(database()).totals()["last_received_at"]
    now = naive(told) if isinstance(told, datetime) else None
    delivered = freshness.delivered(database(), feature_set, now) if now else NOTHING
    missing = _missing(feature_set)
    used = users(set_hash)
    return {one.name: _of(one, now, delivered, missing, used) for one in feature_set.features}


def _of(
    feature: Feature,
    now: datetime | None,
    delivered: freshness.Delivered,
    missing: dict[str, float],
    used: dict[str, tuple[str, ...]],
) -> Facts:
    newest = delivered.newest.get(feature.name)
    age = now - newest if now and newest else None
    limit = feature.max_age
    old = limit and feature.name in delivered.newest and (age is None or age.total_seconds() * 1e6 > limit)
    return Facts(
        tier=tier(feature),
        max_age=duration_text(limit) if limit else None,
        age=None if age is None else _span(age.total_seconds()),
        stale=bool(old) or feature.name in delivered.held_back,
        missing=missing.get(feature.name),
        used_by=used.get(feature.name, ()),
    )


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.0f} h"


def _missing(feature_set: FeatureSet) -> dict[str, float]:
    try:
        rows = sample.rows(database(), feature_set, LOOKED_AT)
    except LeadbenchError:
        return {}
    return distribution.missing(rows, feature_set.feature_names)


def users(set_hash: str) -> dict[str, tuple[str, ...]]:
    """By feature: the models that were trained on its set, and the live policy where it reads the feature."""
    models = rooms().models.list().filter(pl.col("feature_set_hash") == set_hash)["version"].to_list()
    trained = tuple(f"model {version}" for version in models)
    live = policies.live()
    asked = set(live.policy.input_fields) if live else set()
    name = f"policy {live.name}" if live else ""
    listed = registry(set_hash)["name"]
    return {one: (*trained, *((name,) if one in asked else ())) for one in listed}


def spread(set_hash: str, name: str) -> Spread | None:
    """How the feature's values differ between outcomes, each just before it came; None without closed leads."""
    return _spread(revision("signals", "features"), set_hash, name)


@st.cache_data(max_entries=64, show_spinner=False)
def _spread(revision: str, set_hash: str, name: str) -> Spread | None:
    feature = rooms().features.get(set_hash).find(name)
    return None if feature is None else spread_by_outcome(database(), feature)


def feature(set_hash: str, name: str) -> Feature | None:
    """The feature of that name in a registered set."""
    return rooms().features.get(set_hash).find(name)


def code(feature: Feature) -> dict[str, str]:
    """The feature as YAML, as the statement that builds it, and as Polars code."""
    only = FeatureSet("feature", (feature,))
    text = writer.write(only).split("features:\n", 1)[-1].strip()
    return {"YAML": text, "SQL": sample.statement(database(), only), "Polars": polars_text(feature)}


def lineage(set_hash: str, name: str) -> str:
    """The feature's way as a Mermaid flowchart: sources, event types or attributes, feature, and what reads it."""
    row = rooms().features.features(set_hash).filter(pl.col("name") == name).row(0, named=True)
    read = json.loads(row["reads"])
    edges = [(source, kind) for source, kind in _delivering(read)]
    inputs = (
        [f"attribute {one}" for one in read["attributes"]] or sorted({kind for _, kind in edges}) or ["every event"]
    )
    properties = [f"property {one.removeprefix('properties.')}" for one in read["properties"]]
    edges += [(one, row["label"]) for one in (*inputs, *properties)]
    edges += [(row["label"], one) for one in users(set_hash).get(name, ())]
    return _flowchart(edges, row["label"])


def _delivering(read: dict) -> list[tuple[str, str]]:
    found = kinds()
    if read["attributes"]:
        return []
    if read["types"] is None:
        named = read["sources"] if read["sources"] is not None else found["source"].unique().sort().to_list()
        return [(f"source {one}", "every event") for one in named]
    known = found.filter(pl.col("type").is_in(read["types"]))
    pairs = known.filter(pl.lit(read["sources"] is None) | pl.col("source").is_in(read["sources"] or []))
    return [(f"source {source}", kind) for source, kind in pairs.select("source", "type").iter_rows()]


def _flowchart(edges: list[tuple[str, str]], centre: str) -> str:
    names = list(dict.fromkeys(one for edge in edges for one in edge))
    nodes = [f'  n{place}["{_plain(one)}"]' for place, one in enumerate(names)]
    arrows = [f"  n{names.index(a)} --> n{names.index(b)}" for a, b in dict.fromkeys(edges)]
    return "\n".join(["flowchart LR", *nodes, *arrows, f"  style n{names.index(centre)} stroke-width:3px"])


def _plain(text: str) -> str:
    return text.replace('"', "'").replace("\n", " ")[:60]


def compared(before: str, after: str) -> pl.DataFrame:
    """name, change, and the definition before and after, of the features that differ between two sets."""
    store = rooms().features
    found = comparing.compare(store.get(before), store.get(after))
    rows = [(one.name, one.kind, _written(one.before), _written(one.after)) for one in found]
    return pl.DataFrame(rows, schema=dict.fromkeys(("name", "change", "before", "after"), pl.String), orient="row")


def _written(feature: Feature | None) -> str | None:
    if feature is None:
        return None
    told = {key: value for key, value in feature.content().items() if key != "name"}
    return ", ".join(f"{key}: {value}" for key, value in told.items())
