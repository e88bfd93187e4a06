"""Whether a lead could be decided better by inputs that may change, and the nearest such inputs."""

from collections.abc import Collection, Mapping

import z3

from core.policy.document import Policy
from core.policy.prover.proofs import PROVING
from core.policy.prover.solving import Budget, exists, solver
from core.policy.prover.study import SPENT, Study
from core.policy.prover.symbols import Truth, among
from core.policy.prover.verdicts import Found


def nearest_flip(
    policy: Policy,
    inputs: Mapping[str, object],
    free: Collection[str],
    wanted: Collection[str],
    budget: Budget | None = None,
) -> Found:
    """The nearest inputs for which the policy permits the lead in one of the `wanted` bands (none given: in any).

    Only the fields in `free` may differ from `inputs`: as few of them as can be, and among those the field that bands
    are cut on as little above its value as can be. `exists` False is a proof that none of their values does it.
    """
    with PROVING:
        return _nearest(Study(policy, budget or Budget()), inputs, free, wanted)


def _nearest(study: Study, inputs: Mapping[str, object], free: Collection[str], wanted: Collection[str]) -> Found:
    keeps = {name: study.lead.has(name, inputs.get(name)) for name in study.policy.input_fields}
    outputs = study.run.outputs
    facts: list[Truth] = [study.run.valid, *(keep for name, keep in keeps.items() if name not in free)]
    facts.append(outputs["disposition"].value == study.word("PERMIT"))
    if wanted:
        facts.append(among(outputs["band"].value, [study.words.code(band) for band in sorted(wanted)]))
    found = exists(solver(study.budget), *facts)
    if not found:
        return Found(found, trouble="" if found is False else SPENT)
    model = _closest(study, facts, [keep for name, keep in keeps.items() if name in free])
    lead = None if model is None else study.lead.read(model)
    if lead is None:
        return Found(None, trouble=SPENT)
    lead |= {name: inputs.get(name) for name in lead if name not in free}
    return Found(True, lead, before=study.decided(lead))


def _closest(study: Study, facts: list[Truth], keeps: list[Truth]) -> z3.ModelRef | None:
    """The model in which the most free fields stay, then the one whose banded value is least."""
    optimizer = z3.Optimize()
    optimizer.set("rlimit", study.budget.steps)
    optimizer.set("timeout", study.budget.milliseconds)
    optimizer.set("priority", "lex")
    optimizer.add(*facts)
    banded = study.lead.symbols[study.policy.document.bands.field]
    for keep in keeps:
        optimizer.add_soft(keep)
    optimizer.minimize(banded.value)
    return optimizer.model() if optimizer.check() == z3.sat else None
