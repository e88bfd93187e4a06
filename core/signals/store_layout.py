"""How the log lies: ordered by lead and time up to a small tail of newer events, with what the compiler asks of it."""

from dataclasses import dataclass

from core.kernel.database import Change, Cursor, Database
from core.signals import store_properties

ORDER = "lead_no, occurred_at, received_at, event_id"
DUE_EVENTS = 100_000
DUE_SHARE = 0.2
LAST_NO = """
greatest((SELECT coalesce(max(event_no), 0) FROM events), (SELECT coalesce(max(last_no), 0) FROM log_layout))
"""
"""The last number that an event was given, though that event may be gone: none is given twice."""
_NUMBERED = f"""
INSERT INTO events BY NAME
SELECT {LAST_NO} + row_number() OVER () AS event_no, * FROM (
    SELECT {{columns}} FROM (
        SELECT i.event_id, o.lead_no, k.kind_no, i.occurred_at, i.received_at, i.anonymous_id, a.account_no, i.region,
               i.session_id, i.properties, i.context, i.schema_version, $batch AS batch_id, i.trace_id, f.flag,
               CASE WHEN f.flag IS NOT NULL THEN i.received_at END AS superseded_at{{parsed}}
        FROM incoming i LEFT JOIN flagged f USING (row_no)
        JOIN lead_of o USING (lead_id) JOIN event_kinds k USING (source, type) LEFT JOIN accounts a USING (account_id))
    ORDER BY {ORDER})
"""
_LAYOUT = """
SELECT e.events, e.last_no, l.events, l.last_no, l.sorted_events
FROM (SELECT count(*) AS events, coalesce(max(event_no), 0) AS last_no FROM events) e LEFT JOIN log_layout l ON TRUE
"""
_HEAVIEST = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM {} GROUP BY lead_no)"


@dataclass(frozen=True)
class Layout:
    """Numbers of events, in all and in the tail not ordered yet; `true` where what the log notes of itself holds."""

    events: int
    tail: int
    true: bool

    @property
    def due(self) -> bool:
        """Whether the tail is large enough to be worth a rewrite of the log."""
        return not self.true or self.tail >= self.most

    def to_json(self) -> dict[str, int | bool]:
        """The numbers as `store info` prints them."""
        return {"events": self.events, "tail": self.tail, "due": self.due}

    @property
    def overdue(self) -> bool:
        """Whether the tail is twice as large as that."""
        return self.tail >= 2 * self.most

    @property
    def most(self) -> float:
        """How many events the tail may have."""
        return max(DUE_EVENTS, DUE_SHARE * self.events)


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: events in the log, how many of them had been in the tail, properties with a column."""

    events: int
    tail: int
    columns: tuple[str, ...]


def layout(cursor: Cursor | Database) -> Layout:
    """How the log lies now, by one statement: between two a commit would make what is noted seem wrong."""
    events, last, noted_events, noted_last, in_order = cursor.read(_LAYOUT).row(0)
    true = noted_events == events and noted_last >= last if noted_events is not None else not events
    return Layout(events, events - (in_order if noted_events is not None and true else 0), true)


def append(change: Change, accepted: int, batch_id: str) -> None:
    """Append the `accepted` events of the table `incoming`, ordered, and note how the log lies after it."""
    before = layout(change)
    store_properties.note_names(change, "incoming")
    bulk = not before.events and accepted >= store_properties.BULK
    held = store_properties.add_columns(change, "incoming") if bulk else store_properties.columns(change)
    store_properties.note_values(change, held, "incoming")
    parsed = f", {store_properties.parsed(held, 'i.')}" if held else ""
    columns = ", ".join(["* EXCLUDE (property_values)", *store_properties.values(held)] if held else ["*"])
    change.execute(_NUMBERED.format(columns=columns, parsed=parsed), {"batch": batch_id})
    _note_appended(change, before, accepted)


def _note_appended(change: Change, before: Layout, accepted: int) -> None:
    if not before.true:
        change.execute(f"UPDATE log_layout SET events = -1, last_no = {LAST_NO}")
        return
    if not before.events:
        _note(change, accepted)
        return
    heaviest = change.scalar("SELECT max(n) FROM (SELECT count(*) AS n FROM incoming GROUP BY lead_id)")
    change.execute(
        f"UPDATE log_layout SET events = events + ?, heaviest_lead = heaviest_lead + ?, last_no = {LAST_NO}",
        [accepted, heaviest],
    )


def _note(change: Change, sorted_events: int) -> None:
    last_no = change.scalar(f"SELECT {LAST_NO}")
    change.execute("DELETE FROM log_layout")
    change.execute(
        f"INSERT INTO log_layout SELECT count(*), ?, ?, ({_HEAVIEST.format('events')}) FROM events",
        [last_no, sorted_events],
    )


def compact(db: Database, actor: str) -> Compacted:
    """Write the log anew in the order of lead and time, with a column for each property that deserves one.

    One transaction and one ledger entry; readers see the log before or after it. No event changes.
    """
    with db.change("signals", "events.compacted", actor) as change:
        before = layout(change)
        store_properties.note_names(change, "events")
        held = store_properties.add_columns(change, "events")
        store_properties.note_values(change, held, "events", anew=True)
        _rewrite(change, held)
        _note(change, before.events)
        names = tuple(one.property for one in held)
        change.body.update(events=before.events, tail=before.tail, columns=list(names))
    return Compacted(before.events, before.tail, names)


def _rewrite(change: Change, held: list[store_properties.PropertyColumn]) -> None:
    made = change.scalar(
        "SELECT sql FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'events' AND NOT temporary"
    )
    change.execute(made.replace("CREATE TABLE events(", "CREATE TABLE events_anew(", 1))
    inner = f"SELECT *, {store_properties.parsed(held)} FROM events" if held else "SELECT * FROM events"
    replaced = f" REPLACE ({', '.join(store_properties.values(held))})" if held else ""
    dropped = " EXCLUDE (property_values)" if held else ""
    change.execute(f"INSERT INTO events_anew BY NAME SELECT *{dropped}{replaced} FROM ({inner}) ORDER BY {ORDER}")
    change.execute("DROP TABLE events")
    change.execute("ALTER TABLE events_anew RENAME TO events")


def compact_if_due(db: Database, actor: str) -> Compacted | None:
    """Compact where the tail is large; None where it is not."""
    return compact(db, actor) if layout(db).due else None
