"""What an adapter is: how it knows its source's records, and what it makes of one of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What detection looks at: the file's format, its columns, and its first records as objects."""

    format: str
    columns: frozenset[str]
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Link:
    """A statement about ids: for origin identify and alias, `from_id` is the lead `into_id`; for group, it belongs to
    the account `into_id`.
    """

    from_id: str
    into_id: str
    origin: str


@dataclass(frozen=True)
class Canonical:
    """One record in our words: `event` has envelope fields, with properties and context as objects.

    A field that is left out is missing. `traits` are attributes of the lead, known from the event's time; an inner
    object's members become attributes of their own.
    """

    event: Mapping[str, Any]
    traits: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()


class RecordUnfit(Exception):
    """A record that its own format does not allow; `code` and `detail` go to quarantine with it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def _alone(record: Record) -> Sequence[Record]:
    return (record,)


@dataclass(frozen=True)
class Adapter:
    """One source. `translate` makes one record canonical (raises RecordUnfit); without it columns are mapped by alias.

    `expand` parts a record that carries several in its member `parts`; `received` names the member in which the
    receiver's clock belongs; `source` is taken where a record says none. For files of leads: `labels` are the names
    that columns have on screen, with the source's own name for each; `fields` are by kind of file the columns that give
    a field, before any alias; `won` are the words by which such a column says that a lead was won. `personal` are
    members that are always sealed.
    """

    name: str
    detect: Callable[[Seen], bool]
    translate: Callable[[Record], Canonical] | None = None
    source: str = "third_party"
    expand: Callable[[Record], Sequence[Record]] = _alone
    parts: str | None = None
    received: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    won: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
