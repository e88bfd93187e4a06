"""What a store's run events are told with: its ledger, its columns, its feature sets, the mappings of its files."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from core.exports.open_lineage import DECIDED, KINDS, Store, run_events
from core.features.document import FeatureSet
from core.features.errors import FeatureSetUnknown
from core.features.store import FeatureStore
from core.kernel.canonical import short
from core.kernel.database import Database, LedgerPages
from core.kernel.ledger import GENESIS
from core.signals.schema import ENVELOPE
from core.signals.store_pages import SignalPages

TYPES = {"score": "number", "as_of": "time"}
OUTCOMES = (("lead_id", "text"), ("outcome", "text"), ("closed_at", "time"), ("amount", "number"))
REPS = (("assignee", "text"), ("pool", "text"), ("per_day", "int"), ("max_open", "int"))


def events_of(db: Database, features: FeatureStore) -> Iterator[dict[str, Any]]:
    """The run events of a store, in the order of its ledger."""
    return run_events(LedgerPages(db).of_kinds(KINDS), _told_with(db, features))


def _told_with(db: Database, features: FeatureStore) -> Store:
    pages = SignalPages(db)
    columns = {
        "events": [*((one.name, one.kind.value) for one in ENVELOPE), ("properties", "json")],
        "leads": [("lead_id", "text"), ("created_at", "time"), *pages.attribute_types().select("name", "type").rows()],
        "outcomes": OUTCOMES,
        "reps": REPS,
        "decisions": [(name, TYPES.get(name, "text")) for name in DECIDED],
    }
    mappings = {batch_id: json.loads(text) for batch_id, text in pages.mappings()}
    return Store(namespace_of(db), columns, partial(_known, features), mappings)


def _known(features: FeatureStore, set_hash: str) -> FeatureSet | None:
    """The set of that hash, None where it was forgotten."""
    try:
        return features.get(set_hash)
    except FeatureSetUnknown:
        return None


def namespace_of(db: Database) -> str:
    """`leadbench-` and twelve digits of the ledger's first entry: the same wherever the store is moved to."""
    return f"leadbench-{short(LedgerPages(db).first_hash() or GENESIS)}"
