"""Outcomes into the store: from events, from a file, or from an attribute of the leads; each once."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.kernel.database import Change
from core.kernel.expressions import Field, Kind, Schema, parse
from core.signals.outcome_rows import COLUMN, PreparedOutcomes
from core.signals.schema import EVENTS, event_column

ATTRIBUTE_KINDS = {"number": Kind.NUMBER, "boolean": Kind.BOOL, "time": Kind.TIME, "category": Kind.TEXT}
ATTRIBUTE_COLUMNS = {"number": "number", "boolean": "flag", "time": "moment", "category": "text"}

MATCHED = """
CREATE OR REPLACE TEMP TABLE matched AS
SELECT c.row_no, l.lead_no, i.root_no, c.outcome, c.closed_at, c.received_at, c.amount, c.worked, c.worked_at
FROM decided c LEFT JOIN leads l USING (lead_id) LEFT JOIN identity_at(NULL) i USING (lead_no)
"""
FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT m.lead_no, m.outcome, m.closed_at, m.received_at, m.amount, min(m.row_no) AS row_no
FROM matched m WHERE m.lead_no IS NOT NULL AND m.outcome IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM outcomes o JOIN identity_at(NULL) i USING (lead_no)
    WHERE i.root_no = m.root_no AND o.outcome = m.outcome
       AND o.closed_at IS NOT DISTINCT FROM m.closed_at AND o.amount IS NOT DISTINCT FROM m.amount)
GROUP BY m.lead_no, m.outcome, m.closed_at, m.received_at, m.amount
"""
INSERT = """
INSERT INTO outcomes (lead_no, outcome, closed_at, received_at, amount, batch_id)
SELECT lead_no, outcome, closed_at, received_at, amount, $batch FROM fresh ORDER BY lead_no, closed_at, row_no
"""
FRESH_WORK = """
CREATE OR REPLACE TEMP TABLE fresh_work AS
SELECT m.lead_no, m.worked, m.worked_at, max(m.received_at) AS received_at, min(m.row_no) AS row_no
FROM matched m WHERE m.lead_no IS NOT NULL AND m.worked IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM lead_work w JOIN identity_at(NULL) i USING (lead_no)
    WHERE i.root_no = m.root_no AND w.worked = m.worked
       AND w.worked_at IS NOT DISTINCT FROM m.worked_at)
GROUP BY m.lead_no, m.worked, m.worked_at
"""
INSERT_WORK = """
INSERT INTO lead_work (lead_no, worked, worked_at, received_at, batch_id)
SELECT lead_no, worked, worked_at, received_at, $batch FROM fresh_work ORDER BY lead_no, worked_at, row_no
"""
COUNTS = """
SELECT count(*), count(*) FILTER (WHERE lead_no IS NULL), count(*) FILTER (WHERE brought),
       count(*) FILTER (WHERE lead_no IS NOT NULL AND NOT brought AND outcome IS NULL AND worked IS NULL)
FROM (SELECT *, row_no IN (SELECT row_no FROM fresh UNION ALL SELECT row_no FROM fresh_work) AS brought FROM matched)
"""
BEFORE_CREATION = """
SELECT count(*) FROM fresh f JOIN leads l USING (lead_no) WHERE f.closed_at < l.created_at
"""
REVISED = """
SELECT count(DISTINCT f.lead_no) FROM fresh f JOIN outcomes o USING (lead_no) WHERE o.outcome <> f.outcome
"""


@dataclass(frozen=True)
class LandedOutcomes:
    """What became of the records: stored, already there, of unknown leads, undecided, closed before created, revised.

    revised: leads that are now said to have ended otherwise than before.
    """

    accepted: int
    duplicate: int
    unmatched: int
    open: int
    before_creation: int
    revised: int

    @property
    def read(self) -> int:
        """All records looked at."""
        return self.accepted + self.duplicate + self.unmatched + self.open


def from_file(
    change: Change, prepared: PreparedOutcomes, conditions: Mapping[str, str], worked: str | None, batch_id: str
) -> LandedOutcomes:
    """Outcomes of a file's checked records; raises ExpressionInvalid for a condition that does not fit its columns.

    `worked` is the condition on which a record's lead was worked; None: its own fields say so.
    """
    places = {field.name: f"c{place}" for place, field in enumerate(prepared.fields)}
    change.load("coming", prepared.rows.rename({COLUMN + name: place for name, place in places.items()}))
    schema = Schema(prepared.fields)
    outcome = _case(conditions, schema, lambda field: places[field.name]) if conditions else "word"
    was_worked = parse(worked, schema).to_sql(lambda field: places[field.name]) if worked else "worked"
    change.execute(
        f"CREATE OR REPLACE TEMP TABLE decided AS "
        f"SELECT row_no, lead_id, closed_at, received_at, amount, {outcome} AS outcome, {was_worked} AS worked, "
        f"worked_at FROM coming"
    )
    return _land(change, batch_id)


