"""Every rule has work to do: a guard is the sole reason for some lead, a row, action or transition comes first for one.

A rule that stands in the shadow of others is found by meaning: `>= 200` under `>= 100` is dead.
"""

from collections.abc import Iterator, Sequence

import z3

from core.kernel.strict_yaml import Path
from core.policy.prover.solving import exists, solver
from core.policy.prover.study import SPENT, Study
from core.policy.prover.symbols import Truth
from core.policy.prover.verdicts import Found, Proof, needs, refuted_by
from core.policy.routing import by_precedence

SHADOWS_NAMED = 20
Rule = tuple[str, Truth, Path]


def rule_proofs(study: Study) -> Iterator[Proof]:
    """A proof a rule, and that no eligible lead is left without a row or with two."""
    yield from guard_proofs(study)
    yield from addition_proofs(study)
    yield from first_proofs(study, "transition", transitions(study))
    collects = study.policy.document.routing.hit == "COLLECT"
    yield from (alone_proofs(study, rows(study)) if collects else first_proofs(study, "row", rows(study)))
    yield total(study)
    yield from first_proofs(study, "action", actions(study))


def rows(study: Study) -> list[Rule]:
    """The routing rows in the order in which they are asked."""
    found = by_precedence(study.policy.document)
    return [(row.id, study.run.rows[place], ("routing", "rules", place)) for place, row in found]


def transitions(study: Study) -> list[Rule]:
    """The transitions in their order."""
    block = study.policy.document.lifecycle
    moves = block.transitions if block else ()
    return [
        (move.id, study.run.transitions[place], ("lifecycle", "transitions", place)) for place, move in enumerate(moves)
    ]


def actions(study: Study) -> list[Rule]:
    """The actions, highest priority first."""
    block = study.policy.document.actions
    ranked = sorted(enumerate(block.rules if block else ()), key=lambda item: -item[1].priority)
    return [(rule.id, study.run.actions[place], ("actions", "rules", place)) for place, rule in ranked]


def guard_proofs(study: Study) -> Iterator[Proof]:
    """Each guard is the sole reason for what happens to some lead."""
    rules, hits = study.policy.document.guards.rules, study.run.guards
    for place, guard in enumerate(rules):
        rivals = [
            hit
            for other, hit in enumerate(hits)
            if other != place and (rules[other].effect == "DENY" or guard.effect == "HOLD")
        ]
        found = Found(exists(study.known, hits[place], *map(z3.Not, rivals)), trouble="")
        proof = Proof(
            f"guard {guard.id}",
            "redundant_guard",
            "pass",
            "It is the sole reason for some lead.",
            ("guards", "rules", place),
        )
        yield needs(_told(found), proof, _redundant(study, guard.id, hits[place]))


def _told(found: Found) -> Found:
    return Found(None, trouble=SPENT) if found.exists is None else found


def _redundant(study: Study, name: str, hit: Truth) -> str:
    if exists(study.known, hit) is False:
        return f"Guard `{name}` holds for no lead."
    return f"Guard `{name}` changes nothing: whoever it stops, others stop too."


def addition_proofs(study: Study) -> Iterator[Proof]:
    """Each addition of points holds for some lead."""
    block = study.policy.document.priority
    for place, item in enumerate(block.add if block else ()):
        found = _told(Found(exists(study.known, study.run.additions[place])))
        name = item.id or f"{place + 1}"
        proof = Proof(f"addition {name}", "dead_rule", "pass", "It holds for some lead.", ("priority", "add", place))
        yield needs(found, proof, f"Addition `{name}` holds for no lead.")


def alone_proofs(study: Study, rules: Sequence[Rule]) -> Iterator[Proof]:
    """Each row of a table that collects holds for some lead."""
    for name, hit, path in rules:
        proof = Proof(f"row {name}", "dead_rule", "pass", "It holds for some lead.", path)
        yield needs(_told(Found(exists(study.known, hit))), proof, f"Row `{name}` holds for no lead.")


def first_proofs(study: Study, word: str, rules: Sequence[Rule]) -> Iterator[Proof]:
    """Each rule is the first that holds for some lead; a dead one is told with the rules that shadow it."""
    asked = solver(study.budget, study.run.valid)
    named = 0
    for place, (name, hit, path) in enumerate(rules):
        alive = exists(asked, hit)
        proof = Proof(f"{word} {name}", "dead_rule", "pass", "It is the first that holds for some lead.", path)
        failing = f"{word.capitalize()} `{name}` decides for no lead"
        if alive is False and named < SHADOWS_NAMED:
            failing, named = failing + _shadow(study, hit, rules[:place]), named + 1
        yield needs(_told(Found(alive)), proof, failing + ".")
        asked.add(z3.Not(hit))


def _shadow(study: Study, hit: Truth, earlier: Sequence[Rule]) -> str:
    """Why a rule is dead: it holds for no lead, or just these earlier rules take all its leads."""
    asked = solver(study.budget, study.run.valid, hit)
    markers = {str(marker := z3.Bool(f"not {name}")): (name, marker, other) for name, other, _ in earlier}
    for _, marker, other in markers.values():
        asked.add(z3.Implies(marker, z3.Not(other)))
    if asked.check(*[marker for _, marker, _ in markers.values()]) != z3.unsat:
        return ""
    names = [markers[str(marker)][0] for marker in asked.unsat_core()]
    kept = _needed(asked, {name: marker for name, marker, _ in markers.values()}, names)
    return (
        f": {', '.join(f'`{name}`' for name in kept)} before it take all of its leads" if kept else ": no lead fits it"
    )


def _needed(asked: z3.Solver, markers: dict[str, Truth], names: list[str]) -> list[str]:
    """The names without those that the shadow does not need."""
    kept = list(names)
    for name in names:
        fewer = [one for one in kept if one != name]
        if asked.check(*[markers[one] for one in fewer]) == z3.unsat:
            kept = fewer
    return [name for name in markers if name in kept]


def total(study: Study) -> Proof:
    """Every eligible lead has a row, or the table's `otherwise`."""
    routing = study.policy.document.routing
    taken = z3.Or([*study.run.rows, *([study.run.routed] if routing.otherwise else [])])
    eligible = study.run.outputs["disposition"].value == study.word("PERMIT")
    proof = Proof("routing total", "not_total", "pass", "Every eligible lead has a row.", ("routing", "rules"))
    return refuted_by(study.search(eligible, z3.Not(taken)), proof, "An eligible lead has no row and no `otherwise`.")
