"""Schemas of events in the store: registered versions, and incoming events brought to the newest of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from core.kernel.canonical import canonical
from core.kernel.database import Change, Cursor, Database
from core.kernel.times import naive
from core.signals.raw import REJECTS, row_texts
from core.signals.schemas.compatibility import changes
from core.signals.schemas.document import EVERY, EventSchema, of
from core.signals.schemas.errors import SchemaBreaks, SchemaVersionTaken, SchemaVersionWrong
from core.signals.schemas.upcasting import upcast
from core.signals.store_filters import ROBOT

MISMATCH = "schema_mismatch"
WORDS = {"VARCHAR": "text", "BOOLEAN": "a truth value", "OBJECT": "an object", "ARRAY": "a list"}
Known = Mapping[str, Sequence[EventSchema]]
KNOWN = "SELECT document FROM event_schemas ORDER BY type, version"
LIST = """
SELECT s.type, s.version, s.content_hash, s.document, s.registered_at, s.actor,
       s.version = max(s.version) OVER (PARTITION BY s.type) AS newest, coalesce(c.events, 0) AS events
FROM event_schemas s
LEFT JOIN (SELECT k.type, e.schema_version, count(*) AS events FROM events e JOIN event_kinds k USING (kind_no)
           WHERE k.type IN (SELECT type FROM event_schemas) GROUP BY ALL) c
    ON c.type = s.type AND c.schema_version = s.version
ORDER BY s.type, s.version DESC
"""
KINDS = {
    "text": "{kind} = 'VARCHAR'",
    "number": "{kind} IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')",
    "decimal": "{kind} IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')",
    "boolean": "{kind} = 'BOOLEAN'",
    "time": "{kind} = 'VARCHAR' AND TRY_CAST({text} AS TIMESTAMPTZ) IS NOT NULL",
}
MISFIT = """
SELECT i.row_no, i.lead_id, d.property, d.type, d.version, {kind} AS found FROM incoming i JOIN declared_properties d
    ON d.event_type = '*' OR (d.event_type = i.type AND d.version = i.schema_version)
WHERE CASE coalesce({kind}, 'NULL') WHEN 'NULL' THEN d.required
      WHEN 'OBJECT' THEN json_extract({value}, '$.sealed') IS NULL
      ELSE NOT (CASE d.type {cases} END) END
