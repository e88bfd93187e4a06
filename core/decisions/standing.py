"""The leads as they stand: what any policy would see of each at its newest decision."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from core.decisions import freshness
from core.decisions import inputs as policy_inputs
from core.decisions.breaching import Work
from core.decisions.encoding import encode
from core.decisions.hops import asked_of_leads
from core.decisions.inputs import Measured
from core.decisions.states import FRESH, LeadState, state_inputs
from core.decisions.store import DecisionStore
from core.decisions.store_desk import DeskStore
from core.decisions.store_touches import touch_units
from core.decisions.touching import ZONE, reads_zone, zones_of
from core.features import engine as features
from core.features.document import Feature, FeatureSet
from core.features.store import FeatureStore
from core.kernel.database import Database, Watch
from core.policy.document import Policy
from core.policy.inputs import looked_up_fields

MEASURED = ("score", "score_age_min", "feature_age_min", "model_ok", "evidence_tier")
Inputs = dict[str, Any]
Lead = tuple[str, Callable[[Policy], Inputs]]


@dataclass(frozen=True)
class Seen:
    """What a policy saw of stored decisions, in their order: its inputs, without those that say where the lead stood or
    who was touched; and what its caps ask, the unit of which touches are counted and the lead's time zone (else None).
    """

    inputs: Sequence[Inputs]
    units: Sequence[str] | None = None
    zones: Sequence[object] | None = None


@dataclass(frozen=True)
class Courses:
    """Stored decisions in order of `moment` and lead: `rows` has a row each, `seen` by policy (content hash) what it
    saw of them; `work` says who took up which lead, where one of the policies has steps for those whom nobody did.
    """

    rows: pl.DataFrame
    seen: Mapping[str, Seen]
    work: Work = field(default_factory=dict)

    def seen_by(self, policy: Policy) -> Seen:
        """What one of the policies saw, in the order of the rows."""
        return self.seen[policy.content_hash]


def leads(
    db: Database, policies: Sequence[Policy], watch: Watch | None = None, lead_id: str | None = None
) -> list[Lead]:
    """Every decided lead (or the one named) as its id and a function that gives each of these policies its inputs.

    Score, features, times, ages, the model's health and the state before are those of the lead's newest decision, so
    that two policies differ by their rules alone. Attributes are read as they were known then. What that decision's
    policy did not ask is the age that its features had, and a model in health. A watch can stop it: raises Cancelled.
    """
    store = DecisionStore(db)
    newest = _aged(db, store.newest(lead_id), policies)
    keys = newest.select("lead_id", "as_of", "known_at")
    before = _before(store, newest)
    by_policy = {
        policy.content_hash: _inputs(policy, newest, attributes(db, store, policy, keys, watch), before)
        for policy in policies
    }
    return [(lead_id, partial(_given, by_policy, place)) for place, lead_id in enumerate(newest["lead_id"])]


def courses(db: Database, policies: Sequence[Policy], watch: Watch | None = None) -> Courses:
    """Every stored decision of the leads, in order of time and lead, with what each of these policies saw of it then.

    Of several decisions of a lead at one moment the last one written counts. A watch can stop it: raises Cancelled.
    """
    store = DecisionStore(db)
    rows = _aged(db, store.courses(), policies)
    seen = {policy.content_hash: _seen(db, store, policy, rows, watch) for policy in policies}
    asked = any(policy.document.sla and policy.document.sla.on_breach for policy in policies)
    return Courses(rows.drop("features"), seen, DeskStore(db).work() if asked else {})


def _seen(db: Database, store: DecisionStore, policy: Policy, rows: pl.DataFrame, watch: Watch | None) -> Seen:
    keys = rows.select("lead_id", "as_of", "known_at")
    known = attributes(db, store, policy, keys, watch)
    inputs = [policy_inputs.in_order(policy, one) for one in _stateless(policy, rows, known)]
    return Seen(inputs, touch_units(db, policy, keys), zones_of(policy, known))


def attributes(
    db: Database, store: DecisionStore, policy: Policy, keys: pl.DataFrame, watch: Watch | None = None
) -> pl.DataFrame:
    """The keys with the attributes that the policy reads, under the policy's field names, as known at each row."""
    wanted = attribute_set(store, policy)
    return features.build(db, wanted, keys, watch) if len(wanted) else keys


