"""Standing decisions that what came later would change: late, corrected, merged or newly loaded, and which features."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.decisions import inputs as policy_inputs
from core.decisions.encoding import encode
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.kernel.times import naive

MOST = 2_000
AFFECTED = """
WITH standing AS (
    SELECT d.decision_id, d.lead_id, l.lead_no, d.as_of, coalesce(d.known_at, d.as_of) AS known_at, d.decided_at,
        d.feature_set_hash, json_extract(d.record, '$.features')::VARCHAR AS features
    FROM decisions_latest d JOIN leads l USING (lead_id) WHERE d.as_of IS NOT NULL),
of_lead AS (SELECT s.*, i.lead_no AS member FROM standing s JOIN identity_at(NULL) i ON i.root_no = s.lead_no),
found AS (
    SELECT o.decision_id, CASE WHEN e.superseded_at > o.known_at AND e.received_at <= o.known_at THEN 'corrected'
        WHEN e.received_at > o.known_at THEN 'late' ELSE 'loaded' END AS cause
    FROM of_lead o JOIN events e ON e.lead_no = o.member LEFT JOIN batches b ON b.batch_id = e.batch_id
    WHERE e.occurred_at < o.as_of AND CASE
        WHEN e.superseded_at > o.known_at AND e.received_at <= o.known_at THEN true
        ELSE e.superseded_at IS NULL AND (e.received_at > o.known_at OR b.imported_at > o.decided_at) END
    UNION SELECT o.decision_id, 'attribute' FROM of_lead o JOIN attributes a ON a.lead_no = o.member
    WHERE a.received_at > o.known_at AND (a.valid_from IS NULL OR a.valid_from <= o.as_of)
    UNION SELECT s.decision_id, 'merged' FROM standing s JOIN lead_merges m ON s.lead_no IN (m.into_no, m.from_no)
    WHERE m.known_from > s.known_at OR m.known_until > s.known_at)
SELECT s.decision_id, s.lead_id, s.as_of, s.known_at, s.feature_set_hash, s.features,
    (SELECT list(DISTINCT cause ORDER BY cause) FROM found f WHERE f.decision_id = s.decision_id) AS causes
FROM standing s SEMI JOIN found USING (decision_id) ORDER BY s.as_of DESC, s.lead_id LIMIT $most
"""


@dataclass(frozen=True)
class Outdated:
    """A standing decision whose vector would differ now: why, and (feature, stored value, value now)."""

    decision_id: str
    lead_id: str
    as_of: Any
    known_at: Any
    causes: tuple[str, ...]
    changes: tuple[tuple[str, Any, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The decision as commands print it."""
        changes = [{"feature": name, "stored": stored, "now": now} for name, stored, now in self.changes]
        return {**vars(self), "causes": list(self.causes), "changes": changes}


def outdated(db: Database, feature_set_of: Callable[[str], FeatureSet], most: int = MOST) -> list[Outdated]:
    """The standing decisions whose features would differ if they were built now, newest as_of first.

    Only decisions are built again about whose lead something came later; at most `most` of those.
    """
    affected = db.read(AFFECTED, {"most": most})
    found: list[Outdated] = []
    for (set_hash,), rows in affected.group_by("feature_set_hash", maintain_order=True):
        try:
            found += _differing(db, feature_set_of(str(set_hash)), rows)
        except LeadbenchError:
            continue
    return sorted(found, key=lambda one: (one.as_of, one.lead_id), reverse=True)


def _differing(db: Database, feature_set: FeatureSet, rows: pl.DataFrame) -> Iterator[Outdated]:
    spine = rows.select("lead_id", "as_of").with_columns(known_at=pl.lit(naive(db.clock.now())).cast(pl.Datetime("us")))
    again = features.build(db, feature_set, spine).select(feature_set.feature_names)
    for row, values in zip(rows.iter_rows(named=True), again.iter_rows(named=True), strict=True):
        stored = dict(json.loads(row["features"]))
        changes = tuple(_changes(stored, values))
        if changes:
            keys = (row["decision_id"], row["lead_id"], row["as_of"], row["known_at"])
            yield Outdated(*keys, tuple(row["causes"]), changes)


def _changes(stored: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, value in values.items():
        now = policy_inputs.plain(value)
        if encode(stored.get(name)) != encode(now):
            yield name, stored.get(name), now
