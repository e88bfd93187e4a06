"""Quarantined records through the gate again, with a corrected mapping or after the cause is gone."""

import json
import tempfile
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.kernel.workers import PARSING, run_in_worker
from core.signals import store_batches, store_leads, store_outcomes, store_quarantine, store_reps, store_traits
from core.signals.errors import MappingInvalid
from core.signals.event_rows import Prepared, prepare_events
from core.signals.identity import REFUSED
from core.signals.lead_rows import prepare_leads
from core.signals.mapping import Mapping
from core.signals.outcome_rows import prepare_outcomes
from core.signals.raw import LIVE, ReadOptions
from core.signals.redriving_claims import redrive_claims
from core.signals.redriving_held import are_held, redrive_held
from core.signals.rep_rows import prepare_reps
from core.signals.store_batches import Batch
from core.signals.store_erased import ERASED
from core.signals.store_quarantine import Quarantine

HOPELESS = (ERASED, "conflicting_duplicate", "unparsed_row", "wrong_field_count", "open_quote")
PREPARE = {"events": prepare_events, "leads": prepare_leads, "outcomes": prepare_outcomes, "reps": prepare_reps}
MAPPED = ("schema_mismatch",)
"""Reasons that are found after the mapping: what waits is the canonical record."""
TEXTUAL = ("csv", "xes")


@dataclass(frozen=True)
class Redriven:
    """What became of the records: `quarantined` wait on, among them those that no mapping can help (`hopeless`)."""

    read: int
    accepted: int
    duplicate: int
    quarantined: int
    hopeless: int

    def to_json(self) -> dict[str, int]:
        """The numbers as commands print them."""
        return vars(self)


@dataclass(frozen=True)
class _Group:
    """Waiting records of one batch, as JSON lines that the gate reads again."""

    rows: pl.DataFrame
    kind: str
    path: str
    adapter: str
    stored: dict[str, Any]


def redrive(db: Database, ids: list[str], mapping: Table[str, Any] | None, actor: str) -> Redriven:
    """Send the waiting rows of the batches or quarantine ids through the gate; those that pass are marked redriven.

    `mapping` replaces the one that the batch was loaded with; raises UnknownQuarantine and the mapping's refusals.
    """
    found = Quarantine(db).chosen(ids)
    total = Redriven(0, 0, 0, 0, 0)
    claimed = pl.col("code").is_in(REFUSED) & pl.col("raw").is_not_null()
    claims = found.filter(claimed)
    if not claims.is_empty():
        passed = redrive_claims(db, claims, actor)
        total = Redriven(claims.height, passed, 0, claims.height - passed, 0)
    held = are_held(found)
    for rows in found.filter(held).partition_by("batch_id", maintain_order=True):
        accepted, duplicate, waiting = redrive_held(db, rows, actor)
        total = _sum(total, Redriven(rows.height, accepted, duplicate, waiting, 0))
    records = found.filter(~claimed & ~held)
    live = pl.col("path").str.starts_with(LIVE)
    mapped = (pl.col("code").is_in(MAPPED) & ~live).alias("mapped")
    for rows in records.with_columns(mapped).partition_by("batch_id", "mapped", maintain_order=True):
        stored = {} if rows["mapped"][0] else json.loads(rows["mapping"][0] or "{}")
        adapter = "generic" if rows["mapped"][0] else rows["adapter"][0] or "generic"
        group = _Group(rows, rows["kind"][0], rows["path"][0], adapter, stored)
        done = _redrive_batch(db, group, mapping, actor)
        total = _sum(total, done)
    return total


def _sum(one: Redriven, other: Redriven) -> Redriven:
    return Redriven(*(a + b for a, b in zip(vars(one).values(), vars(other).values(), strict=True)))


