"""What the store holds of the things that live events name, kept in memory: most events then need no question to it."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from core.signals.schemas.document import EVERY, EventSchema
from core.signals.store_gates import Rules
from core.signals.store_layout import Layout
from core.signals.store_properties import LISTED_WORDS

MOST_LEADS = 200_000
AHEAD = timedelta(minutes=5)
FITS: Mapping[str, tuple[type, ...]] = {"text": (str,), "number": (int, float), "decimal": (int, float)}


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead's number, its first moment, whether an event may make that earlier, and whether it is a visitor's."""

    number: int
    created_at: datetime | None
    from_events: bool
    anonymous: bool


@dataclass(slots=True)
class Held:
    """A property with a column: its type, the bounds of its numbers, the words that are listed of it."""

    property: str
    column: str
    type: str
    low: float | None
    high: float | None
    words: set[str]

    def value(self, given: Any) -> Any:
        """The value as the column holds it, as SQL would read it; raises Unplain where there is more to note of it."""
        if given is None:
            return None
        if self.type == "number":
            return self._number(given)
        if isinstance(given, bool) if self.type == "boolean" else isinstance(given, str) and self._is_listed(given):
            return given
        raise Unplain

    def _is_listed(self, word: str) -> bool:
        return word in self.words or len(self.words) > LISTED_WORDS

    @staticmethod
    def _number(given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise Unplain
        try:
            number = float(given) + 0.0
        except OverflowError as error:
            raise Unplain from error
        if not math.isfinite(number):
            raise Unplain
        return number


@dataclass(slots=True)
class Pictured:
    """The picture's parts as the store gives them."""

    kinds: dict[tuple[str, str], int]
    names: set[str]
    columns: list[Held]
    named: frozenset[str]
    erased: frozenset[str]
    schemas: Mapping[str, Sequence[EventSchema]]
    rules: Rules
    newest: dict[str, datetime]
    lateness: dict[str, timedelta]
    streams: dict[tuple[str, str], tuple[str, datetime]]
    pairs: set[tuple[str, str]]
    layout: Layout
    last_no: int
    last_lead: int


class Unplain(Exception):
    """An event that needs more than a place in the log: the store must be asked about it."""


@dataclass(frozen=True)
class Plain:
    """Events ready for the log: rows of `events`, leads that begin with them, and what they add to the numbers.

    `sources` has by source events, late, skewed, first_at and last_at; `widened` are properties whose numbers reach
    further now, as (property, low, high).
    """

    events: pl.DataFrame
    new_leads: Sequence[tuple[str, KnownLead]]
    sources: Mapping[str, dict[str, Any]]
    widened: Sequence[tuple[str, float, float]]
    most_of_a_lead: int
    last_no: int


class Picture:
    """Right for one revision of the signals; the committer's thread alone uses it."""

    def __init__(self) -> None:
        self.revision: str | None = None
        self.parts: Pictured | None = None
        self.leads: dict[str, KnownLead] = {}
        self.memberships: dict[tuple[str, str], int] = {}
        self.unjudged: Counter[str] = Counter()
        self._own: str | None = None

    def take(self, parts: Pictured, revision: str) -> None:
        """Hold these parts; what is known of leads stays where nobody but the committer wrote since."""
        if revision != self._own:
            self.leads.clear()
            self.memberships.clear()
        self.parts, self.revision = parts, revision

    def note(self, revision: str) -> None:
        """The committer's own entry: the picture still holds where it was followed up to here, else only the leads."""
        self._own = revision
        self.revision = revision if self.revision is not None else None
        if len(self.leads) > MOST_LEADS:
            self.leads.clear()
            self.memberships.clear()

    def doubt(self) -> None:
        """What follows writes more than the picture is told: it is read again before it is used."""
        self.revision = None

    def judged(self, sources: Iterable[str]) -> None:
        """Events of these sources were stored after their gate had looked at them."""
        for source in sources:
            self.unjudged.pop(source, None)

    def forget(self) -> None:
        """A commit failed: nothing of the picture is sure."""
        self.revision = self._own = None

    def batch_of(self, path: str, adapter: str, day: date) -> str | None:
        """The stream's batch of that day, None where it is not begun."""
        assert self.parts is not None
        found = self.parts.streams.get((path, adapter))
        return found[0] if found and found[1].date() == day else None

    def add(self, plain: Plain) -> None:
        """Take in what was just written."""
        assert self.parts is not None
        parts, count = self.parts, plain.events.height
        self.leads.update(plain.new_leads)
        parts.last_lead += len(plain.new_leads)
        parts.last_no = plain.last_no
        parts.layout = Layout(parts.layout.events + count, parts.layout.tail + count, true=True)
        for source, counts in plain.sources.items():
            parts.newest[source] = max(parts.newest[source], counts["last_at"])
            self.unjudged[source] += counts["events"]
        bounds = {name: (low, high) for name, low, high in plain.widened}
        for held in parts.columns:
            held.low, held.high = bounds.get(held.property, (held.low, held.high))


def require_fit(schemas: Mapping[str, Sequence[EventSchema]], kind: str, version: int, given: dict[str, Any]) -> None:
    """Raise Unplain unless the event is at the newest version of its type and has what is declared of it."""
    for name in (EVERY, kind):
        newest = schemas[name][-1] if name in schemas else None
        if newest is None or (name != EVERY and version > newest.version):
            continue
        if name != EVERY and version < newest.version:
            raise Unplain
        for member, declared in newest.properties.items():
            _require(given.get(member), declared.type, declared.required)


def _require(value: Any, kind: str, required: bool) -> None:
    if value is None:
        fits = not required
    elif kind == "boolean":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, FITS.get(kind, ())) and not isinstance(value, bool)
    if not fits:
        raise Unplain


def members(text: str | None) -> dict[str, Any]:
    """The members of an event's properties; raises Unplain where the two readers of JSON might differ over them."""
    if text is None:
        return {}
    if "\\" in text:
        raise Unplain
    return json.loads(text)


def widened(columns: Sequence[Held], values: Sequence[Sequence[Any]]) -> Iterable[tuple[str, float, float]]:
    """The properties whose numbers reach beyond what was stored, with the new bounds; `values` are rows of columns."""
    for place, held in enumerate(columns):
        found = [row[place] for row in values if row[place] is not None] if held.type == "number" else []
        bounds = [edge for edge in (held.low, held.high) if edge is not None]
        if found and (not bounds or min(found) < bounds[0] or max(found) > bounds[-1]):
            yield held.property, min([*found, *bounds]), max([*found, *bounds])


def most_of_one(leads: Iterable[int]) -> int:
    """How many of the events one lead has at most."""
    return max(Counter(leads).values(), default=0)
