"""What becomes of a lead that nobody takes up in the agreed time."""

from dataclasses import dataclass
from decimal import Decimal

from core.policy.document import Document
from core.policy.overlay import takers

REASSIGN = "reassign_fallback"


@dataclass(frozen=True, slots=True)
class Breach:
    """What is done so many minutes after the lead was routed; `pool` has it from then on. Minutes by `sla.clock`."""

    after_min: int
    do: str
    pool: str


def breach_plan(document: Document, pool: str | None, sla_min: int | None) -> tuple[Breach, ...]:
    """Every step of `sla.on_breach` for a lead in the pool, in order of time; empty where nothing was agreed.

    A reassignment takes the lead one pool down the chain of those that take over, at most `sla.max_hops` times, and
    leaves it where the chain ends: a pool that takes any number keeps it, as is proved of it.
    """
    if document.sla is None or pool is None or sla_min is None:
        return ()
    found: list[Breach] = []
    hops = 0
    for step in document.sla.on_breach:
        after = takers(document, pool)[1:]
        if step.do == REASSIGN and after and hops < document.sla.max_hops:
            pool, hops = after[0], hops + 1
        found.append(Breach(int(Decimal(str(step.after)) * sla_min), step.do, pool))
    return tuple(found)


def breached(plan: tuple[Breach, ...], elapsed_min: int) -> tuple[Breach, ...]:
    """The steps of a plan that are due after so many minutes."""
    return tuple(step for step in plan if step.after_min <= elapsed_min)
