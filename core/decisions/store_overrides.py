"""What people said over the decisions about leads, in the store."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl

from core.decisions.store_outbox import SHOWN
from core.kernel.database import Change, Cursor, Database
from core.kernel.times import naive


class Kind(StrEnum):
    """What a person may say over a decision."""

    ROUTE = "route"
    ASSIGN = "assign"
    SNOOZE = "snooze"


CLOSES = """
    closes AS (
        SELECT root_no, min(coalesce(received_at, closed_at)) AS learned_at
        FROM outcomes JOIN identity_at(NULL) USING (lead_no) WHERE outcome <> 'open' GROUP BY root_no
    )"""
LISTED = f"""
    WITH {CLOSES}
    SELECT 'o' || o.entry_seq AS override_id, coalesce(r.lead_id, o.lead_id) AS lead_id,
        {SHOWN.replace("lead_", "f.lead_")} AS shown_id, o.decision_id, o.kind, o.pool, o.assignee, o.reason, o.actor,
        o.placed_at, o.until, o.ended_at, o.ended_by,
        least(o.until, o.ended_at, CASE WHEN c.root_no IS NOT NULL THEN greatest(c.learned_at, o.placed_at) END)
            AS over_at
    FROM overrides o LEFT JOIN leads f ON f.lead_id = o.lead_id LEFT JOIN identity_at(NULL) i ON i.lead_no = f.lead_no
    LEFT JOIN leads r ON r.lead_no = i.root_no LEFT JOIN closes c ON c.root_no = i.root_no
    ORDER BY o.entry_seq DESC, o.lead_id"""
FOUND = f"""
    WITH {CLOSES}, contested AS (
        SELECT root_no FROM contests JOIN leads USING (lead_id) JOIN identity_at(NULL) USING (lead_no)
        WHERE settled_at IS NULL
    ), asked AS (
        SELECT coalesce({SHOWN.replace("lead_", "f.lead_")}, w.lead_id) AS asked_id,
            coalesce(r.lead_id, w.lead_id) AS lead_id, c.root_no IS NOT NULL AS is_closed,
            coalesce(i.root_no IN (SELECT root_no FROM contested), FALSE) AS is_contested
        FROM wanted w LEFT JOIN leads f ON f.lead_id = w.lead_id LEFT JOIN identity_at(NULL) i ON i.lead_no = f.lead_no
        LEFT JOIN leads r ON r.lead_no = i.root_no LEFT JOIN closes c ON c.root_no = i.root_no
    )
    SELECT asked_id, lead_id, is_closed, is_contested, d.decision_id, d.disposition
    FROM asked LEFT JOIN decisions_latest d USING (lead_id) ORDER BY asked_id"""
OVERRULED = f"""
    WITH {CLOSES}, said AS (
        SELECT d.band, coalesce(json_extract_string(d.reasons, '$[0].rule'), 'no rule') AS rule, o.kind, i.root_no
        FROM overrides o JOIN decisions d USING (decision_id) JOIN leads f ON f.lead_id = o.lead_id
        JOIN identity_at(NULL) i ON i.lead_no = f.lead_no WHERE o.ended_at IS NULL
    ), won AS (
        SELECT DISTINCT root_no FROM outcomes JOIN identity_at(NULL) USING (lead_no) WHERE outcome = 'won'
    )
    SELECT band, rule, kind, count(DISTINCT said.root_no) AS leads, count(DISTINCT c.root_no) AS closed,
        count(DISTINCT w.root_no) AS won
    FROM said LEFT JOIN closes c USING (root_no) LEFT JOIN won w USING (root_no)
    GROUP BY band, rule, kind ORDER BY leads DESC, band, rule, kind"""
ENDED = f"""
    UPDATE overrides SET ended_at = $at, ended_by = $actor
    WHERE 'o' || entry_seq = $id AND ended_at IS NULL AND until > $at AND lead_id IN (
        WITH {CLOSES}
        SELECT f.lead_id FROM leads r JOIN identity_at(NULL) i ON i.root_no = r.lead_no
        JOIN leads f ON f.lead_no = i.lead_no
        WHERE ($lead IS NULL OR r.lead_id = $lead) AND i.root_no NOT IN (SELECT root_no FROM closes))"""
REPS = "SELECT DISTINCT assignee, pool FROM current_reps WHERE assignee IS NOT NULL ORDER BY assignee, pool"


class OverrideStore:
    """Rows of `overrides`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> pl.DataFrame:
        """Every word about every lead under its root's id, newest first, with `over_at`, when it is or was over."""
        return self._database.read(LISTED)

    def overruled(self) -> pl.DataFrame:
        """Decisions that people overruled, by band, rule and kind: how many leads, how many closed since, how many won.

        The rule is the first of the decision's reasons; words that somebody took back are none.
        """
        return self._database.read(OVERRULED)

    def reps(self, change: Change | None = None) -> list[tuple[str, str]]:
        """(assignee, pool) of every rep as they are known now."""
        return (change or self._database).read(REPS).rows()

    def found(self, cursor: Cursor, lead_ids: Sequence[str]) -> pl.DataFrame:
        """Of each lead asked for: asked_id as it may be shown, its root's lead_id, is_closed, is_contested, and the
        decision_id and disposition of its newest decision (null where there is none).
        """
        cursor.load("wanted", pl.DataFrame({"lead_id": sorted(set(lead_ids))}, schema={"lead_id": pl.String}))
        return cursor.read(FOUND)

    def put(self, change: Change, leads: pl.DataFrame, said: dict[str, Any]) -> str:
        """Write what is said of the leads (lead_id, decision_id); the id of the action."""
        values = {name: pl.lit(value) for name, value in said.items() if value is not None}
        change.insert("overrides", leads.with_columns(entry_seq=pl.lit(change.seq), **values))
        return f"o{change.seq}"

    def end(self, change: Change, override_id: str, lead_id: str | None, actor: str, moment: datetime) -> int:
        """End an action's words that stand, on one lead or on all, but not on those that closed; on how many."""
        given = {"at": naive(moment), "actor": actor, "id": override_id, "lead": lead_id}
        return change.execute(ENDED, given)
