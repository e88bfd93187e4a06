"""Every proof of a policy, in the order of the decision's stages."""

from collections.abc import Iterator
from threading import Lock

from core.policy.document import Policy
from core.policy.prover.claim_proofs import claim_proofs
from core.policy.prover.overlap_proofs import overlap_proofs
from core.policy.prover.rule_proofs import rule_proofs
from core.policy.prover.solving import Budget
from core.policy.prover.state_proofs import state_proofs
from core.policy.prover.study import Study
from core.policy.prover.verdicts import Proof

PROVING = Lock()
"""The solver's own state is one for the process, so one thread proves at a time."""


def prove(policy: Policy, budget: Budget | None = None) -> tuple[Proof, ...]:
    """Every statement that must hold of a sound policy, proved or refuted; never raises on what an author writes."""
    with PROVING:
        return tuple(_all(Study(policy, budget or Budget())))


def _all(study: Study) -> Iterator[Proof]:
    yield _closed_chains(study)
    yield _no_forbidden(study)
    yield from state_proofs(study)
    yield from rule_proofs(study)
    yield from overlap_proofs(study)
    yield from claim_proofs(study)


def _closed_chains(study: Study) -> Proof:
    """A document with an open or circular chain does not load; said so that the reader of the report sees it."""
    count = len(study.policy.document.pools)
    detail = f"The fallback chains of {count} pools end in a terminal pool."
    return Proof("fallback chains end", "fallback_cycle", "pass", detail, ("pools",), "structure")


def _no_forbidden(study: Study) -> Proof:
    """Outputs cannot depend on a forbidden field: a document that declares one does not load."""
    count = len(study.policy.document.inputs.forbidden)
    detail = f"No output depends on the {count} forbidden fields: none is an input."
    return Proof("forbidden fields unread", "forbidden_field", "pass", detail, ("inputs", "forbidden"), "structure")
