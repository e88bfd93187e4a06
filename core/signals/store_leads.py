"""Leads into the store: numbers, merged ids, accounts, and attribute values with their own times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from core.kernel.database import Change
from core.kernel.times import naive
from core.signals import store_erased, store_identity
from core.signals.lead_rows import ATTRIBUTE, BOOLEAN, NUMBER, PERSONAL, TIME, Attribute, PreparedLeads, listed
from core.signals.raw import ROW
from core.signals.typed_text import as_text

VALUE_COLUMNS = {
    "text": pl.String,
    "number": pl.Float64,
    "flag": pl.Boolean,
    "moment": pl.Datetime("us"),
    "sealed": pl.Binary,
}
COLUMN_OF = {NUMBER: "number", BOOLEAN: "flag", TIME: "moment"}

FORGET_MERGED = """
DELETE FROM coming WHERE lead_id IN (SELECT lead_id FROM leads JOIN lead_merges m ON m.from_no = lead_no
                                     WHERE m.origin = 'leads' AND m.known_until IS NULL)
"""
NEW_LEADS = """
INSERT INTO leads (lead_no, lead_id, created_at, created_order, batch_id)
SELECT (SELECT coalesce(max(lead_no), 0) FROM leads) + row_number() OVER (ORDER BY first_row), lead_id, created_at,
       created_order + (SELECT coalesce(max(created_order), 0) FROM leads), $batch
FROM (SELECT lead_id, min(row_no) AS first_row, min(created_at) AS created_at, min(created_order) AS created_order
      FROM coming ANTI JOIN leads USING (lead_id) GROUP BY lead_id)
"""
ADOPT = """
UPDATE leads
SET created_at = coalesce(c.created_at, leads.created_at), created_order = c.created_order, batch_id = $batch
FROM (SELECT lead_id, min(created_at) AS created_at, min(created_order) AS created_order FROM coming GROUP BY lead_id) c
WHERE leads.lead_id = c.lead_id AND leads.batch_id IN (SELECT batch_id FROM batches WHERE kind = 'events')
"""
SEEN_BEFORE = """
CREATE OR REPLACE TEMP TABLE seen_before AS
SELECT lead_no FROM leads JOIN batches USING (batch_id) WHERE kind = 'leads' AND lead_id IN (SELECT lead_id FROM coming)
"""
NEW_ACCOUNTS = """
INSERT INTO accounts (account_no, account_id)
SELECT (SELECT coalesce(max(account_no), 0) FROM accounts) + row_number() OVER (ORDER BY account_id), account_id
FROM (SELECT DISTINCT coalesce(account_id, account_domain) AS account_id FROM coming)
ANTI JOIN accounts USING (account_id) WHERE account_id IS NOT NULL
"""
DOMAIN_ACCOUNTS = """
INSERT INTO lead_accounts (lead_no, account_no, valid_from, received_at, origin, batch_id)
SELECT l.lead_no, a.account_no, t.at, t.at, 'domain', $batch
FROM coming c JOIN leads l USING (lead_id) JOIN accounts a ON a.account_id = c.account_domain,
     LATERAL (SELECT coalesce(c.known_at, CASE WHEN l.lead_no IN (SELECT lead_no FROM seen_before) THEN $now::TIMESTAMP
                                               ELSE l.created_at END) AS at) t
WHERE c.account_id IS NULL AND NOT EXISTS (SELECT 1 FROM lead_accounts x
    WHERE x.lead_no = l.lead_no AND x.account_no = a.account_no AND x.origin = 'domain')
ORDER BY l.lead_no, t.at
"""
LEAD_ACCOUNTS = """
INSERT INTO lead_accounts (lead_no, account_no, valid_from, received_at, origin, batch_id)
SELECT l.lead_no, a.account_no, t.at, t.at, 'leads', $batch
FROM coming c JOIN leads l USING (lead_id) JOIN accounts a USING (account_id),
     LATERAL (SELECT coalesce(c.known_at, CASE WHEN l.lead_no IN (SELECT lead_no FROM seen_before) THEN $now::TIMESTAMP
                                               ELSE l.created_at END) AS at) t
WHERE a.account_no IS DISTINCT FROM (
          SELECT max_by(x.account_no, coalesce(x.received_at, TIMESTAMP '1900-01-01')) FROM lead_accounts x
          WHERE x.lead_no = l.lead_no AND x.origin = 'leads'
            AND coalesce(x.received_at, TIMESTAMP '1900-01-01') <= coalesce(t.at, TIMESTAMP '1900-01-01'))
  AND NOT EXISTS (SELECT 1 FROM lead_accounts x WHERE x.lead_no = l.lead_no AND x.account_no = a.account_no
                  AND x.origin = 'leads' AND x.received_at IS NOT DISTINCT FROM t.at)