QUALIFY row_number() OVER (PARTITION BY i.row_no ORDER BY d.event_type, d.property) = 1 ORDER BY i.row_no
"""
KEEP_ORIGINALS = """
INSERT INTO event_originals SELECT event_id, original_version, original, $batch FROM incoming
WHERE original_version IS NOT NULL ORDER BY event_id
"""
ORIGINALS = ("original", "original_version")


def known(cursor: Cursor) -> dict[str, list[EventSchema]]:
    """Every registered version by type, oldest first."""
    found: dict[str, list[EventSchema]] = {}
    for text in cursor.read(KNOWN)["document"]:
        schema = of(json.loads(text))
        found.setdefault(schema.type, []).append(schema)
    return found


def listed(db: Database) -> pl.DataFrame:
    """type, version, content_hash, document, registered_at, actor, newest and events (stored ones of that version)."""
    return db.read(LIST)


def register(db: Database, schema: EventSchema, actor: str) -> bool:
    """Keep a new version; whether it was new. The same document again changes nothing.

    Raises SchemaVersionTaken, SchemaVersionWrong, and SchemaBreaks where it breaks what the version before wrote.
    """
    with db.change("signals", "schema.registered", actor) as change:
        earlier = known(change).get(schema.type, [])
        if any(one.content_hash == schema.content_hash for one in earlier):
            change.abandon()
            return False
        found = _checked(schema, earlier)
        row = {
            "type": schema.type,
            "version": schema.version,
            "content_hash": schema.content_hash,
            "document": canonical(schema.content).decode(),
            "registered_at": naive(db.clock.now()),
            "actor": actor,
        }
        change.insert("event_schemas", pl.DataFrame([row], schema_overrides={"version": pl.Int16}))
        change.body.update({name: row[name] for name in ("type", "version", "content_hash")})
        change.body["changes"] = [f"{one.kind} {one.name}" for one in found]
    return True


def _checked(schema: EventSchema, earlier: Sequence[EventSchema]) -> list[Any]:
    if any(one.version == schema.version for one in earlier):
        raise SchemaVersionTaken(schema)
    if not earlier:
        return []
    if schema.version != earlier[-1].version + 1:
        raise SchemaVersionWrong(schema, earlier[-1].version)
    found = changes(earlier[-1], schema)
    if broken := [one for one in found if one.breaks]:
        raise SchemaBreaks(schema, broken)
    return found


def upcast_rows(rows: pl.DataFrame, registered: Known) -> pl.DataFrame:
    """The rows with their properties at the newest version of their type.

    What a row was before stands in `original` and `original_version`, which are there only where a row has changed.
    """
    schemas = {name: versions for name, versions in registered.items() if name != EVERY}
    newest = {name: versions[-1].version for name, versions in schemas.items()}
    if not newest or rows.is_empty():
        return rows
    to = pl.col("type").replace_strict(newest, default=None, return_dtype=pl.Int16)
    old = rows.select((pl.col("schema_version") < to).fill_null(False)).to_series()
    if not bool(old.any()):
        return rows
    places = old.arg_true()
    held = rows[places].select("type", "schema_version", "properties")
    made = pl.Series(
        [_upcast(name, version, text, schemas) for name, version, text in held.iter_rows()], dtype=pl.String
    )
    return rows.with_columns(
        rows["properties"].clone().scatter(places, made),
        schema_version=pl.when(old).then(to).otherwise("schema_version"),
        original=pl.when(old).then("properties"),
        original_version=pl.when(old).then("schema_version"),
    )


def _upcast(name: str, version: int, text: str | None, schemas: Known) -> str | None:
    try:
        properties = json.loads(text or "{}")
    except ValueError:
        return text
    if not isinstance(properties, dict):
        return text
    made = upcast(properties, [one for one in schemas[name] if one.version > version])
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")) if made else None


def misfits(change: Change) -> pl.DataFrame:
    """Incoming events whose declared properties are missing or of another type, as rejects; they leave `incoming`."""
    value = """json_extract(i.properties, '$."' || d.property || '"')"""
    parts = {"kind": f"json_type({value})", "text": f"json_extract_string({value}, '$')", "value": f"({value})"}
    cases = " ".join(f"WHEN '{name}' THEN {test.format(**parts)}" for name, test in KINDS.items())
    found = change.read(MISFIT.format(cases=cases, **parts))
    if found.is_empty():
        return pl.DataFrame(schema=REJECTS)
    change.load("misfits", found.select("row_no"))
    held = change.read("SELECT i.* FROM incoming i SEMI JOIN misfits USING (row_no) ORDER BY row_no")
    change.execute("DELETE FROM incoming WHERE row_no IN (SELECT row_no FROM misfits)")
    details = [_detail(row) for row in found.iter_rows(named=True)]
    raw = row_texts(held.drop("row_no", "identity", ROBOT, *ORIGINALS, strict=False))
    return found.select(
        "row_no",
        code=pl.lit(MISMATCH),
        detail=pl.Series(details),
        lead_id="lead_id",
        raw=pl.Series(raw, dtype=pl.String),
    )


def _detail(row: Mapping[str, Any]) -> str:
    if row["found"] in (None, "NULL"):
        return f"`{row['property']}` is missing, which version {row['version']} of its type requires"
    word = WORDS.get(row["found"], "a number")
    return f"`{row['property']}` is {word}, where version {row['version']} of its type has {row['type']}"


def keep_originals(change: Change, batch_id: str) -> None:
    """Keep what the events of `incoming` were before they were brought to the newest version."""
    change.execute(KEEP_ORIGINALS, {"batch": batch_id})
