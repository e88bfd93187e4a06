"""Checks of the pools: every fallback resolves, no chain goes in circles, all end in a terminal pool."""

from collections.abc import Iterator
from itertools import pairwise

from core.kernel.expressions import Diagnostic
from core.policy.checks.names import resolve
from core.policy.document import Document
from core.policy.shape import Located


def check_pools(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `pools`, and in `sla`."""
    for name, pool in document.pools.items():
        path = ("pools", name)
        yield from resolve(located, (*path, "fallback"), "pool", pool.fallback, document.pools)
        if pool.terminal is (pool.fallback is not None):
            fault = "is terminal and has a fallback" if pool.terminal else "is not terminal and has no fallback"
            yield located.diagnostic(
                "pool_end", path, f"Pool `{name}` {fault}.", "A pool is terminal or names who takes over."
            )
        yield from _check_circle(document, located, name)
    yield from _check_hops(document, located)
    yield from _check_breaches(document, located)


def chain(document: Document, name: str) -> list[str]:
    """The pools that take over one after another, the pool itself first; a circle is walked once."""
    walked = [name]
    pool = document.pools.get(name)
    while pool and pool.fallback and pool.fallback in document.pools and pool.fallback not in walked:
        walked.append(pool.fallback)
        pool = document.pools[pool.fallback]
    return walked


def _check_circle(document: Document, located: Located, name: str) -> Iterator[Diagnostic]:
    walked = chain(document, name)
    if document.pools[walked[-1]].fallback == name:
        way = " > ".join([*walked, name])
        yield located.diagnostic(
            "fallback_cycle",
            ("pools", name, "fallback"),
            f"The fallbacks go in a circle: `{way}`.",
            "Let the chain end in a terminal pool, such as `q.unassigned`.",
        )


def _check_breaches(document: Document, located: Located) -> Iterator[Diagnostic]:
    steps = document.sla.on_breach if document.sla else ()
    if steps and (steps[0].after <= 0 or any(one.after >= other.after for one, other in pairwise(steps))):
        yield located.diagnostic(
            "breach_order",
            ("sla", "on_breach"),
            f"The steps come after {', '.join(f'`{step.after}`' for step in steps)} times the agreed time.",
            "Each step comes later than the one before it, the first after more than 0.",
        )


def _check_hops(document: Document, located: Located) -> Iterator[Diagnostic]:
    if document.sla is None:
        return
    longest = max((chain(document, name) for name in document.pools), key=len)
    if document.sla.max_hops < len(longest) - 1:
        yield located.diagnostic(
            "max_hops",
            ("sla", "max_hops"),
            f"`{document.sla.max_hops}` hops are fewer than the longest chain: `{' > '.join(longest)}`.",
            f"Write at least {len(longest) - 1}, or shorten the chain.",
        )
