"""Identities to read and to separate: who belongs to whom, since when, by which statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.errors import ReasonMissing
from core.kernel.times import naive
from core.signals import store_identity
from core.signals.errors import NotMerged, UnknownLead

ROOT = """
SELECT r.lead_id FROM leads l JOIN identity_at($moment) USING (lead_no) JOIN leads r ON r.lead_no = root_no
WHERE l.lead_id = $lead
"""
MEMBERS = """
SELECT l.lead_id, coalesce(l.anonymous, false) AS anonymous, count(e.event_no) AS events,
    min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at
FROM leads r JOIN identity_at($moment) i ON i.root_no = r.lead_no JOIN leads l ON l.lead_no = i.lead_no
LEFT JOIN events e ON e.lead_no = l.lead_no
WHERE r.lead_id = $root GROUP BY l.lead_id, l.anonymous ORDER BY l.lead_id <> $root, first_at NULLS LAST, l.lead_id
"""
FAMILY = """
CREATE OR REPLACE TEMP TABLE family AS WITH RECURSIVE near AS (
    SELECT lead_no FROM leads WHERE lead_id = $lead
    UNION SELECT unnest([s.from_no, s.into_no]) FROM near JOIN identity_statements s
        ON s.from_no = near.lead_no OR s.into_no = near.lead_no
) SELECT lead_no FROM near WHERE lead_no IS NOT NULL
"""
INTERVALS = """
SELECT f.lead_id AS from_id, i.lead_id AS into_id, m.known_from, m.known_until, m.origin
FROM lead_merges m JOIN leads f ON f.lead_no = m.from_no JOIN leads i ON i.lead_no = m.into_no
WHERE m.from_no IN (FROM family) ORDER BY m.known_from, from_id
"""
STATEMENTS = """
SELECT s.kind, f.lead_id AS from_id, i.lead_id AS into_id, s."at", s.received_at, s.origin, s.event_id, s.state,
    s.actor, s.reason
FROM identity_statements s JOIN leads f ON f.lead_no = s.from_no LEFT JOIN leads i ON i.lead_no = s.into_no
WHERE s.from_no IN (FROM family) ORDER BY s.received_at, from_id, into_id
"""
ACCOUNTS = """
SELECT a.account_id, m.valid_from, m.received_at, m.origin FROM lead_accounts m JOIN accounts a USING (account_no)
JOIN identity_at($moment) USING (lead_no) JOIN leads r ON r.lead_no = root_no
WHERE r.lead_id = $root ORDER BY m.received_at NULLS FIRST, a.account_id
"""
LIST = """
SELECT r.lead_id, coalesce(r.anonymous, false) AS anonymous, count(*) + 1 AS ids, min(m.known_from) AS first_merge_at,
    max(m.known_from) AS last_merge_at, string_agg(DISTINCT m.origin, ', ' ORDER BY m.origin) AS origins
FROM lead_merges m JOIN leads r ON r.lead_no = m.into_no WHERE m.known_until IS NULL
GROUP BY ALL ORDER BY last_merge_at DESC, r.lead_id LIMIT $most
"""
COUNTS = """
SELECT (SELECT count(*) FROM root_leads) AS known,
    (SELECT count(*) FROM leads WHERE anonymous AND lead_no NOT IN (
        SELECT from_no FROM lead_merges WHERE known_until IS NULL)) AS visitors,
    (SELECT count(*) FROM lead_merges WHERE known_until IS NULL) AS merged,
    (SELECT count(*) FROM identity_statements WHERE kind = 'unmerge') AS unmerged,
    (SELECT count(*) FROM identity_statements WHERE starts_with(state, 'identity_')) AS disputed
"""
SEPARATE = """
INSERT INTO identity_statements
SELECT 'unmerge', lead_no, NULL, $now, $now, 'person', NULL, 'new', $actor, $reason, NULL
FROM leads WHERE lead_id = $lead
"""


@dataclass(frozen=True)
class Identities:
    """Reads over the identities of a store, and their separation."""

    db: Database

    def counts(self) -> dict[str, int]:
        """How many leads are known, visitors not known yet, ids merged, merges taken back, statements disputed."""
        return self.db.read(COUNTS).row(0, named=True)

    def list(self, most: int = 1_000) -> pl.DataFrame:
        """Leads of several ids, latest merge first: lead_id, anonymous, ids, first_merge_at, last_merge_at, origins."""
        return self.db.read(LIST, {"most": most})

    def root(self, lead_id: str, moment: datetime | None = None) -> str:
        """The lead that the id belongs to, as known at the moment (None: now); raises UnknownLead."""
        if not self.db.scalar("SELECT count(*) FROM leads WHERE lead_id = ?", [lead_id]):
            raise UnknownLead(lead_id)
        return self.home(lead_id, moment)

    def home(self, lead_id: str, moment: datetime | None = None) -> str:
        """The same, and the id itself where the store does not know it."""
        found = self.db.read(ROOT, {"lead": lead_id, "moment": moment})
        return lead_id if found.is_empty() else found["lead_id"][0]

    def show(self, lead_id: str, moment: datetime | None = None) -> dict[str, Any]:
        """The history of one identity: its root and members as known at the moment, intervals, statements, accounts.

        Raises UnknownLead.
        """
        root = self.root(lead_id, moment)
        known = {"root": root, "moment": moment}
        with self.db.scratch() as cursor:
            cursor.execute(FAMILY, {"lead": lead_id})
            return {
                "lead_id": lead_id,
                "root": root,
                "members": cursor.read(MEMBERS, known).to_dicts(),
                "intervals": cursor.read(INTERVALS).to_dicts(),
                "statements": cursor.read(STATEMENTS).to_dicts(),
                "accounts": cursor.read(ACCOUNTS, known).to_dicts(),
            }

    def unmerge(self, lead_id: str, reason: str, actor: str) -> str:
        """Separate the id from the lead that it belongs to, from now on; that lead's id.

        Raises UnknownLead, NotMerged and ReasonMissing.
        """
        if not reason.strip():
            raise ReasonMissing("separate two identities")
        root = self.root(lead_id)
        if root == lead_id:
            raise NotMerged(lead_id)
        with self.db.change("signals", "identity.unmerged", actor) as change:
            self._separate(change, lead_id, reason.strip(), actor)
        return root

    def _separate(self, change: Change, lead_id: str, reason: str, actor: str) -> None:
        now = naive(self.db.clock.now())
        change.execute(SEPARATE, {"lead": lead_id, "now": now, "actor": actor, "reason": reason})
        store_identity.close(change)
        number = change.scalar("SELECT lead_no FROM leads WHERE lead_id = ?", [lead_id])
        change.body.update({"lead_no": number, "reason": reason})
