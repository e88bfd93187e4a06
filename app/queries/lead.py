"""One lead: who it is, what it did, what was decided and why, each as known at a chosen time."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries import people, versions
from app.queries.access import concealed, database, revision, role, rooms, seen
from core.decisions.record import Record
from core.features.lineage import Family
from core.governance.masking import HIDDEN_CHANGE, MASK
from core.governance.permissions import Role
from core.kernel.times import from_text, naive
from core.signals.store_pages import SignalPages

MOST_EVENTS = 500
LATE_HOURS = 24
MOMENT = pl.Datetime("us")


@dataclass(frozen=True)
class Lead:
    """A lead's card: what may be seen of who it is, when it came, and how it ended; `ref` is its id for screens."""

    lead_id: str
    ref: str
    name: str
    company: str | None
    region: str | None
    created_at: datetime | None
    outcome: str | None
    closed_at: datetime | None

    @property
    def about(self) -> str:
        """Company, region and id on one line."""
        known_as = None if self.name == self.ref else self.ref
        return " · ".join(part for part in (self.company, self.region, known_as) if part)


def find(ref: str) -> Lead | None:
    """The lead of an id (also of one that was merged into it) or of a `ref`, or None."""
    return _find(revision("signals", "policy"), role().value, ref)


@st.cache_data(max_entries=64, show_spinner=False)
def _find(revision: str, role: str, ref: str) -> Lead | None:
    pages = SignalPages(database())
    found = pages.lead(people.id_of(ref))
    if found.is_empty():
        return None
    lead_id, created_at = found.row(0)
    card = people.cards([lead_id], Role(role)).row(0, named=True)
    ended = pages.outcomes(lead_id).rows()
    outcome, closed_at = ended[-1][:2] if ended else (None, None)
    return Lead(lead_id, card["ref"], card["lead"], card["company"], card["region"], created_at, outcome, closed_at)


def record(lead_id: str, moment: datetime | None = None) -> Record:
    """The decision in force at the moment (None: the newest); raises LeadUndecided."""
    return _record(revision("decisions"), lead_id, moment)


@st.cache_data(max_entries=64, show_spinner=False)
def _record(revision: str, lead_id: str, moment: datetime | None) -> Record:
    return rooms().decisions.at(lead_id, moment)


