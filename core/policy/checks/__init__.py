"""Static checks of a policy document: everything that is wrong and can be seen without a solver."""

from collections.abc import Callable, Iterator

from core.kernel.expressions import Diagnostic
from core.policy.checks.bands import check_bands, check_priority
from core.policy.checks.inputs import check_inputs
from core.policy.checks.overlays import (
    check_claims,
    check_experiment,
    check_privacy,
    check_rollout,
    check_units,
    check_way_back,
    warn_of_raw_events,
)
from core.policy.checks.pools import check_pools
from core.policy.checks.rules import (
    check_actions,
    check_guards,
    check_ids,
    check_lifecycle,
    check_metadata,
    check_routing,
)
from core.policy.document import Document
from core.policy.shape import Located

CHECKS: tuple[Callable[[Document, Located], Iterator[Diagnostic]], ...] = (
    check_metadata,
    check_inputs,
    check_ids,
    check_guards,
    check_bands,
    check_priority,
    check_lifecycle,
    check_routing,
    check_pools,
    check_actions,
    check_experiment,
    check_rollout,
    check_privacy,
    check_claims,
)
OF_NEW_TEXTS = (check_units, check_way_back)


def structure(document: Document, located: Located) -> list[Diagnostic]:
    """All structural findings, in the order of the document's lines."""
    found = [finding for check in CHECKS for finding in check(document, located)]
    return sorted(found, key=lambda item: (item.line, item.column, item.code))


def handed_in(document: Document, located: Located) -> list[Diagnostic]:
    """What is refused of a text that is checked or handed in; a version stored before that was is still read."""
    found = [finding for check in OF_NEW_TEXTS for finding in check(document, located)]
    return sorted(found, key=lambda item: (item.line, item.column, item.code))


def warnings(document: Document, located: Located) -> list[Diagnostic]:
    """What a sound document states and leadbench does not do."""
    return list(warn_of_raw_events(document, located))