ORDER BY l.lead_no, t.at
"""
CURRENT = """
CREATE OR REPLACE TEMP TABLE current_values AS
SELECT lead_no, name, unnest(max_by({'text': text, 'number': number, 'flag': flag, 'moment': moment, 'sealed': sealed},
                                    coalesce(received_at, TIMESTAMP '1900-01-01')))
FROM attributes WHERE lead_no IN (SELECT lead_no FROM leads JOIN coming USING (lead_id)) GROUP BY lead_no, name
"""
NEW_VALUES = """
CREATE OR REPLACE TEMP TABLE new_values AS
SELECT l.lead_no, v.name, v.text, v.number, v.flag, v.moment, v.sealed,
       coalesce(c.known_at, CASE WHEN l.lead_no IN (SELECT lead_no FROM seen_before)
                                      AND v.name IN (SELECT name FROM attribute_types) THEN $now::TIMESTAMP
                                 ELSE l.created_at END) AS known_at
FROM coming_values v JOIN coming c USING (row_no) JOIN leads l USING (lead_id)
LEFT JOIN current_values x ON x.lead_no = l.lead_no AND x.name = v.name
WHERE x.lead_no IS NULL OR x.text IS DISTINCT FROM v.text OR x.number IS DISTINCT FROM v.number
   OR x.flag IS DISTINCT FROM v.flag OR x.moment IS DISTINCT FROM v.moment OR x.sealed IS DISTINCT FROM v.sealed
"""
NOT_STORED = """
DELETE FROM new_values n USING attributes a
WHERE a.lead_no = n.lead_no AND a.name = n.name AND a.valid_from IS NOT DISTINCT FROM n.known_at
  AND a.text IS NOT DISTINCT FROM n.text AND a.number IS NOT DISTINCT FROM n.number
  AND a.flag IS NOT DISTINCT FROM n.flag
  AND a.moment IS NOT DISTINCT FROM n.moment AND a.sealed IS NOT DISTINCT FROM n.sealed
"""
INSERT_VALUES = """
INSERT INTO attributes (lead_no, name, text, number, flag, moment, sealed, valid_from, received_at, batch_id)
SELECT lead_no, name, text, number, flag, moment, sealed, known_at, known_at, $batch FROM new_values
ORDER BY lead_no, name, known_at
"""
MERGED = """
SELECT a.alias_id AS from_id, a.lead_id AS into_id, NULL::TIMESTAMP AS "at", 'leads' AS origin, NULL AS event_id,
       coalesce(c.known_at, CASE WHEN l.lead_no IN (SELECT lead_no FROM seen_before) THEN $now::TIMESTAMP END,
                l.created_at, $always::TIMESTAMP) AS received_at
FROM coming_aliases a JOIN leads l ON l.lead_id = a.lead_id
LEFT JOIN (SELECT lead_id, min(known_at) AS known_at FROM coming GROUP BY lead_id) c ON c.lead_id = a.lead_id
"""
TOUCHED = """
SELECT count(*) FROM coming c JOIN leads l USING (lead_id) WHERE l.batch_id = $batch
   OR l.lead_no IN (SELECT lead_no FROM new_values)
   OR l.lead_no IN (SELECT lead_no FROM lead_accounts WHERE batch_id = $batch)
   OR l.lead_no IN (SELECT into_no FROM lead_merges WHERE batch_id = $batch)
