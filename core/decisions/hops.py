"""What a document says of pools: who stands in them, which take over, and a record's hops made again for replay."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.decisions.breaching import POOL, is_told
from core.decisions.sight import Place
from core.policy.blocks import Pool
from core.policy.document import Document
from core.policy.outcome import Outcome, Reason
from core.policy.overlay import takers

OWNER = "owner"
MOST_HOPS = 10


def asks_lead(pool: Pool) -> bool:
    """Whether the choice in the pool reads a field of the lead: its owner, or its territory."""
    return pool.capacity == OWNER or pool.territory is not None


def asked_of_leads(document: Document) -> tuple[str, ...]:
    """The fields of a lead by which owners and territories are found."""
    owners = [OWNER for pool in document.pools.values() if pool.capacity == OWNER and not pool.territory]
    return tuple(dict.fromkeys([*owners, *(pool.territory for pool in document.pools.values() if pool.territory)]))


def stands(document: Document, places: Mapping[str, Sequence[Place]]) -> dict[str, list[str]]:
    """By rep the pools in which they stand by name, in the document's order."""
    found: dict[str, list[str]] = {}
    for name, pool in document.pools.items():
        for place in () if pool.capacity == OWNER else places.get(pool.members or name, ()):
            found.setdefault(place.assignee, []).append(name)
    return found


def hopped(document: Document, outcome: Outcome, reasons: Iterable[Mapping[str, object]]) -> Outcome:
    """The outcome with the breaches and hops that a record tells, for replay."""
    found = outcome
    for told in reasons:
        if is_told(told["rule"], told["reason"]):
            found = replace(found, reasons=(*found.reasons, Reason(str(told["rule"]), str(told["reason"]))))
        if found.pool is None or told["rule"] != POOL + found.pool:
            continue
        block = document.pools[found.pool]
        reason = Reason(POOL + found.pool, None if told["reason"] is None else str(told["reason"]))
        found = replace(found, reasons=(*found.reasons, reason))
        if not hands_on(block):
            break
        found = replace(found, pool=block.fallback)
    return found


def chain(document: Document, pool: str, outcome: Outcome) -> tuple[str, ...]:
    """The pool and those that take over while it can be full, as many as its hops leave by the policy."""
    most = document.sla.max_hops if document.sla else MOST_HOPS
    hops = sum(one.rule.startswith(POOL) for one in outcome.reasons)
    return takers(document, pool)[: max(most - hops, 0) + 1]


def hands_on(pool: Pool) -> bool:
    """Whether a lead that nobody here can take goes on: a pool that takes any number keeps it, as is proved of it."""
    return not pool.terminal and pool.capacity != "unbounded"
