"""Guards, bands, priority and lifecycle as flat DuckDB SQL over normalised columns."""

from core.policy.banding import DWELL, ladder_of
from core.policy.conditions_sql import condition_sql, identifier, text_literal
from core.policy.document import Policy
from core.policy.routing import STATE
from core.policy.sql_columns import BROKEN, CURRENT, MOVE, Column, at_place, guard_column
from core.policy.sql_inputs import fits


def guards_of(policy: Policy) -> list[Column]:
    """Whether each guard hits."""
    conditions = policy.conditions.guards
    return [Column(f"guard:{place}", condition_sql(item.node)) for place, item in enumerate(conditions)]


def disposition_of(policy: Policy) -> list[Column]:
    """DENY over HOLD over PERMIT, and the band; a broken contract holds and has no band."""
    found = policy.document.inputs.on_violation.disposition
    parts = [f"WHEN {BROKEN} THEN {text_literal(found)}"]
    for effect in ("DENY", "HOLD"):
        hits = [guard_column(place) for place in guards_with(policy, effect)]
        parts += [f"WHEN {' OR '.join(hits)} THEN {text_literal(effect)}"] if hits else []
    return [Column("disposition", f"CASE {' '.join(parts)} ELSE 'PERMIT' END"), Column("band", _band(policy))]


def guards_with(policy: Policy, effect: str) -> list[int]:
    """The places of the guards of an effect."""
    rules = policy.document.guards.rules
    return [place for place, guard in enumerate(rules) if guard.effect == effect]


def _band(policy: Policy) -> str:
    ladder, bands = ladder_of(policy.document), policy.document.bands
    value, dwell = identifier(bands.field), identifier(DWELL)
    parts = [f"WHEN {BROKEN} THEN NULL"]
    higher: list[str] = []
    for step in ladder.steps:
        higher.append(text_literal(step.band))
        ways = [f"{value} >= {step.enter}"]
        if bands.previous:
            previous = identifier(bands.previous)
            ways.append(f"({value} >= {step.exit} AND {previous} IN ({', '.join(higher)}))")
        if bands.previous and bands.min_dwell_min:
            ways.append(f"({identifier(bands.previous)} = {higher[-1]} AND {dwell} < {bands.min_dwell_min})")
        parts.append(f"WHEN {' OR '.join(ways)} THEN {higher[-1]}")
    return f"CASE {' '.join(parts)} ELSE {text_literal(bands.otherwise)} END"


def priority_of(policy: Policy) -> list[Column]:
    """The priority; NULL where the contract is broken."""
    block = policy.document.priority
    if block is None:
        return [Column("priority", f"CASE WHEN {BROKEN} THEN NULL ELSE 0 END::BIGINT")]
    divisor = 10 ** (policy.input_fields[block.base.field].scale or 0)
    base = f"({identifier(block.base.field)} * {block.base.times})"
    terms = [base if divisor == 1 else f"({base} // {divisor})"]
    for addition, expression in zip(block.add, policy.conditions.additions, strict=True):
        terms.append(f"CASE WHEN {condition_sql(expression.node)} THEN {addition.points} ELSE 0 END")
    low, high = block.clamp
    total = f"least(greatest({' + '.join(terms)}, {low}), {high})"
    return [Column("priority", f"CASE WHEN {BROKEN} THEN NULL ELSE {total} END::BIGINT")]


def current_of(policy: Policy) -> list[Column]:
    """The lead's state as a place in the lifecycle's states, and as the word that stays where nothing moves."""
    block = policy.document.lifecycle
    word = Column("word:", _state_word(policy))
    if block is None:
        return [word]
    states = ", ".join(text_literal(name) for name in block.states)
    return [word, Column("state:", f"list_position([{states}], {_present_state(policy)})")]


def _state_word(policy: Policy) -> str:
    """The state as given; the initial state, or nothing, where it is missing or breaks the contract."""
    field, block = policy.input_fields.get(STATE), policy.document.lifecycle
    initial = text_literal(block.initial) if block else "NULL::VARCHAR"
    if field is None:
        return initial
    fitting = f"coalesce({fits(STATE, field)}, FALSE)"
    present = identifier(STATE) if field.required else f"coalesce({identifier(STATE)}, {initial})"
    return f"CASE WHEN {BROKEN} AND NOT {fitting} THEN {initial} ELSE {present} END"


def _present_state(policy: Policy) -> str:
    field, block = policy.input_fields.get(STATE), policy.document.lifecycle
    initial = text_literal(block.initial) if block else "NULL"
    return identifier(STATE) if field and field.required else f"coalesce({identifier(STATE)}, {initial})"


def moves_of(policy: Policy) -> list[Column]:
    """The transition that is taken."""
    block = policy.document.lifecycle
    if block is None:
        return [Column("move:", "0")]
    states = list(block.states)
    parts = [f"WHEN {BROKEN} THEN 0"]
    for place, (move, expression) in enumerate(zip(block.transitions, policy.conditions.transitions, strict=True)):
        sources = ", ".join(str(states.index(name) + 1) for name in move.sources)
        parts.append(f"WHEN {CURRENT} IN ({sources}) AND {condition_sql(expression.node)} THEN {place + 1}")
    return [Column("move:", f"CASE {' '.join(parts)} ELSE 0 END")]


def next_state_of(policy: Policy) -> list[Column]:
    """The next state, by the transition that is taken."""
    block = policy.document.lifecycle
    targets = [text_literal(move.target) for move in block.transitions] if block else []
    if not targets:
        return [Column("next_state", '"word:"')]
    moved = at_place(MOVE, ["NULL", *targets])
    return [Column("next_state", f'CASE WHEN {MOVE} = 0 THEN "word:" ELSE {moved} END')]