"""


@dataclass(frozen=True)
class LandedLeads:
    """What became of the checked leads: rows that brought something, rows that did not, new leads, new merges.

    `disputed` are the statements of identity that were refused, `erased` the rows of persons who were erased.
    """

    accepted: int
    duplicate: int
    new_leads: int
    merged: int
    disputed: pl.DataFrame
    erased: pl.DataFrame


def land(change: Change, prepared: PreparedLeads, batch_id: str, now: datetime) -> LandedLeads:
    """Write the leads; a value that differs from the one held is appended and known from its own time or from now.

    A row of a person who was erased must be dated after that: by when it was known, else by when the lead came.
    """
    params = {"batch": batch_id}
    erased = store_erased.told_before(change, prepared.rows, pl.coalesce("known_at", "created_at"))
    if not erased.is_empty():
        kept = ~pl.col(ROW).is_in(erased["row_no"].implode())
        prepared = replace(prepared, rows=prepared.rows.filter(kept))
    _load(change, prepared)
    change.execute(FORGET_MERGED)
    change.execute(SEEN_BEFORE)
    adopted = change.execute(ADOPT, params)
    new_leads = change.execute(NEW_LEADS, params)
    said = change.read(MERGED, {"now": naive(now), "always": store_identity.ALWAYS})
    identity = store_identity.land(change, said, batch_id)
    change.execute(NEW_ACCOUNTS)
    change.execute(LEAD_ACCOUNTS, {**params, "now": naive(now)})
    change.execute(DOMAIN_ACCOUNTS, {**params, "now": naive(now)})
    change.execute(CURRENT)
    change.execute(NEW_VALUES, {"now": naive(now)})
    change.execute(NOT_STORED)
    change.execute(INSERT_VALUES, params)
    declare(change, prepared.attributes)
    accepted = change.scalar(TOUCHED, params)
    coming = prepared.rows.height
    merged_rows = prepared.merged_rows if identity.merged or new_leads or adopted else 0
    left = coming - accepted + prepared.merged_rows - merged_rows
    refused = store_erased.as_rejects(erased)
    return LandedLeads(accepted + merged_rows, left, new_leads, identity.merged, identity.conflicts, refused)


def _load(change: Change, prepared: PreparedLeads) -> None:
    rows = prepared.rows.rename({ROW: "row_no"})
    known = ("row_no", "lead_id", "created_at", "created_order", "known_at", "account_id", "account_domain")
    change.load("coming", rows.select(known))
    change.load("coming_values", long_values(change, rows, prepared.attributes))
    aliases = {"alias_id": list(prepared.merged), "lead_id": list(prepared.merged.values())}
    change.load("coming_aliases", pl.DataFrame(aliases, schema={"alias_id": pl.String, "lead_id": pl.String}))


def long_values(change: Change, rows: pl.DataFrame, attributes: Sequence[Attribute]) -> pl.DataFrame:
    """One row a present value: row_no, name and the column of its type, personal ones sealed under `lead_id`."""
    stored = {
        n: (kind, sealed)
        for n, kind, sealed in change.read("SELECT name, type, personal FROM attribute_types").iter_rows()
    }
    parts = []
    for attribute in attributes:
        kind, personal = stored.get(attribute.name, (attribute.type, False))
        sealed = personal or attribute.personal
        parts.append(_sealed(change, rows, attribute.name) if sealed else _open(rows, attribute, kind))
    empty = pl.DataFrame(schema={"row_no": pl.Int64, "name": pl.String, **VALUE_COLUMNS})
    return pl.concat([empty, *parts], how="diagonal")


def _open(rows: pl.DataFrame, attribute: Attribute, kind: str) -> pl.DataFrame:
    """The values under the type that the attribute has in the store; what does not fit it stays as text."""
    present = rows.filter(pl.col(ATTRIBUTE + attribute.name).is_not_null())
    column, name = present[ATTRIBUTE + attribute.name], pl.lit(attribute.name).alias("name")
    if kind == attribute.type:
        return present.select("row_no", name, column.alias(COLUMN_OF.get(kind, "text")))
    text = as_text(column).alias("text")
    found = present.select("row_no", name, text)
    if kind != NUMBER:
        return found
    number = text.cast(pl.Float64, strict=False)
    fits = number.is_finite().fill_null(False)
    return found.select("row_no", "name", pl.when(~fits).then("text"), number=pl.when(fits).then(number))


def _sealed(change: Change, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    column = PERSONAL + name if PERSONAL + name in rows.columns else ATTRIBUTE + name
    present = rows.filter(pl.col(column).is_not_null())
    sealed = change.seal(present["lead_id"].to_list(), [text.encode() for text in as_text(present[column])])
    return present.select("row_no", pl.lit(name).alias("name")).with_columns(
        pl.Series("sealed", sealed, dtype=pl.Binary)
    )


def declare(change: Change, attributes: Sequence[Attribute]) -> None:
    """Add new attribute names to the dictionary; a known one keeps its type, and once personal stays so."""
    change.load("coming_types", listed(attributes))
    change.execute(
        "INSERT INTO attribute_types BY NAME SELECT * FROM coming_types ANTI JOIN attribute_types USING (name)"
    )
    change.execute(
        "UPDATE attribute_types SET personal = true FROM coming_types c "
        "WHERE attribute_types.name = c.name AND c.personal AND NOT attribute_types.personal"
    )
