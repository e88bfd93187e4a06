"""What caps read where the policy declares no such input: touches by lead and account, and the lead's own minute.

A touch is a day (UTC) on which a decision that this arm goes on from gave the lead an action other than the one that is
taken when no rule holds. Seven days are the decision's own and the six before it, as far as they were over by then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from core.decisions.store_units import ACCOUNT
from core.policy.caps import CLOCK_SOURCE, COUNTED, LOCAL_MINUTE, TOUCH_SOURCE
from core.policy.document import Policy

ZONE = "timezone"
"""The lead's attribute that names its time zone (IANA); without one, its day is that of UTC."""
LEAD = "lead_id"
OF_LEAD, OF_ACCOUNT = COUNTED.values()
SOURCES = {OF_LEAD: TOUCH_SOURCE, OF_ACCOUNT: TOUCH_SOURCE, LOCAL_MINUTE: CLOCK_SOURCE}
DAYS = timedelta(days=6)
KEPT = timedelta(days=30)
Touch = tuple[str, str, datetime]
"""lead, account (the lead itself where it has none), moment (naive UTC)."""
Days = dict[int, dict[str, datetime]]
"""By day (its ordinal) the first touch of each lead."""


def engine_counted(policy: Policy) -> tuple[str, ...]:
    """The inputs of the policy's caps that the engine tells: touches, and the minute of the lead's own day."""
    return tuple(name for name, source in SOURCES.items() if _is_the_engines(policy, name, source))


def reads_zone(policy: Policy) -> bool:
    """Whether the engine tells the policy the minute of the lead's own day."""
    return _is_the_engines(policy, LOCAL_MINUTE, CLOCK_SOURCE)


def zones_of(policy: Policy, attributes: pl.DataFrame) -> Sequence[object] | None:
    """The time zone of each row's lead, None where it has none; None where the policy does not ask."""
    if not reads_zone(policy):
        return None
    return attributes[ZONE].to_list() if ZONE in attributes.columns else [None] * attributes.height


def counted_by(policy: Policy) -> str | None:
    """The largest unit of which the engine counts touches for the policy; None where it counts none."""
    units = {OF_ACCOUNT: ACCOUNT, OF_LEAD: LEAD}
    return next((unit for name, unit in units.items() if _is_the_engines(policy, name, TOUCH_SOURCE)), None)


def _is_the_engines(policy: Policy, name: str, source: str) -> bool:
    return name in policy.input_fields and policy.input_fields[name].source == source


class Touches:
    """The touches known, carried from decision to decision; `spared` is the action that is none.

    They tell the touches before any moment from `begins` on (naive UTC): old ones are forgotten as new ones come.
    """

    def __init__(self, known: Iterable[Touch], spared: str | None, begins: datetime = datetime.min) -> None:
        self._spared, self.begins = spared, begins
        self._of_lead: dict[str, Days] = {}
        self._of_account: dict[str, Days] = {}
        for lead_id, account, moment in known:
            self._put(lead_id, account, moment)

    def note(self, lead_id: str, account: str, moment: datetime | None, action: str | None) -> None:
        """Remember a decision."""
        if moment is not None and action is not None and action != self._spared:
            self._put(lead_id, account, moment)

    def inputs(self, lead_id: str, account: str, moment: datetime | None) -> Mapping[str, int | None]:
        """The touches before the moment, of the lead and of its account."""
        if moment is None:
            return {}
        of_lead, of_account = self._of_lead.get(lead_id), self._of_account.get(account)
        return {
            OF_LEAD: _count(of_lead, moment) if of_lead else 0,
            OF_ACCOUNT: _count(of_account, moment) if of_account else 0,
        }

    def _put(self, lead_id: str, account: str, moment: datetime) -> None:
        day = moment.toordinal()
        for days in (self._of_lead.setdefault(lead_id, {}), self._of_account.setdefault(account, {})):
            if day not in days:
                days[day] = {}
                self._forget(days, moment)
            first = days[day]
            first[lead_id] = min(first.get(lead_id, moment), moment)

    def _forget(self, days: Days, moment: datetime) -> None:
        for old in [one for one in days if one < moment.toordinal() - KEPT.days]:
            del days[old]
            self.begins = max(self.begins, moment - KEPT + 2 * DAYS)


def _count(days: Days, moment: datetime) -> int:
    """The leads touched on the six days before, and those touched on the moment's own day before it."""
    today = moment.toordinal()
    earlier = sum([len(days[day]) for day in range(today - DAYS.days, today) if day in days])
    return earlier + sum([first < moment for first in days[today].values()]) if today in days else earlier


@dataclass(frozen=True)
class CapInputs:
    """What caps read of the rows of a batch: the touches, each row's unit, each row's time zone; None where the
    policy does not ask.
    """

    touches: Touches | None
    units: Sequence[str]
    zones: Sequence[object] | None

    def of(self, row_no: int, lead_id: str, moment: datetime | None) -> Mapping[str, int | None]:
        """The engine's inputs of the row."""
        minute = {} if self.zones is None else {LOCAL_MINUTE: local_minute(moment, self.zones[row_no])}
        counted = self.touches.inputs(lead_id, self.units[row_no], moment) if self.touches else {}
        return {**minute, **counted}

    def note(self, row_no: int, lead_id: str, moment: datetime | None, action: str | None) -> None:
        """Remember what the row was decided to."""
        if self.touches:
            self.touches.note(lead_id, self.units[row_no], moment, action)


def local_minute(moment: datetime | None, zone: object) -> int | None:
    """The minute of the lead's own day at a naive UTC moment."""
    if moment is None:
        return None
    local = _local(moment, zone) if isinstance(zone, str) else moment
    return local.hour * 60 + local.minute


@lru_cache(maxsize=4096)
def _local(moment: datetime, zone: str) -> datetime:
    """The moment there; a batch has few distinct ones."""
    return moment.replace(tzinfo=UTC).astimezone(_zone(zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name in available_timezones() else "UTC")
