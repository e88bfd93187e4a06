"""The golden files of the adapters: what each gives, as one JSON object that a person can check."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from core.signals.event_rows import Prepared, prepare_events
from core.signals.lead_rows import PreparedLeads, prepare_leads
from core.signals.mapping import Mapping
from core.signals.outcome_rows import prepare_outcomes
from core.signals.raw import ROW, ReadOptions

FOLDER = Path(__file__).parents[1] / "cases" / "adapters"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENTS = sorted(p for p in FOLDER.rglob("*") if p.suffix in (".jsonl", ".tsv", ".xes", ".json") or "plain" in p.parts)
EVENTS = [path for path in EVENTS if path.is_file() and not path.name.startswith("expected")]
LEADS = sorted(path for path in FOLDER.rglob("*.csv") if "plain" not in path.parts)
JSON_FIELDS = ("properties", "context")


def expected(path: Path) -> dict[str, Any]:
    return json.loads(path.with_name(f"expected_{path.name.replace('.', '_')}.json").read_text())


def events_of(path: Path) -> dict[str, Any]:
    """Adapter, canonical rows, rejects, links and traits that a file of events gives."""
    return shown(prepare_events(str(path), Mapping(), ReadOptions(), NOW))


def shown(found: Prepared) -> dict[str, Any]:
    traits = [] if found.traits is None else rows(found.traits.rows)
    return {
        "adapter": found.adapter,
        "events": rows(found.rows.drop("identity", strict=False)),
        "rejects": rows(found.rejects.select("row_no", "code", "detail")),
        "links": rows(found.links),
        "traits": traits,
    }


def leads_of(path: Path) -> dict[str, Any]:
    """Adapter, leads, merged ids and outcomes that a file of leads gives."""
    leads: PreparedLeads = prepare_leads(str(path), Mapping(), ReadOptions(), NOW)
    outcomes = prepare_outcomes(str(path), Mapping(), ReadOptions(), NOW)
    told = outcomes.rows.select("lead_id", "word", "closed_at").filter(pl.col("word").is_not_null())
    return {
        "adapter": leads.adapter,
        "leads": rows(leads.rows),
        "merged": leads.merged,
        "outcomes": rows(told),
    }


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows with JSON text as objects and without missing values."""
    return [
        {name: json.loads(v) if name in JSON_FIELDS else str(v) if isinstance(v, datetime) else v
         for name, v in row.items() if v is not None}
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip


__all__ = ["EVENTS", "LEADS", "NOW", "ROW", "events_of", "expected", "leads_of", "shown"]
