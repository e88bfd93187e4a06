"""The author's claims, over the core and over what leads meet: experiment and fallback chain included."""

from collections.abc import Iterator
from typing import Literal

import z3

from core.kernel.expressions import Expression
from core.policy.overlays import Claim
from core.policy.prover.conditions import holds
from core.policy.prover.pairs import ordered, pair, same_symbol
from core.policy.prover.study import Study
from core.policy.prover.symbols import TRUE, Symbols, Truth
from core.policy.prover.verdicts import Found, Proof, refuted_by

Scope = Literal["core", "effective"]


def claim_proofs(study: Study) -> Iterator[Proof]:
    """A proof a claim and scope; claims about two leads are judged over every arm at once."""
    for place, claim in enumerate(study.policy.document.properties):
        if claim.kind in ("never", "always"):
            yield from _single(study, claim, place)
        else:
            yield _double(study, claim, place)


def _single(study: Study, claim: Claim, place: int) -> Iterator[Proof]:
    given, stated = study.policy.conditions.claims[place]
    core, met = study.run.everything, {**study.run.lead, **study.effective.outputs}
    yield _judged(study, claim, place, "core", study.search(_against(study, claim, given, stated, core)))
    yield _judged(study, claim, place, "effective", study.search_effective(_against(study, claim, given, stated, met)))


def _against(study: Study, claim: Claim, given: Expression | None, stated: Expression | None, values: Symbols) -> Truth:
    """What a lead that refutes the claim is like."""
    premise = holds(given.node, values, study.words) if given else TRUE
    assert stated is not None
    holding = holds(stated.node, values, study.words)
    return z3.And(premise, holding if claim.kind == "never" else z3.Not(holding))


def _double(study: Study, claim: Claim, place: int) -> Proof:
    assert claim.output is not None
    return _judged(
        study, claim, place, "effective", _monotone(study, claim) if claim.input else _independent(study, claim)
    )


def _independent(study: Study, claim: Claim) -> Found:
    asked = pair(study, claim.of)
    one, other = asked.first_outputs[str(claim.output)], asked.second_outputs[str(claim.output)]
    return asked.search(z3.Not(same_symbol(one, other)))


def _monotone(study: Study, claim: Claim) -> Found:
    name, output = str(claim.input), str(claim.output)
    asked = pair(study, [name])
    one, other = asked.first_outputs[output], asked.second_outputs[output]
    low, high = ordered(study, output, one), ordered(study, output, other)
    if low is None or high is None:
        return Found(None, trouble=f"The values of `{output}` have no order, so nothing can be monotone in it.")
    below, above = study.lead.symbols[name], asked.second.symbols[name]
    rises = z3.And(below.known, above.known, below.value < above.value, one.known, other.known)
    return asked.search(rises, low > high if claim.direction == "increasing" else low < high)


def _judged(study: Study, claim: Claim, place: int, scope: Scope, found: Found) -> Proof:
    proof = Proof(
        f"claim {claim.id}",
        "claim_fails",
        "pass",
        "It holds for every lead.",
        ("properties", place),
        "claim",
        scope,
    )
    return refuted_by(found, proof, f"Claim `{claim.id}` fails for a lead: {_told(claim, found)}.")


def _told(claim: Claim, found: Found) -> str:
    if not found.before:
        return "see the counterexample"
    arm = f" in arm `{found.lead['arm']}`" if found.lead and found.lead.get("arm", "live") != "live" else ""
    if claim.output and found.after:
        return f"its `{claim.output}` is `{found.before[claim.output]}`, the other's `{found.after[claim.output]}`{arm}"
    shown = ("disposition", "band", "pool", "sla_min", "action")
    return ", ".join(f"{name} `{found.before[name]}`" for name in shown) + arm
