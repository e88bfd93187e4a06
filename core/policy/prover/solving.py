"""Questions to the solver, each within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import z3

from core.policy.prover.leads import SymbolicLead
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

    `wishes` are met too where they can be.

    None where the budget does not suffice.
    """
    optimizer = z3.Optimize()
    optimizer.set("rlimit", budget.steps)
    optimizer.set("timeout", budget.milliseconds)
    optimizer.add(*facts)
    for wish in (*wishes, *(wish for lead in leads for wish in lead.plain())):
        optimizer.add_soft(wish)
    if optimizer.check() == z3.sat:
        return optimizer.model()
    plain = solver(budget, *facts)
    return plain.model() if plain.check() == z3.sat else None
