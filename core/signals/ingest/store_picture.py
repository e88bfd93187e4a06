"""The store's side of the picture: what it is read from, and the few statements that plain events need."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from core.kernel.database import Change, Cursor
from core.signals import store_layout, store_properties, store_schemas
from core.signals.contracts import LATENESS_HOURS
from core.signals.ingest.picture import Held, KnownLead, Picture, Pictured, Plain
from core.signals.raw import LIVE
from core.signals.store_gates import Rules

KINDS = "SELECT source, type, kind_no FROM event_kinds"
NAMES = "SELECT property FROM event_properties"
BOUNDS = "SELECT property, low, high FROM event_properties WHERE column_name IS NOT NULL"
WORDS = "SELECT property, word FROM event_words"
NAMED = "SELECT correction_id FROM event_corrections UNION SELECT root_id FROM event_corrections"
ERASED = "SELECT DISTINCT lead_id FROM erased_ids"
NEWEST = "SELECT source, max(last_at) FROM source_batches GROUP BY source"
STREAMS = """
SELECT path, adapter, batch_id, imported_at FROM batches WHERE kind = 'events' AND starts_with(path, $live)
QUALIFY row_number() OVER (PARTITION BY path, adapter ORDER BY batch_id DESC) = 1
"""
PAIRS = "SELECT batch_id, source FROM source_batches WHERE list_contains($batches, batch_id)"
LAST_LEAD = "SELECT coalesce(max(lead_no), 0) FROM leads"
LEADS = """
SELECT l.lead_id, l.lead_no, l.created_at, coalesce(b.kind = 'events', false), coalesce(l.anonymous, false)
FROM leads l LEFT JOIN batches b USING (batch_id) WHERE l.lead_id IN (SELECT unnest($ids))
"""
ACCOUNTS = """
SELECT l.lead_id, a.account_id, a.account_no
FROM (SELECT unnest($leads) AS lead_id, unnest($accounts) AS account_id) asked
JOIN leads l USING (lead_id) JOIN accounts a USING (account_id)
JOIN lead_accounts x ON x.lead_no = l.lead_no AND x.account_no = a.account_no AND x.origin = 'event'
"""
ADD_LAYOUT = "UPDATE log_layout SET events = events + $events, heaviest_lead = heaviest_lead + $most, last_no = $last"
ADD_SOURCE = """
UPDATE source_batches SET events = events + $events, late = late + $late, skewed = skewed + $skewed,
    first_at = least(first_at, $first_at), last_at = greatest(last_at, $last_at),
    last_received_at = greatest(last_received_at, $received_at) WHERE batch_id = $batch_id AND source = $source
"""
WIDEN = "UPDATE event_properties SET low = least(low, $low), high = greatest(high, $high) WHERE property = $name"


def follow(picture: Picture, change: Change, revision: str) -> None:
    """Bring the picture to what the change sees, where the signals moved since; `revision` is theirs."""
    if picture.revision != revision:
        picture.take(_read(change), revision)


def _read(change: Change) -> Pictured:
    rules, layout = Rules.of(change), store_layout.layout(change)
    streams = change.read(STREAMS, {"live": LIVE}).rows()
    batches = [batch_id for _, _, batch_id, _ in streams]
    newest = dict(change.read(NEWEST).rows())
    return Pictured(
        kinds={(source, kind): number for source, kind, number in change.read(KINDS).rows()},
        names=set(change.read(NAMES)["property"]),
        columns=_columns(change),
        named=frozenset(change.read(NAMED)["correction_id"]),
        erased=frozenset(change.read(ERASED)["lead_id"]),
        schemas=store_schemas.known(change),
        rules=rules,
        newest=newest,
        lateness={source: _lateness(rules, source) for source in newest},
        streams={(path, adapter): (batch_id, at) for path, adapter, batch_id, at in streams},
        pairs=set(change.read(PAIRS, {"batches": batches}).rows()) if batches else set(),
        layout=layout,
        last_no=change.scalar(f"SELECT {store_layout.LAST_NO}"),
        last_lead=change.scalar(LAST_LEAD),
    )


def _columns(change: Change) -> list[Held]:
    held = store_properties.columns(change)
    if not held:
        return []
    bounds = {name: (low, high) for name, low, high in change.read(BOUNDS).rows()}
    words: dict[str, set[str]] = {}
    for name, word in change.read(WORDS).rows():
        words.setdefault(name, set()).add(word)
    return [
        Held(one.property, one.column, one.type, *bounds[one.property], words.get(one.property, set())) for one in held
    ]


def _lateness(rules: Rules, source: str) -> timedelta:
    contract = rules.contracts.get(source)
    return timedelta(hours=contract.lateness_hours if contract else LATENESS_HOURS)


def leads(cursor: Cursor, ids: Sequence[str]) -> dict[str, KnownLead]:
    """Those of the leads that the store has."""
    return {lead_id: KnownLead(*rest) for lead_id, *rest in cursor.rows(LEADS, {"ids": list(ids)})}


def memberships(cursor: Cursor, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The numbers of the accounts that the leads are noted to belong to, by (lead, account), of those asked for."""
    leads, accounts = zip(*asked, strict=True)
    found = cursor.rows(ACCOUNTS, {"leads": list(leads), "accounts": list(accounts)})
    return {(lead, account): number for lead, account, number in found}


def write(change: Change, plain: Plain, batch_id: str, received_at: datetime) -> None:
    """Append the events and their new leads, and add them to the numbers of source and log."""
    if plain.new_leads:
        rows = [(one.number, lead_id, one.created_at, batch_id, one.anonymous) for lead_id, one in plain.new_leads]
        names = ("lead_no", "lead_id", "created_at", "batch_id", "anonymous")
        change.insert("leads", pl.DataFrame(rows, schema=dict(zip(names, LEAD_TYPES, strict=True)), orient="row"))
    change.insert("events", plain.events)
    for name, low, high in plain.widened:
        change.execute(WIDEN, {"name": name, "low": low, "high": high})
    for source, counts in plain.sources.items():
        change.execute(ADD_SOURCE, {**counts, "batch_id": batch_id, "source": source, "received_at": received_at})
    told: dict[str, Any] = {"events": plain.events.height, "most": plain.most_of_a_lead, "last": plain.last_no}
    change.execute(ADD_LAYOUT, told)


LEAD_TYPES = (pl.Int32, pl.String, pl.Datetime("us"), pl.String, pl.Boolean)
