"""Proofs about policies with z3: what holds for every lead, and the plainest lead for which something does not.

One symbolic lead runs through the whole decision (symbols, conditions, execution, overlay); `solving` asks whether a
lead of a kind exists and finds the one nearest to a typical lead; the `*_proofs` modules put the questions; `equality`
compares two policies. Every lead found is decided by the serving evaluator before anybody sees it.
"""

from core.policy.prover.equality import Equality, compare
from core.policy.prover.flips import nearest_flip
from core.policy.prover.proofs import prove
from core.policy.prover.solving import Budget
from core.policy.prover.verdicts import Found, Proof

__all__ = ["Budget", "Equality", "Found", "Proof", "compare", "nearest_flip", "prove"]