def explanation(decision_id: str) -> dict[str, Any]:
    """Why a decision came out as it did: the `explain` object of contracts.md, read from what was stored with it.

    Values that policies hide from who is looking are masked.
    """
    return _explanation(revision("decisions", "features", "models", "policy"), role().value, decision_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _explanation(revision: str, role: str, decision_id: str) -> dict[str, Any]:
    from core.decisions.explanation import explain

    stored = rooms().decisions.get(decision_id)
    return concealed(explain(stored, rooms().models.get(stored.model_hash)), Role(role))


def features(record: Record) -> list[tuple[str, str]]:
    """(name, value as text) of each feature of a record, masked for who is looking."""
    return [(name, shown(value)) for name, value in concealed(record.features, role())]


def points(explanation: dict[str, Any]) -> pl.DataFrame:
    """label, points and value of each feature, largest part first."""
    kinds = {"feature": pl.String, "label": pl.String, "points": pl.Float64, "value": pl.String, "sentence": pl.String}
    rows = [{**one, "value": shown(one["value"])} for one in explanation["points"]]
    frame = pl.DataFrame([{name: row.get(name) for name in kinds} for row in rows], schema=kinds)
    return frame.sort(pl.col("points").abs(), descending=True, maintain_order=True)


def by_family(points: pl.DataFrame, feature_set_hash: str) -> pl.DataFrame:
    """label, points and features (how many) of what the features are about, largest part first; in the set's words."""
    grouped = _about(points, feature_set_hash).group_by("family", maintain_order=True)
    summed = grouped.agg(pl.col("about").first().alias("label"), pl.col("points").sum(), features=pl.len())
    return summed.drop("family").sort(pl.col("points").abs(), descending=True, maintain_order=True)


def with_families(points: pl.DataFrame, feature_set_hash: str) -> pl.DataFrame:
    """about, label, value and points (hundredths) of every feature, by what it is about, largest first."""
    rows = _about(points, feature_set_hash).with_columns(points=100 * pl.col("points"))
    whole = pl.col("points").sum().over("family").abs()
    ordered = rows.sort(whole, "family", pl.col("points").abs(), descending=[True, False, True], maintain_order=True)
    return ordered.select("about", "label", "value", "points")


def _about(points: pl.DataFrame, feature_set_hash: str) -> pl.DataFrame:
    """The rows with `family`, all that a feature is about, and `about`, the same in short."""
    known = versions.families(feature_set_hash)
    found = [known.get(name) or Family((label,)) for name, label in points.select("feature", "label").iter_rows()]
    return points.with_columns(
        pl.Series("family", ["\n".join(one.words) for one in found], dtype=pl.String),
        pl.Series("about", [one.label for one in found], dtype=pl.String),
    )


def shown(value: object) -> str:
    """A feature's value as text: whole numbers without a point, others with up to two places, kinds by their name."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, int | float) else versions.named(str(value))


def history(lead_id: str) -> pl.DataFrame:
    """Every decision of the lead, oldest first, with the names of model, policy and band."""
    return _history(revision("decisions", "models", "policy"), lead_id)


@st.cache_data(max_entries=32, show_spinner=False)
def _history(revision: str, lead_id: str) -> pl.DataFrame:
    found = rooms().decisions.history(lead_id)
    return found.with_columns(
        at=pl.coalesce("as_of", "decided_at"),
        model=pl.col("model_hash").map_elements(versions.model_name, return_dtype=pl.String),
        policy=pl.col("policy_hash").map_elements(versions.policy_name, return_dtype=pl.String),
        rules=pl.col("reasons").map_elements(rules, return_dtype=pl.String),
    )


def rules(text: str) -> str:
    """The rules of a decision's stored reasons, in order, with their reason codes, as one line."""
    return ", ".join(rule if code is None else f"{rule} ({code})" for rule, code in fired(text))


def fired(text: str) -> list[tuple[str, str | None]]:
    """The rules of a decision's stored reasons, in order, each with its reason code or None."""
    return [(reason["rule"], reason.get("reason")) for reason in json.loads(text)]


def marks(history: pl.DataFrame) -> list[tuple[datetime, str]]:
    """The moments at which another model or policy decided for the first time, with its name."""
    changed = []
    for name in ("model", "policy"):
        moved = history.filter(pl.col(name) != pl.col(name).shift(1))
        changed += [(at, word) for at, word in moved.select("at", name).iter_rows()]
    return sorted(changed)


def events(lead_id: str, moment: datetime | None = None, known_at: datetime | None = None) -> pl.DataFrame:
    """The lead's events before the moment as known then, or at `known_at`, newest first.

    at, label, source, late, known_at, details, event_id, type.
    """
    return _events(revision("signals", "features", "policy"), role().value, lead_id, moment, known_at)


@st.cache_data(max_entries=32, show_spinner=False)
def _events(revision: str, role: str, lead_id: str, moment: datetime | None, known_at: datetime | None) -> pl.DataFrame:
    found = SignalPages(database()).timeline(lead_id, moment, MOST_EVENTS, known_at)
    named = pl.col("type").replace(versions.type_names())
    return seen(found, Role(role)).select(
        at="occurred_at",
        label=pl.when(named == pl.col("type")).then(pl.col("type").str.replace_all("_", " ")).otherwise(named),
        source="source",
        late=(pl.col("received_at") - pl.col("occurred_at")) > pl.duration(hours=LATE_HOURS),
        known_at="received_at",
        details=pl.col("properties").map_elements(pairs, return_dtype=pl.String),
        event_id="event_id",
        type="type",
    )


def pairs(text: str) -> str:
    """An event's properties (JSON) as `Seconds: 12 · Page: pricing`; a text that is no object stays as it is."""
    told = json.loads(text) if text.startswith("{") else None
    return text if told is None else " · ".join(f"{versions.attribute_name(k)}: {shown(v)}" for k, v in told.items())


def profile(lead_id: str, moment: datetime | None = None, known_at: datetime | None = None) -> pl.DataFrame:
    """What is known of the lead: attribute (business name), value (masked by role), known_from, name."""
    return _profile(revision("signals", "features", "policy"), role().value, lead_id, moment, known_at)


@st.cache_data(max_entries=32, show_spinner=False)
def _profile(
    revision: str, role: str, lead_id: str, moment: datetime | None, known_at: datetime | None
) -> pl.DataFrame:
    found = SignalPages(database()).attributes([lead_id], None, moment, known_at)
    if found.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("attribute", "value", "name"), pl.String) | {"known_from": MOMENT})
    wide = pl.DataFrame({name: [value] for name, value in found.select("name", "value").iter_rows()})
    shown = seen(wide.cast(pl.String), Role(role)).row(0, named=True)
    return found.select(
        attribute=pl.Series([versions.attribute_name(name) for name in found["name"]], dtype=pl.String),
        value=pl.col("name").replace_strict(shown, default=None, return_dtype=pl.String),
        known_from="valid_from",
        name="name",
    )


