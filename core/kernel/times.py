"""Times: aware UTC in Python, naive UTC microseconds in frames and tables, ISO text with Z outside."""

import re
from datetime import UTC, datetime

from core.kernel.errors import LeadbenchError

UNITS_US = {
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
DAY_US = UNITS_US["d"]
_DURATION = re.compile(r"(\d{1,9})([smhdw])")


class DurationInvalid(LeadbenchError):
    """Text that is no duration."""

    code = "invalid_duration"

    def __init__(self, text: object) -> None:
        super().__init__(
            f"`{text}` is not a duration.",
            value=text,
            remedy="Write a whole number with a unit, such as `7d`, `36h` or `30m`.",
        )


class TimeInvalid(LeadbenchError):
    """Text that is no moment in time."""

    code = "invalid_time"

    def __init__(self, text: object) -> None:
        super().__init__(
            f"`{text}` is not a time.",
            value=text,
            remedy="Write ISO 8601, such as `2026-11-23T09:30:00Z` or `2026-11-23`.",
        )


def utc(value: datetime) -> datetime:
    """The moment as an aware UTC datetime; a naive one is taken as UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def naive(value: datetime) -> datetime:
    """The moment as a naive UTC datetime, the form of frames and tables."""
    return utc(value).replace(tzinfo=None)


def to_text(value: datetime) -> str:
    """ISO text in UTC with Z; microseconds only where they are not zero."""
    return utc(value).isoformat().replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The aware UTC moment that ISO text names; a date means its first moment; raises TimeInvalid."""
    try:
        return utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError) as error:
        raise TimeInvalid(text) from error


def duration_us(text: object) -> int:
    """The microseconds of a duration such as `7d`; raises DurationInvalid."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise DurationInvalid(text)
    return int(match[1]) * UNITS_US[match[2]]


def duration_text(microseconds: int) -> str:
    """The shortest duration text of a whole number of seconds: 604800000000 is `7d`."""
    for unit in ("d", "h", "m"):
        if microseconds % UNITS_US[unit] == 0:
            return f"{microseconds // UNITS_US[unit]}{unit}"
    return f"{microseconds // UNITS_US['s']}s"


def spoken(seconds: float) -> str:
    """A span of time in the unit that suits it: `0.4 s`, `14 min`, `5 h`, `40 d`."""
    size = abs(seconds)
    if size < 90:
        return f"{seconds:.1f} s" if size < 9.95 else f"{seconds:.0f} s"
    per, unit = (60, "min") if size < 5_400 else (3_600, "h") if size < 172_800 else (86_400, "d")
    return f"{seconds / per:.0f} {unit}"
