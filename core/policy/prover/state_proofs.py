"""Bands and lifecycle: every band and state is reached, a higher score never gives a lower band, nothing cycles."""

from collections.abc import Iterator

import z3

from core.policy.blocks import Lifecycle
from core.policy.prover.execution import run
from core.policy.prover.pairs import ordered, pair
from core.policy.prover.solving import exists
from core.policy.prover.study import SPENT, Study
from core.policy.prover.symbols import Symbol, among
from core.policy.prover.verdicts import Found, Proof, needs, refuted_by
from core.policy.routing import STATE


def state_proofs(study: Study) -> Iterator[Proof]:
    """The proofs about bands, then those about the lifecycle."""
    yield from band_proofs(study)
    yield bands_rise(study)
    block = study.policy.document.lifecycle
    if block is not None:
        yield from states_reached(study, block)
        yield settles(study, block)


def band_proofs(study: Study) -> Iterator[Proof]:
    """Each band is some lead's."""
    for band in study.policy.document.bands.order:
        found = exists(study.known, study.run.outputs["band"].value == study.word(band))
        proof = Proof(f"band {band}", "dead_band", "pass", "Some lead is in it.", ("bands", "thresholds", band))
        told = Found(found, trouble=SPENT if found is None else "")
        yield needs(told, proof, f"No lead is ever in band `{band}`.")


def bands_rise(study: Study) -> Proof:
    """A higher score never gives a lower band, all else equal."""
    field = study.policy.document.bands.field
    asked = pair(study, [field])
    low, high = (ordered(study, "band", outputs["band"]) for outputs in (asked.first_outputs, asked.second_outputs))
    assert low is not None and high is not None
    below, above = study.lead.symbols[field], asked.second.symbols[field]
    proof = Proof(
        "bands rise", "band_falls", "pass", f"A higher `{field}` never gives a lower band.", ("bands", "thresholds")
    )
    found = asked.search(below.value < above.value, low > high)
    return refuted_by(found, proof, f"A higher `{field}` gives a lower band.")


def states_reached(study: Study, block: Lifecycle) -> Iterator[Proof]:
    """Each state is reached from the initial one, by transitions that some lead takes and by time-outs."""
    reached, waiting = {block.initial}, [block.initial]
    spent = False
    while waiting:
        state = waiting.pop()
        for target in block.states:
            if target in reached:
                continue
            found = True if block.states[state].on_timeout == target else _moves(study, state, target)
            spent = spent or found is None
            if found:
                reached.add(target)
                waiting.append(target)
    for state in block.states:
        path = ("lifecycle", "states", state)
        proof = Proof(f"state {state}", "dead_state", "pass", "A lead can come to it.", path)
        found = Found(True if state in reached else None if spent else False, trouble=SPENT if spent else "")
        yield needs(found, proof, f"No lead ever comes to state `{state}`.")


def _moves(study: Study, state: str, target: str) -> bool | None:
    given = study.lead.symbols[STATE]
    from_state = z3.And(given.known, given.value == study.word(state))
    return exists(study.known, from_state, study.run.outputs["next_state"].value == study.word(target))


def settles(study: Study, block: Lifecycle) -> Proof:
    """A lead that does not change comes to rest: its untimed transitions never go in a circle.

    After as many steps as there are states it must stay where it is, or it has met a state twice.
    """
    symbols = dict(study.lead.symbols)
    states = [study.word(name) for name in block.states]
    before = after = symbols[STATE]
    for _ in states:
        before, after = after, _step(study, symbols, after)
    proof = Proof(
        "lifecycle settles",
        "livelock",
        "pass",
        "A lead that does not change comes to rest.",
        ("lifecycle", "transitions"),
    )
    told = study.search(
        after.known, before.known, before.value != after.value, among(after.value, _codes(study, block))
    )
    return refuted_by(told, proof, "A lead that does not change goes round in a circle of states.")


def _codes(study: Study, block: Lifecycle) -> list[int]:
    return [study.words.code(name) for name in block.states]


def _step(study: Study, symbols: dict[str, Symbol], state: Symbol) -> Symbol:
    return run(study.policy, {**symbols, STATE: state}, study.words).outputs["next_state"]
