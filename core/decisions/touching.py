"""What caps read where the policy declares no such input: touches by lead and account, and the lead's own minute.

A touch is a day (UTC) on which a decision that this arm goes on from gave the lead an action other than the one that is
taken when no rule holds. Seven days are the decision's own and the six before it, as far as they were over by then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from core.decisions.store_units import ACCOUNT
from core.policy.caps import CLOCK_SOURCE, COUNTED, LOCAL_MINUTE, TOUCH_SOURCE
from core.policy.document import Policy

ZONE = "timezone"
"""The lead's attribute that names its time zone (IANA); without one, its day is that of UTC."""
LEAD = "lead_id"
OF_LEAD, OF_ACCOUNT = COUNTED.values()
DAYS = timedelta(days=6)
KEPT = timedelta(days=30)
Touch = tuple[str, str, datetime]
"""lead, account (the lead itself where it has none), moment (naive UTC)."""


def reads_zone(policy: Policy) -> bool:
    """Whether the engine tells the policy the minute of the lead's own day."""
    return _is_the_engines(policy, LOCAL_MINUTE, CLOCK_SOURCE)


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
        self._first: dict[str, dict[tuple[str, date], datetime]] = {}
        for lead_id, account, moment in known:
            self._put(lead_id, account, moment)

    def note(self, lead_id: str, account: str, moment: datetime | None, action: str | None) -> None:
        """Remember a decision."""
        if moment is not None and action not in (None, self._spared):
            self._put(lead_id, account, moment)

    def inputs(self, lead_id: str, account: str, moment: datetime | None) -> Mapping[str, int | None]:
        """The touches before the moment, of the lead and of its account."""
        if moment is None:
            return {}
        return {OF_LEAD: self._count("lead", lead_id, moment), OF_ACCOUNT: self._count("account", account, moment)}

    def _put(self, lead_id: str, account: str, moment: datetime) -> None:
        day = (lead_id, moment.date())
        for unit in (f"lead {lead_id}", f"account {account}"):
            first = self._first.setdefault(unit, {})
            first[day] = min(first.get(day, moment), moment)
            for old in [one for one in first if one[1] < moment.date() - KEPT]:
                del first[old]
                self.begins = max(self.begins, moment - KEPT + 2 * DAYS)

    def _count(self, kind: str, unit: str, moment: datetime) -> int:
        last = moment.date()
        days = self._first.get(f"{kind} {unit}", {})
        return sum(last - DAYS <= day <= last and first < moment for (_, day), first in days.items())


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
    local = moment.replace(tzinfo=UTC).astimezone(_zone(zone if isinstance(zone, str) else "UTC"))
    return local.hour * 60 + local.minute


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name in available_timezones() else "UTC")
