"""Questions to the solver, each within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import z3

from core.policy.prover.leads import SymbolicLead, truth
from core.policy.prover.symbols import Truth


@dataclass(frozen=True)
class Budget:
    """How much a single question may cost: solver steps, the same on every machine; milliseconds as a backstop."""

    steps: int = 40_000_000
    milliseconds: int = 20_000


def solver(budget: Budget, *facts: Truth) -> z3.Solver:
    """A solver within the budget that knows the facts."""
    made = z3.SolverFor("QF_LIA")
    made.set("rlimit", budget.steps)
    made.set("timeout", budget.milliseconds)
    made.add(*facts)
    return made


def exists(known: z3.Solver, *facts: Truth) -> bool | None:
    """Whether the facts can hold beside what the solver knows; None where the budget does not suffice."""
    answer = known.check(*facts)
    return None if answer == z3.unknown else answer == z3.sat


def plainest(
    budget: Budget, leads: Sequence[SymbolicLead], facts: Sequence[Truth], wishes: Sequence[Truth] = ()
) -> z3.ModelRef | None:
    """A model of the facts whose leads differ from typical ones in as few fields as can be (MaxSAT), else any model.

    Among those the values of the differing fields lie as near to typical ones as can be, field by field in the order of
    the document. `wishes` are met too where they can be.

    None where the budget does not suffice.
    """
    asked = [*wishes, *(wish for lead in leads for wish in lead.plain())]
    optimizer = _optimizer(budget, facts)
    for wish in asked:
        optimizer.add_soft(wish)
    if optimizer.check() == z3.sat:
        return _nearest(budget, leads, facts, asked, optimizer.model())
    plain = solver(budget, *facts)
    return plain.model() if plain.check() == z3.sat else None


def _nearest(
    budget: Budget,
    leads: Sequence[SymbolicLead],
    facts: Sequence[Truth],
    wishes: Sequence[Truth],
    model: z3.ModelRef,
) -> z3.ModelRef:
    """Of the models that meet the same wishes, the one whose other fields lie nearest to typical values, one by one."""
    kept = [wish for wish in wishes if truth(wish, model)]
    optimizer = _optimizer(budget, [*facts, *kept])
    for lead in leads:
        for distance in lead.distances(model):
            optimizer.minimize(distance)
    return optimizer.model() if optimizer.check() == z3.sat else model


def _optimizer(budget: Budget, facts: Sequence[Truth]) -> z3.Optimize:
    made = z3.Optimize()
    made.set("rlimit", budget.steps)
    made.set("timeout", budget.milliseconds)
    made.add(*facts)
    return made
