"""The picture of the store in memory: every lead's events, who leads are, and their attributes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from core.features.online import store
from core.features.online.attributes import Attributes
from core.features.online.identities import Identities
from core.features.online.layout import EVENT_NO, Layout
from core.features.online.segments import Segment, Segments, with_superseded
from core.kernel.database import Cursor, Database

SLICE_EVENTS = 1_000_000


class Outgrown(Exception):
    """Events went or changed in the store: the picture is to be made anew."""


@dataclass(frozen=True)
class Group:
    """The rows of the leads that one value is made of, and the number of the lead that each block counts for."""

    blocks: Sequence[np.ndarray]
    owners: Sequence[int]


class State:
    """One writer calls `advance`; readers take groups and attributes as they stood at one moment."""

    def __init__(self, db: Database, layout: Layout, attributes: Sequence[str]) -> None:
        self._db, self._layout, self._names = db, layout, attributes
        self._reader = store.EventReader(layout)
        self.dictionaries = self._reader.dictionaries
        self.segments = Segments(layout.width, self._in_order_of_id)
        self._identities, self._leads = Identities(), {}
        self._followers = (store.leads(), store.merges(), store.accounts(), store.attributes(attributes))
        self._reading = threading.Lock()
        self._seen, self._superseded = store.NO_EVENTS, frozenset[int]()
        with self._db.scratch() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            self.attributes = Attributes(store.attribute_types(cursor, attributes))
            for lead_nos, rows in self._reader.slices(cursor, SLICE_EVENTS):
                self.segments.publish(self.segments.prepared(lead_nos, rows))
            self._seen = store.event_counts(cursor)
            self._superseded = frozenset(store.superseded(cursor)["lead_no"])
            self._follow(cursor, {})
            cursor.execute("COMMIT")

    def advance(self) -> int:
        """Take in what the store gained; how many events came. Raises Outgrown."""
        with self._db.scratch() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            before, now = self._seen, store.event_counts(cursor)
            prepared = self._gained(cursor, now)
            self._seen = now
            self._follow(cursor, prepared)
            cursor.execute("COMMIT")
        return now.events - before.events

    def append(self) -> int:
        """Take in the events that the store gained, where nothing else can have changed; how many."""
        with self._db.scratch() as cursor:
            lead_nos, rows, new = self._reader.few_after(cursor, self._seen.newest)
        if len(rows):
            before, newest = self._seen, int(rows[:, EVENT_NO].max())
            self._seen = store.EventCounts(before.events + len(rows), newest, before.superseded ^ new)
            prepared = self.segments.prepared(lead_nos, rows)
            with self._reading:
                self.segments.publish(prepared)
        return len(rows)

    @property
    def has_merges(self) -> bool:
        """Whether any lead has ever counted for another."""
        return self._identities.has_merges

    def groups(self, lead_id: str, known_at: int, scopes: Sequence[str]) -> tuple[list[Group], np.ndarray]:
        """The group of each scope (lead, account, account_others) and the rows of the attributes."""
        with self._reading:
            lead_no = self._leads.get(lead_id)
            if lead_no is None:
                return [Group((), ()) for _ in scopes], self.attributes.rows(())
            root = self._identities.root(lead_no, known_at)
            parts = self._identities.parts(root, known_at)
            return [self._group(root, scope, known_at) for scope in scopes], self.attributes.rows(parts)

    def _group(self, root: int, scope: str, known_at: int) -> Group:
        identities = self._identities
        roots = [root] if scope == "lead" else identities.colleagues(root, known_at, others=scope == "account_others")
        pairs = [(one, part) for one in roots for part in identities.parts(one, known_at)]
        return Group([self.segments.rows(part) for _, part in pairs], [one for one, _ in pairs])

    def _gained(self, cursor: Cursor, now: store.EventCounts) -> dict[int, Segment]:
        """The segments with the new events, and with the times at which events were superseded."""
        prepared: dict[int, Segment] = {}
        gained, mark = 0, self._seen.superseded
        if now.newest > self._seen.newest:
            lead_nos, rows, new = self._reader.after(cursor, self._seen.newest)
            prepared, gained, mark = self.segments.prepared(lead_nos, rows), len(rows), mark ^ new
        if self._seen.events + gained != now.events:
            raise Outgrown
        if mark != now.superseded:
            self._supersede(prepared, store.superseded(cursor))
        return prepared

    def _supersede(self, prepared: dict[int, Segment], found: pl.DataFrame) -> None:
        """Give every lead that has or had superseded events the times that hold now."""
        by_lead = {int(str(lead_no)): part for (lead_no,), part in found.group_by("lead_no")}
        for lead_no in self._superseded | by_lead.keys():
            part = by_lead.get(lead_no, found.clear())
            segment = prepared.get(lead_no, self.segments.segment(lead_no))
            prepared[lead_no] = with_superseded(segment, part["event_no"].to_numpy(), part["until"].to_numpy())
        self._superseded = frozenset(by_lead)

    def _follow(self, cursor: Cursor, segments: dict[int, Segment]) -> None:
        """Publish all that changed at once."""
        leads, merges, accounts, attributes = (follower.read(cursor) for follower in self._followers)
        values = None if attributes is None else self.attributes.prepared(attributes[0], whole=attributes[1])
        with self._reading:
            self.segments.publish(segments)
            if leads is not None:
                self._leads.update(leads[0].iter_rows())
            if merges is not None:
                self._identities.take_merges(merges[0], whole=merges[1])
            if accounts is not None:
                self._identities.take_accounts(accounts[0], whole=accounts[1])
            if values is not None and attributes is not None:
                self.attributes.publish(values, whole=attributes[1])

    def _in_order_of_id(self, event_nos: Sequence[int]) -> Sequence[int]:
        with self._db.scratch() as cursor:
            return store.in_order_of_id(cursor, event_nos)
