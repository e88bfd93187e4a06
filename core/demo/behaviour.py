"""What the people do, and when: deeds by persona and intent, in working hours, some before they were known."""

from dataclasses import dataclass, replace

import numpy as np

from core.demo import world
from core.demo.people import DAY, HOUR, People

LIFE_DAYS = 30.0
"""Mean number of days over which a lead is active after it became known."""
MINUTE = 60_000_000


@dataclass(frozen=True)
class Deeds:
    """One entry an event: row numbers of the lead and the deed, microseconds from the stream's start."""

    lead: np.ndarray
    deed: np.ndarray
    occurred: np.ndarray

    def where(self, keep: np.ndarray) -> "Deeds":
        """The events at which `keep` (a mask or row numbers) holds."""
        return Deeds(self.lead[keep], self.deed[keep], self.occurred[keep])

    def plus(self, other: "Deeds") -> "Deeds":
        """These events followed by others."""
        pairs = ((self.lead, other.lead), (self.deed, other.deed), (self.occurred, other.occurred))
        return Deeds(*(np.concatenate(pair) for pair in pairs))


def draw(rng: np.random.Generator, people: People, per_lead: float) -> Deeds:
    """Draw about `per_lead` events a lead; the first is the form by which it became known."""
    counts = rng.poisson(rates(people) * max(per_lead - 1.0, 0.0))
    lead, deed = np.nonzero(counts)
    times = counts[lead, deed]
    lead, deed = np.repeat(lead, times), np.repeat(deed, times)
    return known(people).plus(settle(rng, people, Deeds(lead, deed, moments(rng, people, lead, deed))))


def known(people: People) -> Deeds:
    """The form that each lead sent in at the moment at which it became known."""
    leads = np.arange(len(people.created))
    return Deeds(leads, np.zeros_like(leads), people.created)


def rates(people: People) -> np.ndarray:
    """Expected share of a mean lead's events, leads x deeds; the mean of all rows' sums is 1."""
    table = np.array([deed.rates for deed in world.DEEDS]).T[people.persona]
    pull = np.array([deed.intent for deed in world.DEEDS])
    later = np.where(people.later[:, None], [deed.later for deed in world.DEEDS], 1.0)
    pace = np.array(world.PERSONA_PACE)[people.persona, None]
    raw = table * np.exp(pull * people.intent[:, None]) * later * pace
    return raw / raw.sum(axis=1).mean()


def moments(rng: np.random.Generator, people: People, lead: np.ndarray, deed: np.ndarray) -> np.ndarray:
    """When each deed falls: an eighth of the web deeds before the lead was known, the rest over its life."""
    web = np.array([one.source == "web" for one in world.DEEDS])[deed]
    spread = np.array([one.spread for one in world.DEEDS])[deed]
    before = web & (rng.random(len(lead)) < 0.22)
    span = LIFE_DAYS * np.exp(rng.normal(0, 0.5, len(people.created)))[lead]
    after_days = span * rng.beta(0.75 * spread, 1.9, len(lead))
    before_days = rng.exponential(4.0, len(lead))
    days = np.where(before, -np.minimum(before_days, 25.0), after_days)
    return people.created[lead] + (days * DAY).astype(np.int64)


def settle(rng: np.random.Generator, people: People, deeds: Deeds) -> Deeds:
    """Move deeds into the week's rhythm, and drop those before the stream's start."""
    day, inside = np.divmod(deeds.occurred, DAY)
    weekend = (day % 7 >= 5) & (rng.random(len(day)) < 0.72)
    day = np.where(weekend, day + 2, day)
    offset = np.array(world.REGION_UTC_OFFSET)[people.region[deeds.lead]]
    hour = np.clip(rng.normal(13.2, 3.4, len(day)), 0.5, 23.4) - offset
    office = rng.random(len(day)) < 0.8
    moved = day * DAY + np.where(office, (hour * HOUR).astype(np.int64), inside)
    created = people.created[deeds.lead]
    after = deeds.occurred >= created
    jitter = (rng.exponential(40.0, len(day)) * MINUTE).astype(np.int64)
    occurred = np.where(after, np.maximum(moved, created + jitter), np.minimum(moved, created - jitter))
    settled = replace(deeds, occurred=occurred)
    return settled.where((occurred >= 0) & (occurred < world.DAYS * DAY))
