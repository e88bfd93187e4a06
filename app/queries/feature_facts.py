"""What is known of a registered feature: freshness, gaps, difference by outcome, lineage and users."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
import streamlit as st

from app.queries import drift, policies
from app.queries.access import database, revision, rooms
from app.queries.features import kinds
from core.decisions import freshness
from core.features import comparing, distribution, hindsight, portrait, sample, writer
from core.features.document import Feature, FeatureSet
from core.features.hindsight import Hindsight
from core.features.lineage import Reads, delivering, reads
from core.features.polars_text import polars_text
from core.features.portrait import Course, Spread, spread_by_outcome
from core.features.tiers import tier
from core.governance.feature_users import FeatureReaders, FeatureUsers
from core.kernel.errors import LeadbenchError
from core.kernel.times import duration_text, naive, spoken
from core.signals.store_pages import SignalPages

LOOKED_AT = 500
NOTHING = freshness.Delivered({}, frozenset())
TIERS = {"live": "within 15 minutes", "minutes": "within six hours", "daily": "by the day"}


@dataclass(frozen=True)
class Facts:
    """A feature's freshness, drift and users; ages count back from the newest delivery of any source.

    `drift` is the verdict of the newest report on a model of the set, None where there is no such report.
    """

    tier: str
    max_age: str | None
    age: str | None
    stale: bool
    missing: float | None
    drift: str | None
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
    readers, drifted = _readers(), _drifted(set_hash)
    return {
        one.name: _of(one, now, delivered, missing, drifted.get(one.name), readers.of(one).names)
        for one in feature_set.features
    }


def _of(
    feature: Feature,
    now: datetime | None,
    delivered: freshness.Delivered,
    missing: dict[str, float],
    drifted: str | None,
    used_by: tuple[str, ...],
) -> Facts:
    newest = delivered.newest.get(feature.name)
    age = now - newest if now and newest else None
    limit = feature.max_age
    old = limit and feature.name in delivered.newest and (age is None or age.total_seconds() * 1e6 > limit)
    return Facts(
        tier=tier(feature),
        max_age=duration_text(limit) if limit else None,
        age=None if age is None else spoken(age.total_seconds()),
        stale=bool(old) or feature.name in delivered.held_back,
        missing=missing.get(feature.name),
        drift=drifted,
        used_by=used_by,
    )


def _missing(feature_set: FeatureSet) -> dict[str, float]:
    try:
        rows = sample.rows(database(), feature_set, LOOKED_AT)
    except LeadbenchError:
        return {}
    return distribution.missing(rows, feature_set.feature_names)


def _readers() -> FeatureReaders:
    return FeatureReaders(rooms().features, rooms().models, rooms().policies)


def _drifted(set_hash: str) -> dict[str, str]:
    """By feature the verdict of the newest drift report on a model that was trained on the set."""
    trained = rooms().models.list().filter(pl.col("feature_set_hash") == set_hash)["model_hash"].to_list()
    report = next((one for one in drift.reports() if one.model_hash in trained), None)
    return {one["name"]: drift.VERDICTS[one["verdict"]] for one in report.told["features"]} if report else {}


def course(set_hash: str, name: str) -> Course | None:
    """The feature over the time of the log; raises NothingToBuild."""
    return _course(revision("signals", "features"), set_hash, name)


@st.cache_data(max_entries=64, show_spinner="Looking back …")
def _course(revision: str, set_hash: str, name: str) -> Course | None:
    found = rooms().features.get(set_hash).find(name)
    return None if found is None else portrait.course(database(), found)


def check(set_hash: str, name: str) -> Hindsight | None:
    """The leak check by time of the feature; raises NothingToBuild."""
    return _check(revision("signals", "features"), set_hash, name)


@st.cache_data(max_entries=64, show_spinner="Comparing with what is known now …")
def _check(revision: str, set_hash: str, name: str) -> Hindsight | None:
    found = rooms().features.get(set_hash).find(name)
    return None if found is None else hindsight.check(database(), FeatureSet("checked", (found,)))[0]


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
    found = rooms().features.find(name, set_hash)[1]
    read, users = reads(found), _readers().of(found)
    properties = [f"property {one.removeprefix('properties.')}" for one in read.properties]
    edges = [*_upstream(read, found.label), *((one, found.label) for one in properties)]
    return _flowchart([*edges, *_downstream(users, found.label)], found.label)


def _upstream(read: Reads, label: str) -> list[tuple[str, str]]:
    if read.attributes:
        return [(f"attribute {one}", label) for one in read.attributes]
    delivered = delivering(read, kinds()).select("source", "type").iter_rows()
    pairs = [(f"source {source}", kind if read.types is not None else "every event") for source, kind in delivered]
    named = sorted({kind for _, kind in pairs} | set(read.types or ())) or ["every event"]
    return [*pairs, *((kind, label) for kind in named)]


def _downstream(users: FeatureUsers, label: str) -> list[tuple[str, str]]:
    edges = [(label, f"set {name} {set_hash[7:15]}") for set_hash, name in users.sets.items()]
    trained = {row["version"]: row["feature_set_hash"] for row in rooms().models.list().iter_rows(named=True)}
    edges += [(f"set {users.sets[trained[one]]} {trained[one][7:15]}", f"model {one}") for one in users.models]
    asking = [one for one in users.policies if one.content_hash in users.deciding] or list(users.policies)
    return edges + [(label, f"policy {policies.label(one)}") for one in asking]


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
