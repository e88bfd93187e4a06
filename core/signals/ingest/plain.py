"""Plain events: new ones of known kinds that say nothing of ids and leads. They need a place in the log, no more.

Whatever is not proved plain by the picture goes the way of a file (`store_events.land`); both leave the same store.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change
from core.kernel.times import naive
from core.signals import store_events, store_filters
from core.signals.event_rows import PERSONAL
from core.signals.ingest import store_picture
from core.signals.ingest.picture import (
    AHEAD,
    KnownLead,
    Picture,
    Pictured,
    Plain,
    Unplain,
    members,
    most_of_one,
    require_fit,
    widened,
)
from core.signals.store_events import IDENTIFYING

MOST_ROWS = 1_000
COLUMNS: dict[str, Any] = {
    "event_no": pl.Int64, "event_id": pl.String, "lead_no": pl.Int32, "kind_no": pl.Int16,
    "occurred_at": pl.Datetime("us"), "received_at": pl.Datetime("us"), "anonymous_id": pl.String,
    "account_no": pl.Int32, "region": pl.String, "session_id": pl.String, "properties": pl.String,
    "context": pl.String, "schema_version": pl.Int16, "batch_id": pl.String, "trace_id": pl.String,
}  # fmt: skip
TYPES: dict[str, Any] = {"number": pl.Float64, "text": pl.String, "boolean": pl.Boolean}
Row = dict[str, Any]


def land(change: Change, picture: Picture, rows: pl.DataFrame, batch_id: str, received_at: datetime) -> Plain | None:
    """Write the rows where all of them are plain; else None, with nothing written."""
    try:
        plain = _plain(change, picture, rows, batch_id)
    except Unplain:
        return None
    store_picture.write(change, plain, batch_id, naive(received_at))
    picture.add(plain)
    return plain


def _plain(change: Change, picture: Picture, rows: pl.DataFrame, batch_id: str) -> Plain:
    parts = picture.parts
    if parts is None or not parts.layout.true or not parts.layout.events or rows.height > MOST_ROWS:
        raise Unplain
    found = rows.rows(named=True)
    _require_sources(picture, parts, rows, batch_id)
    for row in found:
        _require_plain(parts, row)
    _require_robotless(rows)
    numbered, fresh = _numbered(change, picture, found)
    values = _values(parts, rows, found)
    sealed = store_events.sealed(change, rows)["properties"].to_list()
    for row, properties in zip(numbered, sealed, strict=True):
        row.update(properties=properties, kind_no=parts.kinds[row["source"], row["type"]], batch_id=batch_id)
    order = sorted(range(len(found)), key=lambda at: _place(numbered[at]))
    events = _events(parts, [numbered[at] for at in order], [values[at] for at in order])
    return Plain(
        events,
        fresh,
        _sources(parts, found),
        tuple(widened(parts.columns, values)),
        most_of_one(row["lead_no"] for row in numbered),
        parts.last_no + len(found),
    )


def _place(row: Row) -> tuple[Any, ...]:
    """The order of the log: `store_layout.ORDER`."""
    return row["lead_no"], row["occurred_at"], row["received_at"], row["event_id"]


def _require_sources(picture: Picture, parts: Pictured, rows: pl.DataFrame, batch_id: str) -> None:
    """The sources are let in, were counted in this batch before, and no gate of theirs is due to look at them."""
    for source, count in rows["source"].value_counts().iter_rows():
        contract = parts.rules.contracts.get(source)
        if source in parts.rules.waiting or (batch_id, source) not in parts.pairs:
            raise Unplain
        if contract and contract.burst_per_minute is not None:
            raise Unplain
        if contract and picture.unjudged[source] + count >= max(contract.least_rows // 2, 1):
            raise Unplain


def _require_plain(parts: Pictured, row: Row) -> None:
    named = row["corrects"] is not None or row["retracts"] is not None or row["event_id"] in parts.named
    is_erased = row["lead_id"] in parts.erased
    if named or is_erased or (row["source"], row["type"]) not in parts.kinds or row["type"].lower() in IDENTIFYING:
        raise Unplain


def _require_robotless(rows: pl.DataFrame) -> None:
    """No row's user agent is a known robot's."""
    if store_filters.marked(rows)[store_filters.ROBOT].any():
        raise Unplain


def _numbered(change: Change, picture: Picture, found: Sequence[Row]) -> tuple[list[Row], list[tuple[str, KnownLead]]]:
    """The rows with lead_no and account_no, and the leads that begin with them in the order of their numbers."""
    assert picture.parts is not None
    unknown = {row["lead_id"] for row in found} - picture.leads.keys()
    if unknown:
        picture.leads.update(store_picture.leads(change, sorted(unknown)))
    strangers = [row for row in found if row["lead_id"] not in picture.leads]
    fresh = _new_leads(picture, strangers)
    leads = picture.leads | dict(fresh) if fresh else picture.leads
    accounts = _accounts(change, picture, found)
    numbered = []
    for row in found:
        lead = leads[row["lead_id"]]
        _require_settled(lead, row)
        account = accounts.get((row["lead_id"], row["account_id"]))
        numbered.append({**row, "lead_no": lead.number, "account_no": account})
    return numbered, fresh


def _new_leads(picture: Picture, strangers: Sequence[Row]) -> list[tuple[str, KnownLead]]:
    assert picture.parts is not None
    begun: dict[str, KnownLead] = {}
    for row in strangers:
        visitor = row["lead_id"] == row["anonymous_id"]
        one = begun.get(row["lead_id"], KnownLead(0, row["occurred_at"], from_events=True, anonymous=True))
        first = min(one.created_at or row["occurred_at"], row["occurred_at"])
        begun[row["lead_id"]] = KnownLead(0, first, from_events=True, anonymous=one.anonymous and visitor)
    ordered = sorted(begun.items(), key=lambda pair: (pair[1].created_at, pair[0]))
    return [(lead, replace(one, number=picture.parts.last_lead + n)) for n, (lead, one) in enumerate(ordered, 1)]


def _require_settled(lead: KnownLead, row: Row) -> None:
    """The event neither makes its lead begin earlier nor a visitor known."""
    earlier = lead.from_events and lead.created_at is not None and row["occurred_at"] < lead.created_at
    if earlier or (lead.anonymous and row["lead_id"] != row["anonymous_id"]):
        raise Unplain


def _accounts(change: Change, picture: Picture, found: Sequence[Row]) -> dict[tuple[str, str], int]:
    asked = {(row["lead_id"], row["account_id"]) for row in found if row["account_id"] is not None}
    if unknown := asked - picture.memberships.keys():
        picture.memberships.update(store_picture.memberships(change, sorted(unknown)))
    if not asked <= picture.memberships.keys():
        raise Unplain
    return picture.memberships


def _values(parts: Pictured, rows: pl.DataFrame, found: Sequence[Row]) -> list[list[Any]]:
    """By row the values of the properties with a column; every member of the properties is known by name."""
    sealed = [name.removeprefix(PERSONAL) for name in rows.columns if name.startswith(PERSONAL)]
    columns = {held.property for held in parts.columns}
    if not parts.names.issuperset(sealed) or not columns.isdisjoint(sealed):
        raise Unplain
    values = []
    for row in found:
        given = members(row["properties"])
        if not parts.names.issuperset(given):
            raise Unplain
        if parts.schemas:
            require_fit(parts.schemas, row["type"], row["schema_version"], given)
        values.append([held.value(given.get(held.property)) for held in parts.columns])
    return values


def _sources(parts: Pictured, found: Sequence[Row]) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for source in dict.fromkeys(row["source"] for row in found):
        own = [row for row in found if row["source"] == source]
        occurred = [row["occurred_at"] for row in own]
        watermark = parts.newest[source] - parts.lateness[source]
        told[source] = {
            "events": len(own),
            "late": sum(moment < watermark for moment in occurred),
            "skewed": sum(row["occurred_at"] > row["received_at"] + AHEAD for row in own),
            "first_at": min(occurred),
            "last_at": max(occurred),
        }
    return told


def _events(parts: Pictured, rows: Sequence[Row], values: Sequence[Sequence[Any]]) -> pl.DataFrame:
    for number, row in enumerate(rows, parts.last_no + 1):
        row["event_no"] = number
    plain = [pl.Series(name, [row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()]
    held = [
        pl.Series(one.column, [row[place] for row in values], dtype=TYPES[one.type])
        for place, one in enumerate(parts.columns)
    ]
    return pl.DataFrame([*plain, *held])