def attribute_set(store: DecisionStore, policy: Policy) -> FeatureSet:
    """The attributes that the policy reads, and those by which leads get an owner, under the policy's own names."""
    zone = (ZONE,) if reads_zone(policy) else ()
    found = store.attributes_for([*looked_up_fields(policy), *asked_of_leads(policy.document), *zone])
    wanted = tuple(
        Feature(name=name, attribute=attribute, type=kind if kind in ("number", "boolean") else "category")
        for name, (attribute, kind) in found.items()
    )
    return FeatureSet("policy_inputs", wanted)


def _given(by_policy: dict[str, list[Inputs]], place: int, policy: Policy) -> Inputs:
    return by_policy[policy.content_hash][place]


def _before(store: DecisionStore, newest: pl.DataFrame) -> list[LeadState]:
    """For each row, where its lead stood before that decision, in the decision's own arm."""
    placed = newest.select("lead_id", "as_of", "known_at", "arm").with_row_index("place")
    found: dict[int, LeadState] = {}
    for (arm,), part in placed.group_by("arm"):
        places = part["place"].to_list()
        found |= {places[row]: state for row, state in store.before(part, str(arm)).items()}
    return [found.get(place, FRESH) for place in range(newest.height)]


def _aged(db: Database, newest: pl.DataFrame, policies: Sequence[Policy]) -> pl.DataFrame:
    """The rows with every age and health told; feature ages are worked out where a policy asks and none was told."""
    told = newest.with_columns(pl.col("score_age_min").fill_null(0), pl.col("model_ok").fill_null(True))
    asked = any("feature_age_min" in policy.input_fields for policy in policies)
    if not asked or not told["feature_age_min"].null_count():
        return told.with_columns(pl.col("feature_age_min").fill_null(0))
    ages = dict.fromkeys(told["feature_set_hash"], pl.Series(dtype=pl.Int64))
    for set_hash in ages:
        found = freshness.of_rows(db, FeatureStore(db).get(set_hash), told)
        ages[set_hash] = pl.Series([one.feature_age_min for one in found], dtype=pl.Int64)
    worked_out = [pl.when(pl.col("feature_set_hash") == name).then(column) for name, column in ages.items()]
    return told.with_columns(pl.coalesce("feature_age_min", *worked_out).alias("feature_age_min"))


def _inputs(policy: Policy, newest: pl.DataFrame, known: pl.DataFrame, before: list[LeadState]) -> list[Inputs]:
    told = state_inputs(policy)
    moments = newest.select(pl.coalesce("as_of", "known_at")).to_series()
    rows = zip(_stateless(policy, newest, known), before, moments, strict=True)
    return [policy_inputs.in_order(policy, given | told.of(state, moment)) for given, state, moment in rows]


def _stateless(policy: Policy, rows: pl.DataFrame, known: pl.DataFrame) -> Iterator[Inputs]:
    """What the policy sees of each row but where its lead stood."""
    missing = [name for name in looked_up_fields(policy) if name not in known.columns]
    vectors = pl.DataFrame(_features(rows["features"], missing))
    measured = Measured(*(rows[name].to_list() for name in MEASURED))
    return policy_inputs.batch_inputs(policy, measured, vectors, known)


def _features(vectors: pl.Series, names: list[str]) -> list[pl.Series]:
    """The features of these names as columns; names that no vector has are left out."""
    there = [name for name in names if vectors.str.contains(f"[{encode(name)},", literal=True).any()]
    rows = [dict(json.loads(text)) for text in vectors] if there else []
    return [pl.Series(name, [row.get(name) for row in rows], strict=False) for name in there]
