"""Working hours as minutes of a week, and the minutes of them between two moments."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from core.decisions.duty import duty_of

DAY, WEEK = 1_440, 10_080


@dataclass(frozen=True)
class Hours:
    """Open spans of a week, as minutes from Monday 00:00 UTC: sorted, half-open, apart from each other."""

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, spans: Iterable[tuple[float, float]]) -> "Hours":
        """The union of spans, each of which may reach over the week's end."""
        cut = sorted(part for start, end in spans for part in _within_week(start, end))
        joined: list[tuple[float, float]] = []
        for start, end in cut:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        return cls(tuple(joined))

    @cached_property
    def open_minutes(self) -> float:
        """How long a week is open."""
        return sum(end - start for start, end in self.spans)

    @cached_property
    def _starts(self) -> list[float]:
        return [start for start, _ in self.spans]

    @cached_property
    def _before(self) -> list[float]:
        """Open minutes of the week before each span."""
        found, total = [], 0.0
        for start, end in self.spans:
            found.append(total)
            total += end - start
        return found

    def is_open(self, minute: float) -> bool:
        """Whether a moment (minutes from a Monday 00:00 UTC) is open."""
        at = minute % WEEK
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self.spans[place][1]

    def between(self, start: float, end: float) -> float:
        """The open minutes between two moments."""
        return self._until(end) - self._until(start)

    def wakings(self, weeks: int) -> Iterator[float]:
        """The moments at which work can begin anew: openings, and midnights that are open, of so many weeks."""
        within = {start for start, _ in self.spans} | {float(day * DAY) for day in range(7) if self.is_open(day * DAY)}
        for week in range(weeks):
            yield from (week * WEEK + minute for minute in sorted(within))

    def _until(self, minute: float) -> float:
        whole, at = divmod(minute, WEEK)
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return whole * self.open_minutes
        start, end = self.spans[place]
        return whole * self.open_minutes + self._before[place] + min(at, end) - start


ALWAYS = Hours(((0.0, float(WEEK)),))


def union(hours: Iterable[Hours]) -> Hours:
    """Open where any of them is."""
    return Hours.of(span for one in hours for span in one.spans)


def of_calendar(calendar: str | None, reference: datetime) -> Hours:
    """The hours of a rep's calendar, as `duty_of` reads it, with the time zone's offset from UTC at `reference`."""
    duty = duty_of(calendar)
    if duty.always:
        return ALWAYS
    ahead = (reference.replace(tzinfo=ZoneInfo(duty.zone)).utcoffset() or timedelta()).total_seconds() / 60
    start, end = (clock.hour * 60 + clock.minute for clock in (duty.start, duty.end))
    end = end if start <= end else end + DAY
    return Hours.of((day * DAY + start - ahead, day * DAY + end - ahead) for day in duty.days)


def _within_week(start: float, end: float) -> Iterator[tuple[float, float]]:
    start, length = start % WEEK, min(end - start, WEEK)
    if start + length <= WEEK:
        yield start, start + length
    else:
        yield start, float(WEEK)
        yield 0.0, start + length - WEEK
