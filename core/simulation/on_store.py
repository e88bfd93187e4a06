"""One-step simulation over the leads of a store as they stood at their newest decisions."""

from core.decisions import standing
from core.kernel.database import Database
from core.policy.document import Policy
from core.simulation.one_step import Simulation, simulate


def simulate_on_store(db: Database, before: Policy, after: Policy) -> Simulation:
    """Every decided lead by both policies, from the inputs of its newest decision; empty where none was decided."""
    return simulate(before, after, standing.leads(db, (before, after)))
