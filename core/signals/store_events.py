"""Event rows into the log: missing ids derived, leads, kinds and accounts numbered, duplicates found by anti-join."""

import base64
from dataclasses import dataclass

import polars as pl

from core.kernel.database import Change
from core.signals import (
    store_corrections,
    store_erased,
    store_filters,
    store_gates,
    store_identity,
    store_layout,
    store_schemas,
    store_sources,
)
from core.signals.errors import TooManyTypes
from core.signals.event_rows import PERSONAL
from core.signals.properties import json_object, merged
from core.signals.raw import REJECTS, ROW, row_texts

KIND_LIMIT = 5_000
NO_OBJECT = " OR ".join(
    f"({name} IS NOT NULL AND (NOT json_valid({name}) OR left(ltrim({name}), 1) <> '{{'))"
    for name in ("properties", "context")
)
SAME = """{a}.type = {b}.type AND {a}.source = {b}.source AND {a}.occurred_at = {b}.occurred_at
    AND {a}.properties IS NOT DISTINCT FROM {b}.properties AND {a}.context IS NOT DISTINCT FROM {b}.context
    AND {a}.session_id IS NOT DISTINCT FROM {b}.session_id AND {a}.region IS NOT DISTINCT FROM {b}.region
    AND {a}.account_id IS NOT DISTINCT FROM {b}.account_id
    AND {a}.anonymous_id IS NOT DISTINCT FROM {b}.anonymous_id"""

AS_ORIGINAL = """(o.lead_no IS NOT DISTINCT FROM e.lead_no AND i.original_version = e.schema_version
    AND i.original IS NOT DISTINCT FROM e.properties AND i.type = e.type AND i.occurred_at = e.occurred_at)"""

DERIVE = """
CREATE OR REPLACE TEMP TABLE derived AS
SELECT row_no, 'd_' || left(CASE WHEN n = 1 THEN h ELSE sha256(h || ':' || n) END, 32) AS event_id
FROM (SELECT row_no, h, row_number() OVER (PARTITION BY h ORDER BY row_no) AS n
      FROM (SELECT row_no,
                   sha256(concat_ws(chr(30), lead_id, type, source, epoch_us(occurred_at)::VARCHAR, identity)) AS h
            FROM incoming WHERE event_id IS NULL))
"""
NONE_DERIVED = "CREATE OR REPLACE TEMP TABLE derived (row_no BIGINT)"
FILL = "UPDATE incoming SET event_id = d.event_id FROM derived d WHERE incoming.row_no = d.row_no"
LEADS_SEEN = """
CREATE OR REPLACE TEMP TABLE lead_of AS
SELECT s.lead_id, l.lead_no FROM (SELECT DISTINCT lead_id FROM incoming) s LEFT JOIN leads l ON l.lead_id = s.lead_id
"""
VERDICTS = f"""
CREATE OR REPLACE TEMP TABLE verdicts AS
WITH stored AS (
    SELECT i.row_no, i.event_id, i.row_no IN (SELECT row_no FROM derived)
        OR (o.lead_no IS NOT DISTINCT FROM e.lead_no AND {SAME.format(a="i", b="e")}) OR {{original}} AS same
    FROM incoming i
    JOIN (SELECT e.*, k.type, k.source, a.account_id FROM events e JOIN event_kinds k USING (kind_no)
          LEFT JOIN accounts a ON a.account_no = e.account_no) e USING (event_id)
    LEFT JOIN lead_of o USING (lead_id)),
repeats AS (SELECT event_id, min(row_no) AS first_row FROM incoming GROUP BY event_id HAVING count(*) > 1),
repeated AS (
    SELECT i.row_no, i.lead_id = f.lead_id AND {SAME.format(a="i", b="f")} AS same
    FROM repeats r JOIN incoming i USING (event_id) JOIN incoming f ON f.row_no = r.first_row
    WHERE i.row_no <> r.first_row AND r.event_id NOT IN (SELECT event_id FROM stored))
SELECT row_no, same FROM stored UNION ALL SELECT row_no, same FROM repeated
"""
NO_VERDICTS = "CREATE OR REPLACE TEMP TABLE verdicts (row_no BIGINT, same BOOLEAN)"
UNKNOWN_LEADS = "SELECT count(*) FROM lead_of WHERE lead_no IS NULL"
NEW_LEADS = """
INSERT INTO leads (lead_no, lead_id, created_at, batch_id, anonymous)
SELECT (SELECT coalesce(max(lead_no), 0) FROM leads) + row_number() OVER (ORDER BY first_at, lead_id),
       lead_id, first_at, $batch, unknown
FROM (SELECT i.lead_id, min(i.occurred_at) AS first_at,
             bool_and(i.lead_id IS NOT DISTINCT FROM i.anonymous_id) AS unknown
      FROM incoming i JOIN lead_of o USING (lead_id) WHERE o.lead_no IS NULL GROUP BY i.lead_id)
"""
KNOWN = """
UPDATE leads SET anonymous = false WHERE anonymous AND lead_id IN (
    SELECT lead_id FROM incoming WHERE lead_id IS DISTINCT FROM anonymous_id)
"""
IDENTIFYING = ("identify", "$identify", "alias")
IDENTIFIED = """
SELECT from_id, lead_id AS into_id, min(occurred_at) AS "at", min(received_at) AS received_at,
    lower(ltrim(type, '$')) AS origin, min_by(event_id, received_at) AS event_id
FROM (SELECT *, CASE WHEN lower(type) = 'alias' THEN json_extract_string(properties, '$.previousId')
                     ELSE anonymous_id END AS from_id
      FROM incoming WHERE lower(type) IN ('identify', '$identify', 'alias'))
WHERE from_id <> lead_id GROUP BY ALL
"""
EARLIER = """
UPDATE leads SET created_at = f.first_at
FROM (SELECT o.lead_no, min(i.occurred_at) AS first_at FROM incoming i JOIN lead_of o USING (lead_id)
      GROUP BY o.lead_no) f
WHERE leads.lead_no = f.lead_no AND f.first_at < leads.created_at
  AND leads.batch_id IN (SELECT batch_id FROM batches WHERE kind = 'events')
"""
NEW_KINDS = """
INSERT INTO event_kinds (kind_no, source, type)
SELECT (SELECT coalesce(max(kind_no), 0) FROM event_kinds) + row_number() OVER (ORDER BY source, type), source, type
FROM (SELECT DISTINCT source, type FROM incoming) ANTI JOIN event_kinds USING (source, type)
"""
FRESH_KINDS = "SELECT count(*) FROM (SELECT source, type FROM incoming) ANTI JOIN event_kinds USING (source, type)"
NEW_ACCOUNTS = """
INSERT INTO accounts (account_no, account_id)
SELECT (SELECT coalesce(max(account_no), 0) FROM accounts) + row_number() OVER (ORDER BY account_id), account_id
FROM (SELECT DISTINCT account_id FROM incoming WHERE account_id IS NOT NULL) ANTI JOIN accounts USING (account_id)
"""
LEAD_ACCOUNTS = """
INSERT INTO lead_accounts (lead_no, account_no, valid_from, received_at, origin, batch_id)
SELECT o.lead_no, a.account_no, min(i.occurred_at), min(i.received_at), 'event', $batch
FROM incoming i JOIN lead_of o USING (lead_id) JOIN accounts a USING (account_id)
WHERE NOT EXISTS (SELECT 1 FROM lead_accounts x
                  WHERE x.lead_no = o.lead_no AND x.account_no = a.account_no AND x.origin = 'event')
GROUP BY o.lead_no, a.account_no ORDER BY o.lead_no, a.account_no
"""
STRANGERS = """
SELECT CASE WHEN (SELECT count(*) FROM batches WHERE kind = 'leads') = 0 THEN 0 ELSE count(*) END
FROM incoming JOIN lead_of USING (lead_id) JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
WHERE NOT coalesce(l.anonymous, false) AND l.batch_id NOT IN (SELECT batch_id FROM batches WHERE kind = 'leads')
"""


