"""When a rep works: days, hours and time zone as a calendar says, and the days on which somebody is away."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = frozenset(range(5))
FROM, UNTIL = time(9), time(17)
MINUTE = timedelta(minutes=1)
ROUND_THE_CLOCK = ("follow_sun", "24x7")
_DAY = "|".join(DAYS)
_CALENDAR = re.compile(
    rf"(?:(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?\b)?\s*(?:(?P<start>\d{{1,2}}:\d\d)-(?P<end>\d{{1,2}}:\d\d))?\s*"
    r"(?P<zone>[a-z]+(?:/[a-z0-9_+-]+)*)?",
    re.IGNORECASE,
)
_AWAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")


@dataclass(frozen=True)
class Duty:
    """Working hours in a time zone; `always` is round the clock."""

    always: bool = False
    days: frozenset[int] = WEEK
    start: time = FROM
    end: time = UNTIL
    zone: str = "UTC"

    def is_on(self, moment: datetime) -> bool:
        """Whether a naive UTC moment lies in the hours; hours that end before they start go over midnight."""
        if self.always:
            return True
        local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone))
        clock = local.time()
        if self.start <= self.end:
            return local.weekday() in self.days and self.start <= clock < self.end
        day = local.weekday() if clock >= self.start else (local.weekday() - 1) % 7
        return day in self.days and not self.end <= clock < self.start

    def minutes(self, since: datetime, moment: datetime, most: int) -> int:
        """The whole minutes in the hours between two naive UTC moments, `most` where there are at least as many."""
        if self.always:
            return min(max(moment - since, timedelta(0)) // MINUTE, most)
        zone, spent = ZoneInfo(self.zone), timedelta(0)
        day = since.replace(tzinfo=UTC).astimezone(zone).date() - timedelta(days=1)
        while spent < most * MINUTE and (begins := self._on(day, self.start, zone)) < moment:
            ends = self._on(day if self.start <= self.end else day + timedelta(days=1), self.end, zone)
            if day.weekday() in self.days:
                spent += max(min(ends, moment) - max(begins, since), timedelta(0))
            day += timedelta(days=1)
        return min(spent // MINUTE, most)

    def _on(self, day: date, at: time, zone: ZoneInfo) -> datetime:
        """The naive UTC moment of a time of a local day."""
        return datetime.combine(day, at, zone).astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=1024)
def duty_of(calendar: str | None) -> Duty:
    """The hours of a calendar such as `Mon-Fri 09:00-17:00 Europe/Berlin`, of which any part may be left out.

    `follow_sun` and `24x7` are round the clock. A time zone alone means Monday to Friday, 9 to 17, there; any other
    word, and none, means that in UTC.
    """
    if (calendar or "").strip().lower() in ROUND_THE_CLOCK:
        return Duty(always=True)
    match = _CALENDAR.fullmatch((calendar or "").strip())
    if match is None or not any(match.groupdict().values()):
        return Duty()
    zone = match["zone"] or "UTC"
    days = [name for name in (match["first"], match["last"]) if name]
    if zone not in available_timezones():
        return Duty()
    try:
        hours = [_clock(match[name]) for name in ("start", "end")]
    except ValueError:
        return Duty()
    return Duty(False, _days(days), hours[0] or FROM, hours[1] or UNTIL, zone)


@lru_cache(maxsize=1024)
def away_of(text: str | None) -> tuple[tuple[date, date], ...]:
    """The spans of days, both ends included, of a text such as `2026-12-24..2026-12-31; 2027-01-06`."""
    spans = [(match[1], match[2] or match[1]) for match in _AWAY.finditer(text or "")]
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans)


def is_away(text: str | None, moment: datetime) -> bool:
    """Whether the naive UTC moment falls on a day of absence."""
    return any(first <= moment.date() <= last for first, last in away_of(text))


def _clock(text: str | None) -> time | None:
    if not text:
        return None
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def _days(named: list[str]) -> frozenset[int]:
    if not named:
        return WEEK
    first, last = DAYS.index(named[0].lower()), DAYS.index(named[-1].lower())
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
