"""What the choice of an assignee saw of one lead and the reps: kept beside the decision, to be made again from it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from core.decisions.encoding import encode, ordered
from core.kernel.times import from_text, naive, to_text

FIELDS = ("assignee", "weight", "per_day", "max_open", "calendar", "territory", "away")


@dataclass(frozen=True, slots=True)
class Place:
    """A rep's place in a pool or group."""

    assignee: str
    weight: int = 1
    per_day: int | None = None
    max_open: int | None = None
    calendar: str | None = None
    territory: str | None = None
    away: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Where a lead lies: its pool and who has it."""

    pool: str
    assignee: str


class Load(NamedTuple):
    """What a rep had in a pool: open leads, leads of the day, and the turn at which one came last (0: never)."""

    open: int
    today: int
    last: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The reps by hash, the moment (naive UTC), who had the lead, the fields of the lead by which owners and
    territories are found, and by pool that was asked the load of each rep in the order of the reps.
    """

    reps_hash: str
    moment: datetime
    held: Held | None
    known: Mapping[str, object]
    loads: dict[str, Sequence[Load]]

    def to_text(self) -> str:
        """The sight as canonical JSON: loads are whole numbers, as Python prints lists of them without blanks."""
        held = [self.held.pool, self.held.assignee] if self.held else None
        pools = [
            f"{encode(pool)}:{str([*map(list, self.loads[pool])]).replace(' ', '')}" for pool in ordered(self.loads)
        ]
        shared = encode({"moment": to_text(self.moment), "reps_hash": self.reps_hash})[1:]
        return f'{{"held":{encode(held)},"known":{encode(self.known)},"loads":{{{",".join(pools)}}},{shared}'


def read(text: str) -> Sight:
    """The sight of its text."""
    told = json.loads(text)
    return Sight(
        told["reps_hash"],
        naive(from_text(told["moment"])),
        Held(*told["held"]) if told["held"] else None,
        told["known"],
        {pool: [Load(*one) for one in loads] for pool, loads in told["loads"].items()},
    )


def reps_text(places: Mapping[str, Sequence[Place]]) -> str:
    """The places of every pool as canonical JSON, in the order of the fields of a place."""
    return encode(
        {pool: [[getattr(one, name) for name in FIELDS] for one in listed] for pool, listed in places.items()}
    )


def read_reps(text: str) -> dict[str, list[Place]]:
    """The places of their text."""
    return {pool: [Place(*one) for one in listed] for pool, listed in json.loads(text).items()}