@dataclass(frozen=True)
class Landed:
    """What became of the checked rows: counts, and the rows whose id is taken by another content.

    `strangers` counts stored events of leads that no leads file names, where leads files were loaded; `merged` counts
    ids that came to belong to another lead, `disputed` are the statements of identity that were refused. `conflicts`
    also has the rows of sources that are held back and of persons who were erased, `flagged` counts stored events that
    features leave out.
    """

    accepted: int
    duplicate: int
    new_leads: int
    strangers: int
    conflicts: pl.DataFrame
    merged: int
    disputed: pl.DataFrame
    flagged: int


def land(
    change: Change,
    rows: pl.DataFrame,
    batch_id: str,
    statements: pl.DataFrame | None = None,
    *,
    live: bool = False,
    all_new: bool = False,
) -> Landed:
    """Write the checked rows that the log does not hold yet; ids already there with other content are conflicts.

    `statements` are those of identity that an adapter found in the records (columns: store_identity.STATEMENTS).
    Of `live` rows the objects are known to be JSON, and nobody asks how many leads no leads file names; `all_new` says
    that no event_id is in the log or comes twice.
    """
    schemas = store_schemas.known(change)
    newest = store_schemas.upcast_rows(rows, schemas)
    upcast = "original" in newest.columns
    erased = store_erased.told_before(change, newest, pl.col("occurred_at"))
    unsealed = store_erased.without_personal(store_filters.marked(newest), erased)
    change.load("incoming", sealed(change, unsealed).rename({ROW: "row_no"}))
    invalid = pl.DataFrame(schema=REJECTS) if live else _invalid_objects(change)
    invalid = pl.concat([invalid, store_schemas.misfits(change)]) if schemas else invalid
    if "identity" in rows.columns:
        change.execute(DERIVE)
        change.execute(FILL)
    else:
        change.execute(NONE_DERIVED)
    change.execute(LEADS_SEEN)
    change.execute(NO_VERDICTS if all_new else VERDICTS.format(original=AS_ORIGINAL if upcast else "false"))
    invalid = pl.concat([store_erased.unsaid(invalid, erased), store_erased.refuse_events(change, erased)])
    judged, duplicate = change.read("SELECT count(*), count(*) FILTER (WHERE same) FROM verdicts").row(0)
    conflicts = pl.concat([invalid, _conflicts(change)]) if judged > duplicate else invalid
    if duplicate:
        store_gates.note_repeats(change)
    if judged:
        change.execute("DELETE FROM incoming WHERE row_no IN (SELECT row_no FROM verdicts)")
    rules = store_gates.Rules.of(change)
    held = store_gates.apply(change, rules, batch_id, repeats=bool(duplicate), live=live)
    accepted = change.scalar("SELECT count(*) FROM incoming")
    flagged = store_filters.apply(change, rules)
    new_leads = _number(change, rows, batch_id) if accepted else 0
    if accepted:
        store_layout.append(change, accepted, batch_id)
        store_corrections.land(change, rows, batch_id)
        if upcast:
            store_schemas.keep_originals(change, batch_id)
    store_sources.observe(change, batch_id, repeats=bool(duplicate))
    identity = store_identity.land(change, _statements(change, rows, statements), batch_id)
    strangers = change.scalar(STRANGERS) if accepted and not live else 0
    refused = pl.concat([conflicts, held])
    return Landed(accepted, duplicate, new_leads, strangers, refused, identity.merged, identity.conflicts, flagged)