def from_events(change: Change, conditions: Mapping[str, str], worked: str | None, batch_id: str) -> LandedOutcomes:
    """Each lead's outcome is its earliest event that meets a condition, at that event's time.

    `worked` is the condition of the events by which a lead is worked: one with an outcome and no such event was not.
    """
    cases = _case(conditions, EVENTS, event_column)
    rank = " ".join(f"WHEN '{_text(name)}' THEN {position}" for position, name in enumerate(conditions))
    change.execute(
        f"CREATE OR REPLACE TEMP TABLE decided AS "
        f"SELECT event_no AS row_no, lead_id, occurred_at AS closed_at, received_at, NULL::DOUBLE AS amount, outcome, "
        f"NULL::BOOLEAN AS worked, NULL::TIMESTAMP AS worked_at "
        f"FROM (SELECT *, {cases} AS outcome FROM event_log) WHERE outcome IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY occurred_at, CASE outcome {rank} END, event_no) = 1"
    )
    if worked:
        _say_worked(change, parse(worked, EVENTS).to_sql(event_column))
    return _land(change, batch_id)


def _say_worked(change: Change, condition: str) -> None:
    """Give the decided leads what the events say of work, and the leads without an outcome a record of it."""
    change.execute(
        f"CREATE OR REPLACE TEMP TABLE worked_leads AS SELECT lead_id, min(occurred_at) AS worked_at, "
        f"min(received_at) AS received_at, min(event_no) AS row_no FROM event_log WHERE {condition} GROUP BY lead_id"
    )
    change.execute(
        "UPDATE decided SET worked = lead_id IN (SELECT lead_id FROM worked_leads), worked_at = "
        "(SELECT w.worked_at FROM worked_leads w WHERE w.lead_id = decided.lead_id)"
    )
    change.execute(
        "INSERT INTO decided SELECT -w.row_no, w.lead_id, NULL, w.received_at, NULL, NULL, true, w.worked_at "
        "FROM worked_leads w ANTI JOIN decided USING (lead_id)"
    )


def from_column(
    change: Change, conditions: Mapping[str, str], at: str | None, worked: str | None, batch_id: str
) -> LandedOutcomes:
    """Outcomes that an attribute of the leads says; `at` names the attribute that holds their time."""
    types = dict(change.read("SELECT name, type FROM attribute_types WHERE NOT personal ORDER BY name").iter_rows())
    schema = Schema([Field(name, ATTRIBUTE_KINDS[kind]) for name, kind in types.items()])
    asked = [*conditions.values(), *([worked] if worked else [])]
    used = {name for text in asked for name in parse(text, schema).fields} | ({at} if at else set())
    places = {name: f"c{place}" for place, name in enumerate(sorted(used))}
    columns = ", ".join(f"{_latest(name, types.get(name, 'time'))} AS {place}" for name, place in places.items())
    outcome = _case(conditions, schema, lambda field: places[field.name])
    was_worked = parse(worked, schema).to_sql(lambda field: places[field.name]) if worked else "NULL::BOOLEAN"
    moment = places[at] if at else "NULL::TIMESTAMP"
    change.execute(
        f"CREATE OR REPLACE TEMP TABLE decided AS "
        f"SELECT lead_no AS row_no, lead_id, {moment} AS closed_at, {moment} AS received_at, NULL::DOUBLE AS amount, "
        f"{outcome} AS outcome, {was_worked} AS worked, NULL::TIMESTAMP AS worked_at "
        f"FROM (SELECT l.lead_no, l.lead_id, {columns} FROM identity_at(NULL) i "
        f"JOIN attributes USING (lead_no) JOIN leads l ON l.lead_no = i.root_no GROUP BY l.lead_no, l.lead_id)"
    )
    return _land(change, batch_id)


def _latest(name: str, kind: str) -> str:
    column = ATTRIBUTE_COLUMNS[kind]
    return f"max_by({column}, coalesce(received_at, TIMESTAMP '1900-01-01')) FILTER (WHERE name = '{_text(name)}')"


def _case(conditions: Mapping[str, str], schema: Schema, column: object) -> str:
    parts = [
        f"WHEN {parse(text, schema).to_sql(column)} THEN '{_text(name)}'"  # type: ignore[arg-type]
        for name, text in conditions.items()
    ]
    return f"CASE {' '.join(parts)} END"


def _land(change: Change, batch_id: str) -> LandedOutcomes:
    change.execute(MATCHED)
    change.execute(FRESH)
    change.execute(FRESH_WORK)
    total, unmatched, accepted, undecided = change.read(COUNTS).row(0)
    early, revised = change.scalar(BEFORE_CREATION), change.scalar(REVISED)
    change.execute(INSERT, {"batch": batch_id})
    change.execute(INSERT_WORK, {"batch": batch_id})
    return LandedOutcomes(accepted, total - unmatched - undecided - accepted, unmatched, undecided, early, revised)


def _text(value: str) -> str:
    return value.replace("'", "''")
