"""The desk as the store tells it: the reps as known, who holds which leads, and who got how many."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from core.decisions.arms import acted_with
from core.decisions.assigning import Desk
from core.decisions.handing import Hands, reaches
from core.decisions.hops import stands
from core.decisions.sight import Held, Place
from core.decisions.store_overrides import OverrideStore
from core.kernel.database import Change, Database
from core.kernel.ledger import merkle_root
from core.policy.document import Document
from core.policy.outcome import Reason

REPS = """
    SELECT pool, assignee, coalesce(weight, 1) AS weight, per_day, max_open, calendar, territory, away
    FROM current_reps ORDER BY pool, assignee"""
GIVEN = """
    WITH course AS (
        SELECT lead_id, pool, assignee, coalesce(as_of, known_at, decided_at) AS moment, entry_seq, leaf_no
        FROM decisions WHERE list_contains($arms, arm) AND coalesce(as_of, known_at, decided_at) <= $before
    ), steps AS (
        SELECT *, lag(assignee) OVER one AS assignee_before, lag(pool) OVER one AS pool_before,
            lead(lead_id) OVER one IS NULL AS is_newest
        FROM course WINDOW one AS (PARTITION BY lead_id ORDER BY moment, entry_seq, leaf_no)
    )
    SELECT lead_id, pool, assignee, moment, is_newest,
        assignee_before IS DISTINCT FROM assignee OR pool_before IS DISTINCT FROM pool AS is_given
    FROM steps WHERE assignee IS NOT NULL ORDER BY moment, entry_seq, leaf_no"""
CLOSES = """
    SELECT l.lead_id, min(coalesce(o.received_at, o.closed_at)) AS closes
    FROM outcomes o JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
    WHERE o.outcome <> 'open' GROUP BY 1 HAVING closes IS NOT NULL"""
WORK = """
    SELECT l.lead_id, w.at, w.known FROM (
        SELECT lead_no, worked_at AS at, coalesce(received_at, worked_at) AS known FROM lead_work WHERE worked
        UNION ALL
        SELECT lead_no, closed_at, coalesce(received_at, closed_at) FROM outcomes WHERE outcome <> 'open'
    ) w JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
    WHERE $since IS NULL OR w.at IS NULL OR w.at >= $since ORDER BY ALL"""
LANDS = """
    SELECT lead_id, pool, disposition, reasons
    FROM (SELECT *, coalesce(as_of, known_at, decided_at) AS moment FROM decisions)
    WHERE list_contains($arms, arm) AND moment <= $before AND list_contains($leads, lead_id)
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY moment DESC, entry_seq DESC, leaf_no DESC) = 1"""
SAID = ("override.placed", "override.ended")
TOLD = ("reps.imported", "reps.redriven", "outcomes.imported", "outcomes.redriven")
NEW_REPS = """
    INSERT INTO desk_reps SELECT $hash, $content
    WHERE NOT EXISTS (FROM desk_reps WHERE reps_hash = $hash)"""


def keep(change: Change, desk: Desk | None, sights: Sequence[str | None]) -> str | None:
    """Keep the reps that a batch's choices saw; the Merkle root of what each saw, None where nobody was listed."""
    if desk is None:
        return None
    if any(sights):
        change.execute(NEW_REPS, {"hash": desk.reps_hash, "content": desk.reps})
    return root_of([hashlib.sha256((text or "").encode()).hexdigest() for text in sights])


def root_of(sight_hashes: Sequence[str]) -> str:
    """The Merkle root of the hashes (hex) of what a batch's choices saw, in the order of its decisions."""
    return merkle_root([one.encode() for one in sight_hashes])


class DeskStore:
    """Reads what the choice of an assignee sees."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self) -> int:
        """The newest ledger entry that told of reps or outcomes."""
        return self._database.newest(*TOLD)

    def work(self, since: datetime | None = None) -> dict[str, list[tuple[datetime | None, datetime | None]]]:
        """By lead when it was worked or closed, and since when that is known.

        From a moment (naive UTC) on, where one is given; work that nobody dates is always among it.
        """
        found: dict[str, list[tuple[datetime | None, datetime | None]]] = {}
        for lead_id, at, known in self._database.read(WORK, {"since": since}).iter_rows():
            found.setdefault(lead_id, []).append((at, known))
        return found

    def reps(self, reps_hash: str) -> str | None:
        """The reps of that hash as they were kept, None where they are not."""
        return self._database.scalar("SELECT content FROM desk_reps WHERE reps_hash = ?", [reps_hash])

    def sight_hashes(self, entry_seq: int) -> list[str]:
        """The hash of what each choice of a batch saw, gone decisions included, in their order."""
        sql = "SELECT coalesce(sight_hash, '') AS sight_hash FROM decision_leaves WHERE entry_seq = ? ORDER BY leaf_no"
        return self._database.read(sql, [entry_seq])["sight_hash"].to_list()

    def hear(self, desk: Desk, document: Document, arm: str, before: datetime, now: datetime) -> None:
        """Tell the desk what people say now (naive UTC) of where leads lie, unless it knows; the rest as in `load`."""
        told = self._database.newest(*SAID)
        if desk.hands.told == told and now < desk.hands.ends_at:
            return
        hands = Hands.of(OverrideStore(self._database).listed(), told, now, stands(document, desk.places))
        asked = {"arms": list(acted_with(arm)), "before": before, "leads": list(hands.by_lead)}
        rows = self._database.read(LANDS, asked).iter_rows()
        desk.hear(hands, {lead: pool for lead, pool, *why in rows if pool and reaches(why[0], _reasons(why[1]))})

    def load(self, arm: str, before: datetime) -> Desk | None:
        """The desk up to a moment (naive UTC) by the decisions that this arm goes on from; None without any rep."""
        reps = self._database.read(REPS)
        if reps.is_empty():
            return None
        places: dict[str, list[Place]] = {}
        for pool, *rest in reps.iter_rows():
            places.setdefault(pool, []).append(Place(*rest))
        rows = self._database.read(GIVEN, {"arms": list(acted_with(arm)), "before": before})
        held = {
            lead: Held(pool, assignee)
            for lead, pool, assignee in rows.filter("is_newest").select("lead_id", "pool", "assignee").iter_rows()
        }
        desk = Desk(places, held, dict(self._database.read(CLOSES).iter_rows()))
        given = rows.filter("is_given").select("pool", "assignee", pl.col("moment").dt.date())
        for turn, (pool, assignee, day) in enumerate(given.iter_rows(), 1):
            desk.today[(pool, assignee, day)] += 1
            desk.last[(pool, assignee)] = turn
        desk.turns = given.height
        return desk


def _reasons(text: str) -> tuple[Reason, ...]:
    return tuple(Reason(one["rule"], one["reason"]) for one in json.loads(text))
