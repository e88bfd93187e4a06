"""Feature sets, what they read and who uses them; and what a draft of a feature would give."""

import json
from dataclasses import dataclass

import polars as pl
import streamlit as st

from app.queries.access import database, revision, rooms
from core.features import parser, sample, writer
from core.features.aggregates import AGGREGATES
from core.features.document import SCHEMA, Feature, FeatureSet
from core.features.polars_text import polars_text
from core.features.portrait import Spread, spread_by_outcome
from core.features.templates import shipped
from core.kernel.errors import LeadbenchError
from core.signals.store_pages import SignalPages

NEEDS = {name: aggregate.needs for name, aggregate in AGGREGATES.items()}
WINDOWED = tuple(name for name in AGGREGATES)
FILE = "builder"
WHAT_IT_IS = {
    "count": "how many events",
    "exists": "whether there was any event",
    "sum": "the sum of a property",
    "mean": "the mean of a property",
    "min": "the smallest value of a property",
    "max": "the largest value of a property",
    "distinct": "how many different values a field had",
    "active_days": "on how many days something happened",
    "days_since_last": "days since the latest event",
    "days_since_first": "days since the earliest event",
    "first": "the value at the earliest event",
    "last": "the value at the latest event",
    "decayed_count": "events, each losing half its weight in a half-life",
    "decayed_sum": "a sum in which each value loses half its weight in a half-life",
    "velocity": "the pace now against the pace before",
    "gap_mean": "mean days between events",
    "share": "the share of all events that these are",
    "followed_by": "how often another event followed in time",
}


def sets() -> pl.DataFrame:
    """name, set_hash, features, registered_at, actor and models (versions that use it), newest first."""
    return _sets(revision("features", "models"))


@st.cache_data(max_entries=4, show_spinner=False)
def _sets(revision: str) -> pl.DataFrame:
    models = rooms().models.list().group_by(pl.col("feature_set_hash").alias("set_hash")).agg(models="version")
    listed = rooms().features.list().join(models, on="set_hash", how="left")
    return listed.with_columns(pl.col("models").list.join(", ").fill_null("none yet")).reverse()


def registry(set_hash: str) -> pl.DataFrame:
    """The features of a set: name, label, role, dtype, window, aggregate, condition, sources, types, hash."""
    return _registry(revision("features"), set_hash)


@st.cache_data(max_entries=16, show_spinner=False)
def _registry(revision: str, set_hash: str) -> pl.DataFrame:
    rows = [_row(row) for row in rooms().features.features(set_hash).iter_rows(named=True)]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))


COLUMNS = ("name", "label", "role", "dtype", "calculation", "window", "condition", "reads", "owner", "hash")


def _row(row: dict) -> dict[str, str | None]:
    told, read = json.loads(row["definition"]), json.loads(row["reads"])
    kind = "attribute" if "attribute" in told else told.get("aggregate")
    named = read["attributes"] or read["types"]
    return {
        "name": row["name"],
        "label": row["label"],
        "role": row["role"],
        "dtype": row["dtype"],
        "calculation": kind,
        "window": told.get("window") if kind != "attribute" else None,
        "condition": told.get("where"),
        "reads": ", ".join(named) if named is not None else "every event",
        "owner": told.get("owner"),
        "hash": row["feature_hash"].removeprefix("sha256:")[:12],
    }


def document(set_hash: str) -> str:
    """The set as YAML text."""
    return writer.write(rooms().features.get(set_hash))


def importance(set_hash: str) -> dict[str, float]:
    """Mean absolute points of each feature in the newest model that uses the set, where it was measured."""
    found = rooms().models.list().filter(pl.col("feature_set_hash") == set_hash)["version"].to_list()
    told = rooms().models.version(found[-1]).metrics.get("importance") if found else None
    return {one["feature"]: one["importance"] for one in told or ()}


def kinds() -> pl.DataFrame:
    """source, type and events of the log, commonest first: what conditions may name."""
    return _kinds(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _kinds(revision: str) -> pl.DataFrame:
    return SignalPages(database()).sources()


def attributes() -> list[str]:
    """The attributes that a feature may read: those that are not personal."""
    types = SignalPages(database()).attribute_types()
    return types.filter(~pl.col("personal"))["name"].to_list()


@dataclass(frozen=True)
class Draft:
    """A draft as it stands: its text, the set it declares, and the refusal where it declares none."""

    text: str
    feature_set: FeatureSet | None = None
    refusal: LeadbenchError | None = None


def draft(values: dict[str, str], base: str | None) -> Draft:
    """The set of `base` (a hash, or None) with one more feature; a refusal names the place in the text."""
    given = {key: value for key, value in values.items() if value}
    line = (
        "  - {" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in given.items()) + "}\n"
    )
    head = document(base) if base else f"schema: {SCHEMA}\nname: workbench\nfeatures:\n"
    text = head + line
    try:
        return Draft(text, parser.read(text, FILE))
    except LeadbenchError as refusal:
        return Draft(text, refusal=refusal)


@st.cache_data(show_spinner=False)
def templates() -> dict[str, Feature]:
    """The ready-made features by name."""
    return {feature.name: feature for found in shipped() for feature in found.features}


@dataclass(frozen=True)
class Look:
    """What a feature compiles to, what it gives for a few leads, and how closed leads differ in it."""

    sql: str
    polars: str
    rows: pl.DataFrame
    spread: Spread | None


def look(name: str, text: str) -> Look:
    """The SQL and twenty rows of one feature of a draft; raises what the build refuses."""
    return _look(revision("signals"), name, text)


@st.cache_data(max_entries=32, show_spinner=False)
def _look(revision: str, name: str, text: str) -> Look:
    whole = parser.read(text, FILE)
    feature = whole.find(name)
    chosen = feature or whole.features[-1]
    only = FeatureSet("draft", (chosen,), whole.names)
    sql, rows = sample.statement(database(), only), sample.rows(database(), only)
    return Look(sql, polars_text(chosen), rows, spread_by_outcome(database(), chosen))


def search(set_hash: str, text: str, roles: tuple[str, ...]) -> pl.DataFrame:
    """The features of a set whose name or label holds the text, of these roles (none: all)."""
    rows = registry(set_hash)
    if roles:
        rows = rows.filter(pl.col("role").is_in(roles))
    words = [pl.col(name).str.to_lowercase().str.contains(text.lower(), literal=True) for name in ("name", "label")]
    return rows.filter(pl.any_horizontal(words))
