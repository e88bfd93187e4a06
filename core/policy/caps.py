"""Caps on next-best actions: how often a lead is touched at most, and the hours in which it is left in peace.

A cap reads inputs, so that a decision can be made again: `touches_7d`, `account_touches_7d`, and `local_minute`, the
minute of the lead's own day. One that the document does not declare is the engine's own, and in the record like any
other. Whoever is capped gets the action that is taken when no rule holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.policy.blocks import InputField

if TYPE_CHECKING:
    from core.policy.document import Document


COUNTED = {"per_lead_7d": "touches_7d", "per_account_7d": "account_touches_7d"}
LOCAL_MINUTE = "local_minute"
DAY_MIN = 1440
CLOCK_SOURCE, TOUCH_SOURCE = "engine.clock", "engine.touches"
IMPLIED = {
    **{
        name: InputField(type="int", min=0, max=100_000, required=False, source=TOUCH_SOURCE)
        for name in COUNTED.values()
    },
    LOCAL_MINUTE: InputField(type="int", min=0, max=DAY_MIN - 1, required=False, source=CLOCK_SOURCE),
}
QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?: lead_tz)?")


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap: the input that it reads, and the values at which it binds, as intervals with both ends."""

    key: str
    input: str
    binding: tuple[tuple[int, int | None], ...]

    def binds(self, value: object) -> bool:
        """Whether the cap stops an action at the input's value; a missing one stops nothing."""
        return isinstance(value, int) and any(
            low <= value and (high is None or value <= high) for low, high in self.binding
        )


def caps_of(document: "Document") -> tuple[Cap, ...]:
    """The caps whose inputs the document has."""
    return tuple(cap for cap in _written(document) if cap.input in document.inputs.fields)


def with_implied_inputs(document: "Document") -> "Document":
    """The document with the inputs that its caps read and that it does not declare: the engine computes those."""
    wanted = [cap.input for cap in _written(document) if cap.input not in document.inputs.fields]
    if not wanted:
        return document
    fields = {**document.inputs.fields, **{name: IMPLIED[name] for name in wanted}}
    return document.model_copy(update={"inputs": document.inputs.model_copy(update={"fields": fields})})


def quiet_minutes(text: str) -> tuple[tuple[int, int], ...] | None:
    """The minutes of the day of `20:00-08:00 lead_tz`, as intervals with both ends; None where the text is no such."""
    match = QUIET.fullmatch(text)
    if match is None:
        return None
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin == end:
        return None
    if begin < end:
        return ((begin, end - 1),)
    evening, morning = (begin, DAY_MIN - 1), (0, end - 1)
    return (evening, morning) if end else (evening,)


def _written(document: "Document") -> Iterator[Cap]:
    caps = document.actions.caps if document.actions else None
    if caps is None:
        return
    for name, read in COUNTED.items():
        limit: int | None = getattr(caps, name)
        if limit is not None:
            yield Cap(name, read, ((limit, None),))
    quiet = quiet_minutes(caps.quiet_hours) if caps.quiet_hours else None
    if quiet:
        yield Cap("quiet_hours", LOCAL_MINUTE, quiet)