def _statements(change: Change, rows: pl.DataFrame, found: pl.DataFrame | None) -> pl.DataFrame:
    """What the stored identify calls say of ids, with what an adapter found in the records that were stored."""
    calls = rows["type"].str.to_lowercase().is_in(IDENTIFYING)
    said = change.read(IDENTIFIED) if calls.any() else pl.DataFrame(schema=store_identity.STATEMENTS)
    if found is None or found.is_empty():
        return said
    stored = found.filter(pl.col(ROW).is_in(change.read("SELECT row_no FROM incoming")["row_no"].implode()))
    return pl.concat([said, stored.select(said.columns)], how="vertical_relaxed")


def _number(change: Change, rows: pl.DataFrame, batch_id: str) -> int:
    if change.scalar(FRESH_KINDS):
        _refuse_many_types(change)
        change.execute(NEW_KINDS)
    new_leads = change.execute(NEW_LEADS, {"batch": batch_id}) if change.scalar(UNKNOWN_LEADS) else 0
    change.execute(EARLIER)
    change.execute(KNOWN)
    if new_leads:
        change.execute(LEADS_SEEN)
    if rows["account_id"].null_count() < rows.height:
        change.execute(NEW_ACCOUNTS)
        change.execute(LEAD_ACCOUNTS, {"batch": batch_id})
    return new_leads


def _refuse_many_types(change: Change) -> None:
    found = change.scalar(
        "SELECT count(*) FROM (SELECT source, type FROM incoming UNION SELECT source, type FROM event_kinds)"
    )
    if found > KIND_LIMIT:
        raise TooManyTypes(found, KIND_LIMIT, change.scalar("SELECT min(type) FROM incoming"))


def sealed(change: Change, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their personal properties sealed under the lead's key, as {"sealed": BASE64} in properties."""
    names = [name for name in rows.columns if name.startswith(PERSONAL)]
    if not names:
        return rows
    leads = rows["lead_id"].to_list()
    members: dict[str, pl.Series] = {}
    for name in names:
        closed = change.seal(leads, [None if v is None else v.encode() for v in rows[name]])
        texts = [None if s is None else '{"sealed":"' + base64.b64encode(s).decode() + '"}' for s in closed]
        members[name.removeprefix(PERSONAL)] = pl.Series(texts, dtype=pl.String)
    extra = json_object(members, frozenset(members), rows.height)
    objects = [name for name in ("properties", "original") if name in rows.columns]
    return rows.drop(names).with_columns(merged(rows[name], extra).alias(name) for name in objects)


def _invalid_objects(change: Change) -> pl.DataFrame:
    """Rows whose properties or context are no JSON object; they leave `incoming`."""
    held = change.read(f"SELECT * FROM incoming WHERE {NO_OBJECT} ORDER BY row_no")
    if not held.is_empty():
        change.execute(f"DELETE FROM incoming WHERE {NO_OBJECT}")
    return _as_rejects(held, "invalid_properties", "`properties` or `context` is not a JSON object")


def _conflicts(change: Change) -> pl.DataFrame:
    held = change.read("SELECT i.* FROM incoming i JOIN verdicts v USING (row_no) WHERE NOT v.same ORDER BY i.row_no")
    return _as_rejects(held, "conflicting_duplicate", "its event_id was taken by an event with other content")


def _as_rejects(held: pl.DataFrame, code: str, detail: str) -> pl.DataFrame:
    if held.is_empty():
        return pl.DataFrame(schema=REJECTS)
    extra = ("row_no", "identity", store_filters.ROBOT, *store_schemas.ORIGINALS)
    raw = row_texts(held.drop(*extra, strict=False))
    return held.select("row_no", code=pl.lit(code), detail=pl.lit(detail), lead_id="lead_id", raw=pl.Series(raw))
