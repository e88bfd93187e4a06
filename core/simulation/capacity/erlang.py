"""Erlang's C formula: how long leads wait where arrivals and handling are steady and a pool shares one queue."""

from dataclasses import dataclass
from math import exp


@dataclass(frozen=True)
class Queue:
    """A pool in steady state: leads an hour, mean minutes that one takes, reps at work."""

    per_hour: float
    minutes: float
    reps: int

    @property
    def load(self) -> float:
        """The work that comes in, in reps (erlangs)."""
        return self.per_hour * self.minutes / 60

    @property
    def is_stable(self) -> bool:
        """Whether the reps can do the work at all."""
        return self.load < self.reps


def waits(queue: Queue) -> float:
    """The share of leads that wait at all (Erlang 1917); 1 where the queue grows without end."""
    if not queue.is_stable:
        return 1.0
    blocked = 1.0
    for reps in range(1, queue.reps + 1):
        blocked = queue.load * blocked / (reps + queue.load * blocked)
    used = queue.load / queue.reps
    return blocked / (1 - used * (1 - blocked))


def waits_longer(queue: Queue, minutes: float) -> float:
    """The share of leads that wait longer than so many minutes, first come first served; 1 where it is unstable."""
    if not queue.is_stable:
        return 1.0
    return waits(queue) * exp(-(queue.reps - queue.load) * minutes / queue.minutes)