def before(history: pl.DataFrame, moment: datetime | None) -> pl.DataFrame:
    """The decisions up to the moment."""
    return history if moment is None else history.filter(pl.col("at") <= naive(moment))


def moment_of(record: Record) -> datetime | None:
    """The moment that a decision looked from, None where it is undated."""
    return from_text(record.as_of) if record.as_of else None


def minute(text: str | None, otherwise: str) -> str:
    """A record's moment as it is read, `24 Nov 2026, 09:30 UTC`."""
    return f"{from_text(text):%d %b %Y, %H:%M} UTC" if text else otherwise


def looked(record: Record) -> tuple[datetime | None, datetime | None]:
    """Up to when a decision looked, and as known at which time; None where it is undated."""
    return moment_of(record), from_text(record.known_at) if record.known_at else None


@dataclass(frozen=True)
class Otherwise:
    """What would bring a better decision, in words, and each option's changes: option, feature, before, after."""

    words: str
    changes: pl.DataFrame
    proved: bool


def otherwise(decision_id: str, seen_by: Role | None = None) -> Otherwise:
    """The smallest changes through model and policy that bring the lead a better decision, as the role may see them."""
    return _otherwise(revision("decisions", "features", "models", "policy"), (seen_by or role()).value, decision_id)


@st.cache_data(max_entries=32, show_spinner=False)
def _otherwise(revision: str, role: str, decision_id: str) -> Otherwise:
    from core.decisions.counterfactual import on_store

    found = on_store(rooms().decisions, rooms().loaders, rooms().decisions.get(decision_id))
    rows = [
        (
            f"{' + '.join(option.levers)} → {option.outcome.band}",
            one.label,
            *values(one.feature, one.before, one.after, Role(role)),
        )
        for option in found.options
        for one in option.changes
    ]
    is_hidden = any(row[2:] == (MASK, MASK) for row in rows)
    changes = pl.DataFrame(rows, schema=["option", "feature", "before", "after"], orient="row")
    words = HIDDEN_CHANGE if is_hidden else found.words
    return Otherwise(words, changes, found.proved)


def values(feature: str, before: object, after: object, by: Role) -> tuple[str, str]:
    """A feature's values before and after as text, masked for the role."""
    told = concealed({"feature": feature, "before": shown(before), "after": shown(after)}, by)
    return told["before"], told["after"]


def grades(lead_id: str, decision_id: str) -> str:
    """Fit and engagement of a decision as `A3`, a dash where it has none."""
    found = history(lead_id).filter(pl.col("decision_id") == decision_id)
    fit, engagement = found.select("fit_grade", "engagement_grade").row(0) if found.height else (None, None)
    return f"{fit or '–'}{engagement or '–'}" if fit or engagement else "–"
