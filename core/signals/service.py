"""The signals room as other rooms use it: imports, and the views that they read."""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl

from core.kernel.database import Database
from core.kernel.workers import Progress
from core.signals import importing, outcomes, redriving, reps, store_layout, store_reps, store_schemas
from core.signals.importing import Request
from core.signals.imports import Import
from core.signals.mapping import Mapping
from core.signals.outcomes import OutcomeSource, outcome_keys
from core.signals.redriving import Redriven
from core.signals.schemas import document
from core.signals.schemas.document import EventSchema
from core.signals.store_identities import Identities
from core.signals.store_layout import Compacted, Layout
from core.signals.store_quarantine import Quarantine
from core.signals.store_sources import Sources
from core.signals.store_views import Views

Mapped = Mapping | Table[str, Any] | None


class Signals:
    """Imports into the store and reads from it; every import is one transaction with one ledger entry."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.views = Views(db)
        self.held = Quarantine(db)
        self.identities = Identities(db)
        self.sources = Sources(db)

    def import_events(
        self,
        path: Path | str,
        mapping: Mapped = None,
        *,
        format: str | None = None,
        actor: str,
        dry_run: bool = False,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> Import:
        """Load a file of events; a dry run gives the same numbers and writes nothing."""
        return importing.import_events(self.db, _request(path, mapping, actor, format, dry_run, progress, cancel))

    def import_leads(
        self,
        path: Path | str,
        mapping: Mapped = None,
        *,
        format: str | None = None,
        actor: str,
        dry_run: bool = False,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> Import:
        """Load a file of leads with their attributes; a dry run gives the same numbers and writes nothing."""
        return importing.import_leads(self.db, _request(path, mapping, actor, format, dry_run, progress, cancel))

    def import_outcomes(
        self,
        source: OutcomeSource | Table[str, Any],
        *,
        folder: Path = Path(),
        actor: str,
        dry_run: bool = False,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> Import:
        """Store outcomes from a file, from events or from a column of the leads; `source` as a recipe writes it."""
        told = source if isinstance(source, OutcomeSource) else OutcomeSource.of(source, folder)
        request = _request(told.path or told.name, told.mapping, actor, told.format, dry_run, progress, cancel)
        return outcomes.import_outcomes(self.db, told, request)

    def import_file(
        self,
        kind: str,
        path: Path | str,
        given: Table[str, Any] | None = None,
        *,
        format: str | None = None,
        actor: str,
        dry_run: bool = False,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> Import:
        """Load a file of `kind` with what a mapping file says; kinds: events, leads, reps, outcomes (won, lost too)."""
        common = {"actor": actor, "dry_run": dry_run, "progress": progress, "cancel": cancel}
        if kind == "outcomes":
            return self.import_outcomes({**outcome_keys(given), "path": str(path), "format": format}, **common)
        if kind == "reps":
            asked = _request(path, given, actor, format, dry_run, progress, cancel)
            return reps.import_reps(self.db, asked)
        load = self.import_events if kind == "events" else self.import_leads
        return load(path, given, format=format, **common)

    def schemas(self) -> pl.DataFrame:
        """type, version, content_hash, document, registered_at, actor, newest and events of every schema version."""
        return store_schemas.listed(self.db)

    def register_schema(self, text: str, file: str, *, actor: str) -> tuple[EventSchema, bool]:
        """Keep the schema that a YAML text declares; the schema, and whether it was new.

        Raises DocumentInvalid, SchemaInvalid, SchemaVersionTaken, SchemaVersionWrong and SchemaBreaks.
        """
        schema = document.read(text, file)
        return schema, store_schemas.register(self.db, schema, actor)

    def quarantine(self, state: str = "waiting") -> pl.DataFrame:
        """What is in quarantine: quarantine_id, batch_id, kind, path, row_no, code, detail, lead_id, state, time."""
        return self.held.list(state)

    def quarantine_raw(self, ids: Sequence[str]) -> pl.DataFrame:
        """The waiting rows of the batches or quarantine ids given, with their raw records opened."""
        return self.held.chosen(ids)

    def redrive(self, ids: Sequence[str] | str, mapping: Table[str, Any] | None = None, *, actor: str) -> Redriven:
        """Send waiting rows through the gate again, by batch or quarantine id."""
        return redriving.redrive(self.db, [ids] if isinstance(ids, str) else list(ids), mapping, actor)

    def discard(self, ids: Sequence[str] | str, *, reason: str, actor: str) -> int:
        """Give up waiting rows, by batch or quarantine id; the number of rows."""
        return self.held.discard([ids] if isinstance(ids, str) else list(ids), reason, actor)

    def unmerge(self, lead_id: str, *, reason: str, actor: str) -> str:
        """Separate an id from the lead that it belongs to, from now on; that lead's id."""
        return self.identities.unmerge(lead_id, reason, actor)

    def reps(self, known_at: datetime | None = None) -> pl.DataFrame:
        """Who takes leads as known at a moment: assignee, pool, per_day, max_open, calendar, territory, received_at."""
        return store_reps.current(self.db, known_at)

    def compact(self, *, actor: str) -> Compacted:
        """Write the log anew in the order of lead and time; one transaction, one ledger entry, no event changes."""
        return store_layout.compact(self.db, actor)

    def layout(self) -> Layout:
        """How the log lies: events in all, those of its tail, and whether a compaction is due."""
        return store_layout.layout(self.db)

    def last_event_at(self) -> datetime | None:
        """The latest moment of any event (naive UTC), null where there is none."""
        return self.views.last_event_at()

    def lead_frame(self) -> pl.DataFrame:
        """Every lead: lead_id, created_at (naive UTC or null), created_order (or null), in order of lead_no."""
        return self.views.leads()

    def outcome_frame(self) -> pl.DataFrame:
        """Each decided lead's first outcome: lead_id, outcome, at, received_at (naive UTC or null), amount."""
        return self.views.outcomes()

    def work_frame(self) -> pl.DataFrame:
        """Each lead of which it is said whether it was worked: lead_id, worked, worked_at (naive UTC or null)."""
        return self.views.work()

    def events_of(self, lead_id: str, limit: int = 1_000) -> pl.DataFrame:
        """A lead's events, latest first, merged ids included."""
        return self.views.events_of(lead_id, limit)

    def attributes_wide(self) -> pl.DataFrame:
        """One row a lead with its latest open attributes, one column each; personal ones are left out."""
        return self.views.attributes_wide()

    def summary(self) -> dict[str, Any]:
        """Counts of what the store holds, and the span of its events."""
        return self.views.summary()


def _request(
    path: Path | str,
    mapping: Mapped,
    actor: str,
    file_format: str | None,
    dry_run: bool,
    progress: Progress | None,
    cancel: Event | None,
) -> Request:
    laid = mapping if isinstance(mapping, Mapping) else Mapping.of(mapping)
    return Request(Path(path), laid, actor, file_format, dry_run, progress, cancel)
