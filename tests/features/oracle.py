"""The brute-force oracle: the words of features.md, one event at a time, in plain Python."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from core.features.document import Feature
from core.kernel.canonical import canonical

DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_NUMBER = 1e24


@dataclass(frozen=True)
class Event:
    """Times are microseconds since 1970."""

    event_id: str
    lead_id: str
    source: str
    type: str
    occurred_at: int
    received_at: int
    region: str | None = None
    session_id: str | None = None
    properties: Mapping[str, object] = field(default_factory=dict)
    superseded_at: int | None = None

    def value(self, name: str) -> object:
        column, _, key = name.partition(".")
        if column == "properties" and key:
            return _inside(self.properties, key)
        if name in ("occurred_at", "received_at"):
            return EPOCH + timedelta(microseconds=getattr(self, name))
        return getattr(self, name)


@dataclass(frozen=True)
class Membership:
    lead_id: str
    account_id: str
    valid_from: int | None
    received_at: int | None
    origin: str


@dataclass(frozen=True)
class AttributeValue:
    lead_id: str
    name: str
    value: object
    valid_from: int | None
    received_at: int | None


@dataclass(frozen=True)
class Merge:
    from_id: str
    into_id: str
    known_from: int
    known_until: int | None = None


@dataclass(frozen=True)
class Log:
    events: tuple[Event, ...] = ()
    memberships: tuple[Membership, ...] = ()
    attributes: tuple[AttributeValue, ...] = ()
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True)
class Row:
    lead_id: str
    as_of: int | None
    known_at: int | None = None

    @property
    def known(self) -> int | None:
        return self.as_of if self.known_at is None else self.known_at


def compute(log: Log, feature: Feature, row: Row) -> object:
    """The value of one feature for one row."""
    log, row = as_known(log, row.known), replace(row, lead_id=_root(log, row.lead_id, row.known))
    if feature.attribute is not None:
        return _attribute(log, feature, row)
    return _AGGREGATES[feature.aggregate](_Case(log, feature, row))


def as_known(log: Log, known: int | None) -> Log:
    """The log with each row under the lead that it belonged to by then, without what was corrected by then."""

    def owned(row):
        return replace(row, lead_id=_root(log, row.lead_id, known))

    events = [e for e in log.events if e.superseded_at is None or (known is not None and e.superseded_at > known)]
    return Log(tuple(map(owned, events)), tuple(map(owned, log.memberships)), tuple(map(owned, log.attributes)))


def _root(log: Log, lead_id: str, known: int | None) -> str:
    holding = [
        m.into_id
        for m in log.merges
        if m.from_id == lead_id and known is not None and m.known_from <= known < _or_never(m.known_until)
    ]
    return holding[0] if holding else lead_id


def _or_never(moment: int | None) -> float:
    return math.inf if moment is None else moment


class _Case:
    def __init__(self, log: Log, feature: Feature, row: Row) -> None:
        self.feature, self.row = feature, row
        self.visible = [] if row.as_of is None else [e for e in _scope(log, feature, row) if _is_visible(e, row)]
        holds = (lambda _: True) if feature.where is None else _condition(feature.where)
        self.unrestricted = [e for e in self.visible if self._within(e, 0, feature.window)]
        self.events = [e for e in self.unrestricted if holds(e)]
        self.restricted_before = [e for e in self.visible if holds(e)]

    def _within(self, event: Event, newest: int, oldest: int | None) -> bool:
        age = self.row.as_of - event.occurred_at
        return newest < age and (oldest is None or age <= oldest)

    def between(self, newest: int, oldest: int) -> int:
        return sum(self._within(e, newest, oldest) for e in self.restricted_before)

    def values(self) -> list[object]:
        return [v for e in self.events if (v := e.value(self.feature.of.name)) is not None]

    def numbers(self) -> list[float]:
        return [float(v) for v in self.values() if _is_number(v)]

    def ages(self) -> list[int]:
        return [self.row.as_of - e.occurred_at for e in self.events]

    def ordered(self) -> list[Event]:
        return sorted(self.events, key=lambda e: (e.occurred_at, e.received_at, e.event_id))


def _is_visible(event: Event, row: Row) -> bool:
    return event.occurred_at < row.as_of and event.received_at <= row.known


def _scope(log: Log, feature: Feature, row: Row) -> Iterable[Event]:
    if feature.scope == "lead":
        return [e for e in log.events if e.lead_id == row.lead_id]
    account = _account_of(log, row.lead_id, row.known)
    if account is None:
        return []
    others = feature.scope == "account_others"
    leads = {m.lead_id for m in log.memberships if _account_of(log, m.lead_id, row.known) == account}
    return [e for e in log.events if e.lead_id in leads and not (others and e.lead_id == row.lead_id)]


def _account_of(log: Log, lead_id: str, known: int) -> str | None:
    rows = [m for m in log.memberships if m.lead_id == lead_id and (m.received_at is None or m.received_at <= known)]
    best = max(rows, default=None, key=_rank)
    return None if best is None else best.account_id


def _rank(member: Membership) -> tuple[bool, float, float, str]:
    return (member.origin == "leads", _or_ever(member.valid_from), _or_ever(member.received_at), member.account_id)


def _or_ever(moment: int | None) -> float:
    return -math.inf if moment is None else moment


def _condition(expression: object):
    holds, names = expression.to_python(), expression.fields
    return lambda event: holds({name: event.value(name) for name in names})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


def _inside(properties: Mapping[str, object], key: str) -> object:
    if properties.get(key) is not None:
        return properties[key]
    value: object = properties
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _micro(number: float) -> int:
    return _nearest(number * 1e6)


def _nearest(value: float) -> int:
    return int(value) if abs(value) >= 2**53 else int(Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _decayed(terms: Iterable[float]) -> float:
    return float(sum(_nearest(term * 2.0**32) for term in terms)) / 2.0**32


def _total(case: _Case) -> float:
    return float(sum(map(_micro, case.numbers()))) / 1e6


def _mean(case: _Case) -> float | None:
    return _total(case) / len(case.numbers()) if case.numbers() else None


def _distinct_key(value: object) -> object:
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, int | float):
        return ("number", float(value))
    return ("text", value) if isinstance(value, str) else ("json", json.dumps(value, separators=(",", ":")))


def _edge(place: int):
    def compute_edge(case: _Case) -> object:
        events = case.ordered()
        return _typed(events[place].value(case.feature.of.name), case.feature.dtype) if events else None

    return compute_edge


def _typed(value: object, dtype: str) -> object:
    if dtype == "number":
        return float(value) if _is_number(value) else None
    if dtype == "boolean":
        return value if isinstance(value, bool) else None
    return value if value is None or isinstance(value, str) else canonical(value).decode()


def _velocity(case: _Case) -> float:
    recent, before = case.feature.window, case.feature.against
    n1, n0 = case.between(0, recent), case.between(recent, recent + before)
    return ((n1 + 1) / (recent / DAY)) / ((n0 + 1) / (before / DAY))


def _gap_mean(case: _Case) -> float | None:
    ages = case.ages()
    return (max(ages) - min(ages)) / DAY / (len(ages) - 1) if len(ages) > 1 else None


def _followed_by(case: _Case) -> int:
    follows = _condition(case.feature.then)
    answers = [e for e in case.visible if follows(e)]
    within = case.feature.within
    return sum(any(0 < b.occurred_at - a.occurred_at <= within for b in answers) for a in case.events)


def _decay(case: _Case, event: Event) -> float:
    return math.pow(0.5, (case.row.as_of - event.occurred_at) / case.feature.half_life)


def _decayed_sum(case: _Case) -> float:
    name = case.feature.of.name
    return _decayed(float(e.value(name)) * _decay(case, e) for e in case.events if _is_number(e.value(name)))


def _attribute(log: Log, feature: Feature, row: Row) -> object:
    rows = [a for a in log.attributes if (a.lead_id, a.name) == (row.lead_id, feature.attribute) and _is_known(a, row)]
    best = max(rows, default=None, key=lambda a: (_or_ever(a.valid_from), _or_ever(a.received_at), a.value))
    return None if best is None else best.value


def _is_known(attribute: AttributeValue, row: Row) -> bool:
    begun = attribute.valid_from is None or row.as_of is None or attribute.valid_from <= row.as_of
    received = attribute.received_at is None or (row.known is not None and attribute.received_at <= row.known)
    return begun and received


_AGGREGATES = {
    "count": lambda case: len(case.events),
    "exists": lambda case: bool(case.events),
    "sum": _total,
    "mean": _mean,
    "min": lambda case: min(case.numbers(), default=None),
    "max": lambda case: max(case.numbers(), default=None),
    "distinct": lambda case: len({_distinct_key(v) for v in case.values()}),
    "active_days": lambda case: len({e.occurred_at // DAY for e in case.events}),
    "days_since_last": lambda case: min(case.ages()) / DAY if case.events else None,
    "days_since_first": lambda case: max(case.ages()) / DAY if case.events else None,
    "first": _edge(0),
    "last": _edge(-1),
    "decayed_count": lambda case: _decayed(_decay(case, e) for e in case.events),
    "decayed_sum": _decayed_sum,
    "velocity": _velocity,
    "gap_mean": _gap_mean,
    "share": lambda case: len(case.events) / len(case.unrestricted) if case.events else None,
    "followed_by": _followed_by,
}
