"""The stream as its sources deliver it: exactly so many events, some late, some from before a name was known."""

from dataclasses import dataclass

import numpy as np

from core.demo import behaviour, outcomes, people, world
from core.demo.behaviour import MINUTE, Deeds
from core.demo.outcomes import WON, Outcomes
from core.demo.people import DAY, HOUR, People

SPARE = 1.5
"""Drawn before the events after a close are dropped, as a multiple of what is asked for."""
TWICE = 0.015
"""Share of events that a source delivers a second time, byte for byte."""
ONBOARDING = len(world.DEEDS)
"""Deed number of the one event type that follows a win."""
END = world.DAYS * DAY


@dataclass(frozen=True)
class Stream:
    """People, their events with both times (microseconds from the start), and how it ended."""

    people: People
    deeds: Deeds
    received: np.ndarray
    outcomes: Outcomes


def draw(seed: int, events: int, leads: int) -> Stream:
    """Draw a stream with exactly `events` distinct events received before its end."""
    spare = SPARE
    while True:
        stream = drawn(seed, leads, spare * events / leads)
        if len(stream.received) >= events:
            return thinned(np.random.default_rng([seed, 1]), stream, events)
        spare *= 1.3


def drawn(seed: int, leads: int, per_lead: float) -> Stream:
    """One draw at a pace: people, deeds, outcomes caused by them, and nothing unknown at the end."""
    rng = np.random.default_rng([seed, 0])
    who = people.draw(rng, leads)
    deeds = behaviour.draw(rng, who, per_lead)
    ends = outcomes.draw(rng, who, deeds, per_lead)
    closes = np.where(ends.state == outcomes.OPEN, END, ends.at)
    deeds = deeds.where(deeds.occurred < closes[deeds.lead]).plus(welcomes(rng, ends))
    received = arrival(rng, who, deeds)
    inside = received < END
    return Stream(who, deeds.where(inside), received[inside], ends)


def welcomes(rng: np.random.Generator, ends: Outcomes) -> Deeds:
    """Onboarding of won leads, a day or more after the win."""
    won = np.nonzero(ends.state == WON)[0]
    at = ends.at[won] + ((1.0 + rng.exponential(2.0, len(won))) * DAY).astype(np.int64)
    return Deeds(won, np.full(len(won), ONBOARDING), at)


def arrival(rng: np.random.Generator, who: People, deeds: Deeds) -> np.ndarray:
    """When each event reached us: seconds for the web, a night for the CRM, a week for third parties, days offline."""
    count, occurred = len(deeds.lead), deeds.occurred
    prompt = occurred + (rng.exponential(2.0, count) * 1_000_000).astype(np.int64)
    offline = occurred + (rng.exponential(20.0, count) * HOUR).astype(np.int64)
    night = (occurred // DAY + 1) * DAY + 2 * HOUR
    monday = (occurred // (7 * DAY) + 1) * 7 * DAY + 6 * HOUR
    source = np.array([world.SOURCES.index(deed.source) for deed in world.DEEDS] + [3])[deeds.deed]
    created = who.created[deeds.lead]
    late = (source == 1) & (rng.random(count) < 0.15)
    received = np.select([late, source == 2, source == 4], [offline, night, monday], prompt)
    return np.where(occurred < created, np.maximum(received, created + MINUTE), received)


def thinned(rng: np.random.Generator, stream: Stream, events: int) -> Stream:
    """Drop events at random down to `events`, keeping the form by which each lead became known."""
    leads = len(stream.people.created)
    rest = rng.permutation(np.arange(leads, len(stream.received)))[: events - leads]
    keep = np.concatenate([np.arange(leads), np.sort(rest)])
    return Stream(stream.people, stream.deeds.where(keep), stream.received[keep], stream.outcomes)