def _redrive_batch(db: Database, group: _Group, given: Table[str, Any] | None, actor: str) -> Redriven:
    able = group.rows.filter(~pl.col("code").is_in(HOPELESS) & pl.col("raw").str.starts_with("{").fill_null(False))
    hopeless = group.rows.height - able.height
    if able.is_empty():
        return Redriven(hopeless, 0, 0, hopeless, hopeless)
    mapping = Mapping.of({**_mapping_of(group.stored), **(given or {})})
    prepared = _prepared(db, group, mapping, able["raw"].to_list())
    with db.change("signals", f"{group.kind}.redriven", actor) as change:
        now = db.clock.now()
        prepared = _known_from(prepared, now) if group.path.startswith(LIVE) else prepared
        batch = Batch(group.kind, group.path, prepared.adapter, prepared.content_hash, mapping.to_json(), actor, now)
        return replace(_land(change, batch, group, prepared, able), hopeless=hopeless)


def _mapping_of(stored: Table[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name not in ("conditions", "column", "at", "format")}


def _prepared(db: Database, group: _Group, mapping: Mapping, raws: list[str]) -> Any:
    textual = group.stored.get("format") in TEXTUAL
    given = "generic" if mapping.columns else "jsonl" if group.adapter == "xes" else group.adapter
    options = ReadOptions(group.kind, given, max_field_bytes=db.settings.max_field_bytes, textual=textual)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "redriven.jsonl"
        path.write_text("".join(raw + "\n" for raw in raws), encoding="utf-8")
        return run_in_worker(PREPARE[group.kind], str(path), mapping, options, db.clock.now(), limits=PARSING)


def _known_from(prepared: Prepared, now: datetime) -> Prepared:
    """Events that came over HTTP and were refused are known from now on, whatever they say themselves.

    Now is inside the change: what is decided while they are read has not seen them.
    """
    known = pl.lit(naive(now), dtype=pl.Datetime("us")).alias("received_at")
    traits = prepared.traits and replace(prepared.traits, rows=prepared.traits.rows.with_columns(known))
    rows, links = prepared.rows.with_columns(known), prepared.links.with_columns(known)
    return replace(prepared, rows=rows, links=links, traits=traits)


def _land(change: Change, batch: Batch, group: _Group, prepared: Any, able: pl.DataFrame) -> Redriven:
    batch_id = store_batches.next_batch_id(change)
    accepted, duplicate, conflicts = _written(change, batch, group, prepared, batch_id)
    waiting = set(prepared.rejects["row_no"]) | set(conflicts)
    passed = [each for row, each in enumerate(able["quarantine_id"], 1) if row not in waiting]
    store_quarantine.mark(change, passed, store_quarantine.REDRIVEN)
    counts = {"read": able.height, "accepted": accepted, "duplicate": duplicate, "quarantined": len(waiting)}
    store_batches.write_batch(change, batch, batch_id, counts)
    if not passed:
        change.abandon()
    left = group.rows.height - len(passed)
    return Redriven(group.rows.height, accepted, duplicate, left, 0)


def _written(change: Change, batch: Batch, group: _Group, prepared: Any, batch_id: str) -> tuple[int, int, list[int]]:
    if group.kind == "events":
        events = store_traits.land_with_events(change, prepared, batch_id)
        return events.accepted, events.duplicate, events.conflicts["row_no"].to_list()
    if group.kind == "leads":
        leads = store_leads.land(change, prepared, batch_id, batch.imported_at)
        return leads.accepted, leads.duplicate + prepared.duplicate, leads.erased["row_no"].to_list()
    if group.kind == "reps":
        accepted, duplicate = store_reps.land(change, prepared.rows, batch_id, batch.imported_at)
        return accepted, duplicate + prepared.duplicate, []
    conditions = group.stored.get("conditions") or {}
    if not isinstance(conditions, dict):
        raise MappingInvalid("conditions", conditions, "a table of outcome: condition")
    outcomes = store_outcomes.from_file(change, prepared, conditions, group.stored.get("worked_if"), batch_id)
    return outcomes.accepted, outcomes.duplicate + outcomes.unmatched + outcomes.open, []
