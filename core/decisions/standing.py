"""The leads as they stand: what any policy would see of each at its newest decision."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import polars as pl

from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions.states import FRESH, LeadState, state_inputs
from core.decisions.store import DecisionStore
from core.features import engine as features
from core.features.document import Feature, FeatureSet
from core.kernel.database import Database
from core.policy.document import Policy
from core.policy.inputs import engine_fields, looked_up_fields

Inputs = dict[str, Any]
Lead = tuple[str, Callable[[Policy], Inputs]]


def leads(db: Database, policies: Sequence[Policy]) -> list[Lead]:
    """Every decided lead as its id and a function that gives each of these policies its inputs.

    Score, features, times and the state before are those of the lead's newest decision, so that two policies differ
    by their rules alone. Attributes are read as they were known then.
    """
    store = DecisionStore(db)
    newest = store.newest()
    rows = [records.parse(text) for text in newest["record"]]
    keys = newest.select("lead_id", "as_of", "known_at")
    before = _before(store, newest)
    by_policy = {
        policy.content_hash: _inputs(policy, rows, attributes(db, store, policy, keys), before, keys["as_of"].to_list())
        for policy in policies
    }
    return [(row["lead_id"], partial(_given, by_policy, place)) for place, row in enumerate(rows)]


def attributes(db: Database, store: DecisionStore, policy: Policy, keys: pl.DataFrame) -> pl.DataFrame:
    """The keys with the attributes that the policy reads, under the policy's field names, as known at each row."""
    found = store.attributes_for(looked_up_fields(policy))
    wanted = tuple(
        Feature(name=name, attribute=attribute, type=kind if kind in ("number", "boolean") else "category")
        for name, (attribute, kind) in found.items()
    )
    return features.build(db, FeatureSet("policy_inputs", wanted), keys) if wanted else keys


def _given(by_policy: dict[str, list[Inputs]], place: int, policy: Policy) -> Inputs:
    return by_policy[policy.content_hash][place]


def _before(store: DecisionStore, newest: pl.DataFrame) -> list[LeadState]:
    """For each row, where its lead stood before that decision, in the decision's own arm."""
    placed = newest.select("lead_id", "as_of", "arm").with_row_index("place")
    found: dict[int, LeadState] = {}
    for (arm,), part in placed.group_by("arm"):
        places = part["place"].to_list()
        found |= {places[row]: state for row, state in store.before(part, str(arm)).items()}
    return [found.get(place, FRESH) for place in range(newest.height)]


def _inputs(
    policy: Policy, rows: list[dict[str, Any]], known: pl.DataFrame, before: list[LeadState], moments: list[Any]
) -> list[Inputs]:
    told, mine = state_inputs(policy), engine_fields(policy)
    looked_up = looked_up_fields(policy)
    values = {name: known[name].to_list() for name in looked_up if name in known.columns}
    found = []
    for place, row in enumerate(rows):
        vector = dict(row["features"])
        fresh = {"score": row["score"], "score_age_min": 0, "feature_age_min": 0, "model_ok": True}
        given = {name: fresh[name] for name in mine if name in fresh}
        given |= {name: values[name][place] if name in values else vector.get(name) for name in looked_up}
        given |= told.of(before[place], moments[place])
        found.append({name: policy_inputs.plain(given.get(name)) for name in policy.input_fields})
    return found
