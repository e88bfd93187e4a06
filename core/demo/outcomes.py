"""Who wins and who is lost: caused by fit, intent and what was done, with a good deal of chance."""

from dataclasses import dataclass

import numpy as np

from core.demo import world
from core.demo.behaviour import Deeds
from core.demo.people import DAY, People

WON, LOST, OPEN = 1, 0, -1
BASE = -3.6
WEIGHT_OF_DEEDS = 0.72
WEIGHT_OF_FIT = 0.45
WEIGHT_OF_INTENT = 0.2
WEIGHT_OF_PAIR = 0.4
USUAL_EVENTS = 16.7


@dataclass(frozen=True)
class Outcomes:
    """One entry a lead: state (WON, LOST, OPEN), closing time in microseconds from the start, amount in euros."""

    state: np.ndarray
    at: np.ndarray
    amount: np.ndarray


def draw(rng: np.random.Generator, people: People, deeds: Deeds, per_lead: float) -> Outcomes:
    """Decide each lead from its deeds of the first weeks; what has not closed by the stream's end is open."""
    size = len(people.created)
    delay = closing_days(rng, size)
    odds = log_odds(people, done(people, deeds, delay) * (USUAL_EVENTS / per_lead))
    won = rng.random(size) < 1 / (1 + np.exp(-odds))
    delay = np.where(won, delay * 0.85, delay)
    at = people.created + (delay * DAY).astype(np.int64)
    still = (at >= world.DAYS * DAY) | (~won & (rng.random(size) < 0.07))
    employees = people.table["employees"].fill_null(80).to_numpy()
    amount = np.round(np.exp(rng.normal(7.6, 0.5, size)) * employees**0.35, -2)
    return Outcomes(np.where(still, OPEN, np.where(won, WON, LOST)), at, amount)


def closing_days(rng: np.random.Generator, size: int) -> np.ndarray:
    """Days from becoming known to the close: a gamma with mean 24, no shorter than 3."""
    return 3.0 + rng.gamma(2.6, 8.0, size)


def done(people: People, deeds: Deeds, delay: np.ndarray) -> np.ndarray:
    """Counts of deeds before the close, leads x kinds of deed."""
    before = deeds.occurred < people.created[deeds.lead] + (delay[deeds.lead] * DAY).astype(np.int64)
    kinds = len(world.DEEDS)
    flat = deeds.lead[before] * kinds + deeds.deed[before]
    return np.bincount(flat, minlength=len(delay) * kinds).reshape(len(delay), kinds).astype(float)


def log_odds(people: People, counts: np.ndarray) -> np.ndarray:
    """Log-odds of a win; invited colleagues count double where pricing was read too."""
    pull = np.array([deed.pull for deed in world.DEEDS])
    logs = np.log1p(counts)
    types = [deed.type for deed in world.DEEDS]
    pair = np.minimum(logs[:, types.index("teammate_invited")], logs[:, types.index("pricing_viewed")])
    return (
        BASE
        + WEIGHT_OF_DEEDS * (logs @ pull)
        + WEIGHT_OF_FIT * people.fit
        + WEIGHT_OF_INTENT * people.intent
        + WEIGHT_OF_PAIR * pair
    )
