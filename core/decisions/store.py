"""Decisions in the store: written once, in batches; read by lead, by time, by id."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.decisions import record as records
from core.decisions.arms import acted_with
from core.decisions.errors import DecisionUnknown, LeadUndecided
from core.decisions.record import Record
from core.decisions.states import Agreement, LeadState
from core.decisions.store_retention import seal
from core.kernel.database import Change, Cursor, Database
from core.kernel.times import naive, to_text

SLIM = """decision_id, lead_id, as_of, known_at, decided_at, arm, score, percentile, fit, engagement, fit_grade,
    engagement_grade, disposition, band, priority, prev_state, next_state, pool, assignee, sla_min, action, reasons,
    model_hash, policy_hash, feature_set_hash, hash, entry_seq, leaf_no"""
BEFORE = """
    SELECT s.row_no, nullif(d.moment, TIMESTAMP '0001-01-01'), d.band, d.band_since, d.state, d.state_since,
        d.agreed_pool, d.sla_min, d.agreed_since, d.breaches
    FROM spine_rows s ASOF JOIN (
        SELECT lead_id, moment, band_since, state_since, agreed_pool, sla_min, agreed_since, breaches,
            last_value(band IGNORE NULLS) OVER so_far AS band,
            last_value(next_state IGNORE NULLS) OVER so_far AS state
        FROM (SELECT *, coalesce(as_of, known_at, TIMESTAMP '0001-01-01') AS moment FROM decisions
              WHERE list_contains($arms, arm) AND lead_id IN (SELECT lead_id FROM spine_rows))
        WINDOW so_far AS (PARTITION BY lead_id ORDER BY moment, entry_seq, leaf_no ROWS UNBOUNDED PRECEDING)
        QUALIFY row_number() OVER (PARTITION BY lead_id, moment ORDER BY entry_seq DESC, leaf_no DESC) = 1
    ) d ON s.lead_id = d.lead_id AND s.moment > d.moment"""
STANDING = """
    SELECT lead_id, nullif(newest.moment, TIMESTAMP '0001-01-01'), band, newest.band_since, state, newest.state_since,
        newest.agreed_pool, newest.sla_min, newest.agreed_since, newest.breaches
    FROM (SELECT lead_id, arg_max({'moment': moment, 'band_since': band_since, 'state_since': state_since,
                    'agreed_pool': agreed_pool, 'sla_min': sla_min, 'agreed_since': agreed_since,
                    'breaches': breaches}, place)
                AS newest, arg_max(band, place) AS band, arg_max(next_state, place) AS state
          FROM (SELECT *, coalesce(as_of, known_at, TIMESTAMP '0001-01-01') AS moment,
                    row(coalesce(as_of, known_at, TIMESTAMP '0001-01-01'), entry_seq, leaf_no) AS place
                FROM decisions WHERE list_contains($arms, arm)) GROUP BY lead_id)"""
TOLD = """lead_id, as_of, known_at, arm, score, feature_set_hash,
    json_extract(record, '$.features')::VARCHAR AS features,
    json_extract(record, '$.inputs.score_age_min')::BIGINT AS score_age_min,
    json_extract(record, '$.inputs.feature_age_min')::BIGINT AS feature_age_min,
    json_extract(record, '$.inputs.model_ok')::BOOLEAN AS model_ok,
    json_extract(record, '$.evidence_tier')::BIGINT AS evidence_tier"""
COURSES = f"""
    SELECT {TOLD}, coalesce(as_of, known_at) AS moment, disposition, action,
        json_extract(record, '$.explored')::BOOLEAN AS explored,
        json_extract(record, '$.propensities')::VARCHAR AS propensities,
        json_extract(record, '$.inputs')::VARCHAR AS inputs
    FROM decisions WHERE arm <> 'shadow' AND lead_id NOT IN (
        SELECT l.lead_id FROM leads l JOIN lead_merges m ON m.from_no = l.lead_no WHERE m.known_until IS NULL)
    QUALIFY row_number() OVER (PARTITION BY lead_id, moment ORDER BY entry_seq DESC, leaf_no DESC) = 1
    ORDER BY moment NULLS FIRST, lead_id"""
WORDS = ("disposition", "band", "pool", "action")


@dataclass(frozen=True)
class Stored:
    """A decision as it lies in the store: its record's text and hash, and its place in a batch's Merkle tree.

    `sight` is what the choice of its assignee saw, where one was made.
    """

    decision_id: str
    text: str
    hash: str
    entry_seq: int
    leaf_no: int
    sight: str | None = None

    @property
    def record(self) -> Record:
        """The record, read from its text."""
        return records.read(self.text)


class DecisionStore:
    """The decisions table and its views."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, ids: Sequence[str], change: Change | None = None) -> frozenset[str]:
        """Those of the ids that are stored."""
        if change is None:
            with self._database.scratch() as cursor:
                return _known(cursor, ids)
        return _known(change, ids)

    def before(self, spine: pl.DataFrame, arm: str) -> dict[int, LeadState]:
        """By row number of the spine: the lead's newest decision before the row's as_of, else known_at.

        Of the arms that this one goes on from.
        """
        rows = spine.select("lead_id", pl.coalesce("as_of", "known_at").alias("moment")).with_row_index("row_no")
        with self._database.scratch() as cursor:
            cursor.load("spine_rows", rows)
            found = cursor.read(BEFORE, {"arms": list(acted_with(arm))})
        return {row[0]: _state(*row[1:]) for row in found.iter_rows()}

    def write(self, change: Change, frame: pl.DataFrame) -> None:
        """Insert a batch's rows in their order: they become the leaves of the change's ledger entry."""
        placed = frame.with_columns(
            pl.int_range(pl.len(), dtype=pl.Int32).alias("leaf_no"), pl.lit(change.seq).alias("entry_seq")
        )
        if "lead_no" not in placed.columns:
            change.load("decided_leads", frame.select("lead_id").unique())
            numbers = change.read("SELECT lead_id, lead_no FROM leads SEMI JOIN decided_leads USING (lead_id)")
            placed = placed.join(numbers, on="lead_id", how="left", maintain_order="left")
        change.insert("decisions", placed)

    def standing(self, arm: str, most: int) -> dict[str, LeadState] | None:
        """Where every lead stands, for decisions in this arm; None where that is more than `most` leads."""
        arms = list(acted_with(arm))
        if (
            self._database.scalar("SELECT count(DISTINCT lead_id) FROM decisions WHERE list_contains(?, arm)", [arms])
            > most
        ):
            return None
        return {lead: _state(*rest) for lead, *rest in self._database.read(STANDING, {"arms": arms}).iter_rows()}

    def summary(self, ids: Sequence[str]) -> dict[str, Any]:
        """count, and the number of decisions by disposition, band, pool and action, commonest first."""
        with self._database.scratch() as cursor:
            cursor.load("wanted_ids", pl.DataFrame({"decision_id": ids}, schema={"decision_id": pl.String}))
            source = "decisions SEMI JOIN wanted_ids USING (decision_id)"
            found: dict[str, Any] = {"count": cursor.scalar(f"SELECT count(*) FROM {source}")}
            for word in WORDS:
                rows = cursor.read(
                    f"SELECT {word}, count(*) FROM {source} WHERE {word} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
                )
                found[f"{word}s"] = dict(rows.rows())
        return found

    def count(self, arms: Sequence[str] | None = None) -> int:
        """How many decisions there are, in these arms or all."""
        sql = "SELECT count(*) FROM decisions WHERE $arms IS NULL OR list_contains($arms, arm)"
        return self._database.scalar(sql, {"arms": None if arms is None else list(arms)})

    def latest(self) -> pl.DataFrame:
        """One row a lead: its newest decision without the record, by priority from the top."""
        return self._database.read(
            f"SELECT {SLIM} FROM decisions_latest ORDER BY priority DESC NULLS LAST, score DESC, lead_id"
        )

    def newest(self, lead_id: str | None = None) -> pl.DataFrame:
        """One row a lead by its id, or of one lead: keys, arm, score and features (JSON) of its newest decision.

        score_age_min, feature_age_min and model_ok are what its policy was told, null where it did not ask;
        evidence_tier is the record's own.
        """
        return self._database.read(
            f"SELECT {TOLD} FROM decisions_latest WHERE $lead IS NULL OR lead_id = $lead ORDER BY lead_id",
            {"lead": lead_id},
        )

    def owned(self) -> pl.DataFrame:
        """lead_id and assignee of the newest decision of each lead that somebody has."""
        return self._database.read("SELECT lead_id, assignee FROM decisions_latest WHERE assignee IS NOT NULL")

    def population(self, decision_id: str, most: int) -> list[dict[str, Any]]:
        """Feature vectors by the decision's model, from its own batch and those before: the same rows for ever.

        At most `most` of them, chosen by their ids, which are hashes.
        """
        rows = self._database.read(
            """SELECT json_extract(record, '$.features')::VARCHAR AS features FROM decisions SEMI JOIN (
                   SELECT d.decision_id FROM decisions d JOIN decisions own USING (model_hash)
                   WHERE own.decision_id = $id AND d.entry_seq <= own.entry_seq ORDER BY 1 LIMIT $most
               ) chosen USING (decision_id) ORDER BY decision_id""",
            {"id": decision_id, "most": most},
        )
        return [dict(records.parse(text)) for text in rows["features"]]

    def courses(self) -> pl.DataFrame:
        """One row a moment and lead, in that order: the columns of `newest`, moment, action, disposition, and
        explored, propensities and inputs (JSON) as recorded; of several decisions at a moment the last one written.

        Leads that were merged into others are left out.
        """
        return self._database.read(COURSES)

    def history(self, lead_id: str) -> pl.DataFrame:
        """All decisions of a lead without the records, oldest first."""
        sql = f"SELECT {SLIM} FROM decisions WHERE lead_id = ? ORDER BY as_of NULLS FIRST, entry_seq, leaf_no"
        return self._database.read(sql, [lead_id])

    def contributions(self, decision_id: str) -> pl.DataFrame:
        """feature, points and value (as text) of a decision, in the model's order."""
        sql = "SELECT position, feature, points, value FROM contributions WHERE decision_id = ? ORDER BY position"
        return self._database.read(sql, [decision_id])

    def get(self, decision_id: str) -> Record:
        """The record of that id; raises DecisionUnknown."""
        return self.stored([decision_id])[0].record

    def of(self, lead_id: str) -> Record:
        """The newest decision of a lead; raises LeadUndecided."""
        return self.at(lead_id, None)

    def at(self, lead_id: str, moment: datetime | None) -> Record:
        """The decision that was in force at the moment (None: the newest); raises LeadUndecided."""
        limit = None if moment is None else naive(moment)
        text = self._database.scalar(
            """SELECT record FROM decisions
               WHERE lead_id = $lead AND arm <> 'shadow' AND ($limit IS NULL OR coalesce(as_of, decided_at) <= $limit)
               ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC LIMIT 1""",
            {"lead": lead_id, "limit": limit},
        )
        if text is None:
            raise LeadUndecided(lead_id, None if moment is None else to_text(moment))
        return records.read(text)

    def stored(self, ids: Sequence[str]) -> list[Stored]:
        """The stored forms of the ids, in their order; raises DecisionUnknown."""
        with self._database.scratch() as cursor:
            cursor.load("wanted_ids", pl.DataFrame({"decision_id": ids}, schema={"decision_id": pl.String}))
            found = cursor.read(
                """SELECT decision_id, record, hash, entry_seq, leaf_no, sight
                   FROM decisions SEMI JOIN wanted_ids USING (decision_id)"""
            )
        rows = {row[0]: Stored(*row) for row in found.iter_rows()}
        if missing := [wanted for wanted in ids if wanted not in rows]:
            raise DecisionUnknown(missing[0])
        return [rows[wanted] for wanted in ids]

    def all_ids(self) -> list[str]:
        """Every decision's id, in the order of writing."""
        sql = "SELECT decision_id FROM decisions ORDER BY entry_seq, leaf_no"
        return self._database.read(sql)["decision_id"].to_list()

    def gone(self, decision_id: str | None = None) -> list[tuple[str, int, int | None]]:
        """(decision_id, entry_seq, retired_seq) of those of which only the leaf is left, all or the one of that id."""
        sql = """SELECT decision_id, entry_seq, retired_seq FROM decisions_gone
            WHERE $id IS NULL OR decision_id = $id ORDER BY entry_seq, leaf_no"""
        return self._database.read(sql, {"id": decision_id}).rows()

    def retired(self, retired_seq: int | None) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """What the certificate in that ledger entry says of the leaves it covers, None without one; and what is so."""
        sql = """SELECT entry_seq, leaf_no, hash FROM decisions_gone
            WHERE retired_seq IS NOT DISTINCT FROM ? ORDER BY 1, 2"""
        said = "SELECT body FROM ledger WHERE seq = ? AND kind = 'decisions.retired'"
        body = self._database.scalar(said, [retired_seq])
        leaves = json.loads(body)["certificate"].get("leaves") if body else None
        return leaves, seal(self._database.read(sql, [retired_seq]).rows())

    def columns(self, ids: Sequence[str]) -> pl.DataFrame:
        """The typed columns of the ids, for comparison with their records."""
        with self._database.scratch() as cursor:
            cursor.load("wanted_ids", pl.DataFrame({"decision_id": ids}, schema={"decision_id": pl.String}))
            return cursor.read(f"SELECT {SLIM}, points FROM decisions SEMI JOIN wanted_ids USING (decision_id)")

    def leaves(self, entry_seq: int) -> list[str]:
        """The record hashes of a batch, gone records included, in the order of its Merkle tree."""
        sql = "SELECT hash FROM decision_leaves WHERE entry_seq = ? ORDER BY leaf_no"
        return self._database.read(sql, [entry_seq])["hash"].to_list()

    def told(self, entry_seq: int) -> dict[str, Any]:
        """What the ledger tells of a batch, its Merkle roots among it; empty where it has no such entry."""
        body = self._database.scalar("SELECT body FROM ledger WHERE seq = ? AND stream = 'decisions'", [entry_seq])
        return json.loads(body) if body else {}

    def existing(self, lead_ids: Sequence[str]) -> frozenset[str]:
        """Those of the leads that the store still has."""
        with self._database.scratch() as cursor:
            cursor.load("wanted_leads", pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}))
            return frozenset(cursor.read("SELECT lead_id FROM leads SEMI JOIN wanted_leads USING (lead_id)")["lead_id"])

    def attributes_for(self, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """By field name: the attribute of that name (or column name) and its type; personal ones are left out."""
        rows = self._database.read(
            """SELECT name, column_name, type FROM attribute_types
               WHERE NOT personal AND (list_contains($names, name) OR list_contains($names, column_name))""",
            {"names": list(names)},
        )
        return {(name if name in names else column): (name, kind) for name, column, kind in rows.iter_rows()}


def _state(
    moment: datetime | None, band: str | None, band_since: datetime | None, state: str | None,
    state_since: datetime | None, pool: str | None, sla_min: int | None, since: datetime | None, breaches: int | None,
) -> LeadState:  # fmt: skip
    agreed = Agreement(pool, sla_min, since, breaches or 0) if pool and sla_min is not None else None
    return LeadState(moment, band, band_since, state, state_since, agreed)


def _known(cursor: Cursor, ids: Sequence[str]) -> frozenset[str]:
    cursor.load("wanted_ids", pl.DataFrame({"decision_id": ids}, schema={"decision_id": pl.String}))
    return frozenset(
        cursor.read("SELECT decision_id FROM decision_leaves SEMI JOIN wanted_ids USING (decision_id)")["decision_id"]
    )
