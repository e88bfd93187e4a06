"""Where outcomes come from, and their import."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.kernel.canonical import digest
from core.kernel.database import Change, Database
from core.signals import store_batches, store_erased, store_outcomes
from core.signals.checks import Finding, plural
from core.signals.errors import MappingInvalid
from core.signals.importing import Request, batch_of, counts, erased, prepare, refuse_if_nothing, settle
from core.signals.imports import Import
from core.signals.mapping import Mapping
from core.signals.outcome_rows import PreparedOutcomes, prepare_outcomes
from core.signals.store_batches import Batch
from core.signals.store_outcomes import LandedOutcomes


@dataclass(frozen=True)
class OutcomeSource:
    """One origin of outcomes: a file (`path`), events (`from_events`), or an attribute of the leads (`column`).

    `conditions` are outcome → condition, tried in order; a record that meets none is open. For a file without
    conditions its outcome column is read. `worked` is the condition on which a lead was worked.
    """

    conditions: Table[str, str] = field(default_factory=dict)
    path: Path | None = None
    mapping: Mapping = field(default_factory=Mapping)
    format: str | None = None
    column: str | None = None
    at: str | None = None
    worked: str | None = None

    @classmethod
    def of(cls, given: Table[str, Any], folder: Path = Path()) -> "OutcomeSource":
        """The source that a recipe's block writes; raises MappingInvalid."""
        events, path, column = given.get("from_events"), given.get("path"), given.get("column")
        if sum(origin is not None for origin in (events, path, column)) != 1:
            raise MappingInvalid("outcomes", dict(given), "one of `from_events`, `path` or `column`")
        conditions = events or {name: given[name] for name in ("won", "lost") if given.get(name) is not None}
        conditions = {
            name: str(text).lower() if isinstance(text, bool) else str(text) for name, text in conditions.items()
        }
        reading = {name: given[name] for name in ("dates", "delimiter") if given.get(name)}
        mapping = Mapping.of({"map": given.get("map") or {}, **reading})
        place = None if path is None else (Path(path) if Path(path).is_absolute() else folder / path)
        return cls(conditions, place, mapping, given.get("format"), column, given.get("at"), given.get("worked_if"))

    @property
    def name(self) -> str:
        """How results call it: the file's path, `column NAME`, or `events`."""
        return str(self.path) if self.path else f"column {self.column}" if self.column else "events"


def outcome_keys(given: Table[str, Any] | None) -> dict[str, Any]:
    """What a mapping file says of outcomes, as a recipe's block: bare fields are gathered under `map`."""
    given = dict(given or {})
    outer = {
        name: given.pop(name)
        for name in ("map", "won", "lost", "worked_if", "format", "dates", "delimiter")
        if name in given
    }
    return outer | {"map": {**given, **(outer.get("map") or {})}}


def import_outcomes(db: Database, source: OutcomeSource, request: Request) -> Import:
    """Store the outcomes that the source tells; nothing is written where all are known.

    Raises the readers' and the mapping's refusals, and ExpressionInvalid for a condition that does not fit.
    """
    prepared = _prepared(db, source, request)
    with db.change("signals", "outcomes.imported", request.actor) as change:
        batch = _batch(db, source, request, prepared)
        result = _land(change, source, batch, prepared)
        settle(change, request, result)
    return replace(result, batch_id=None) if change.abandoned else result


def _prepared(db: Database, source: OutcomeSource, request: Request) -> PreparedOutcomes | None:
    if source.path is None:
        return None
    prepared: PreparedOutcomes = prepare(db, request, "outcomes", prepare_outcomes)
    refuse_if_nothing(request.path, prepared.read, prepared.rows, prepared.rejects)
    return prepared


def _batch(db: Database, source: OutcomeSource, request: Request, prepared: PreparedOutcomes | None) -> Batch:
    if prepared is not None:
        return replace(
            batch_of(db, request, "outcomes", prepared), mapping={**_told(source), "format": prepared.format}
        )
    told = _told(source)
    adapter = "column" if source.column else "events"
    return Batch("outcomes", source.name, adapter, digest(told), told, request.actor, db.clock.now())


def _told(source: OutcomeSource) -> dict[str, Any]:
    told = {"conditions": dict(source.conditions), "column": source.column, "at": source.at}
    return {**source.mapping.to_json(), **told, **({"worked_if": source.worked} if source.worked else {})}


def _land(change: Change, source: OutcomeSource, batch: Batch, prepared: PreparedOutcomes | None) -> Import:
    batch_id = store_batches.next_batch_id(change)
    landed = _landed(change, source, prepared, batch_id)
    rejects = None if prepared is None else store_erased.unkept(change, prepared.rejects)
    held, known = (0, 0) if rejects is None else store_batches.quarantine(change, batch, batch_id, rejects)
    result = Import(
        batch.path,
        "outcomes",
        landed.read + held + known,
        landed.accepted,
        landed.duplicate + known,
        held,
        landed.unmatched,
        landed.open,
        batch_id=batch_id,
        adapter=batch.adapter,
        reasons={} if rejects is None else store_batches.reasons(rejects),
        warnings=(*_warnings(landed), *(() if rejects is None else erased(rejects))),
    )
    store_batches.write_batch(change, batch, batch_id, counts(result))
    return result


def _landed(change: Change, source: OutcomeSource, prepared: PreparedOutcomes | None, batch_id: str) -> LandedOutcomes:
    if prepared is not None:
        return store_outcomes.from_file(change, prepared, source.conditions, source.worked, batch_id)
    if source.column is not None:
        return store_outcomes.from_column(change, source.conditions, source.at, source.worked, batch_id)
    return store_outcomes.from_events(change, source.conditions, source.worked, batch_id)


def _warnings(landed: LandedOutcomes) -> tuple[Finding, ...]:
    found = []
    if landed.unmatched:
        message = f"{plural(landed.unmatched, 'outcome record')} without a known lead"
        found.append(Finding("unmatched_records", "lead_id", message, "Check that both files use the same lead ids."))
    if landed.before_creation:
        message = f"{plural(landed.before_creation, 'outcome')} closed before the lead was created"
        found.append(Finding("impossible_time", "at", message, "They stay as they are; check the source's clocks."))
    if landed.revised:
        message = f"{plural(landed.revised, 'lead')} had another outcome on record"
        remedy = "Both records are kept and the earlier one counts; correct the source where the later one is right."
        found.append(Finding("outcome_revised", "outcome", message, remedy))
    return tuple(found)
