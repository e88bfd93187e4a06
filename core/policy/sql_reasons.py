"""Reasons and errors as JSON texts, in DuckDB SQL."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from core.policy.blocks import InputField
from core.policy.conditions_sql import identifier, text_literal
from core.policy.document import Policy
from core.policy.outcome import CONFLICT, NO_ROW, VIOLATION_RULE
from core.policy.sql_columns import (
    ACT,
    BROKEN,
    FIRST_RULE,
    MOVE,
    NOT_APPLIED,
    OTHERWISE,
    PERMITTED,
    ROW,
    Column,
    at_place,
    guard_column,
    hit_column,
)
from core.policy.sql_inputs import fits
from core.policy.sql_routes import COLLECT, conflict_of

MOST_COMBINATIONS = 4096


def reasons_of(policy: Policy) -> list[Column]:
    """The ordered reasons as a JSON array: guards, row, action, transition."""
    violation = reason_text(VIOLATION_RULE, policy.document.inputs.on_violation.reason)
    parts = [f"WHEN {BROKEN} THEN {text_literal(f'[{violation}]')}"]
    choices = _choices(policy)
    if policy.document.guards.rules:
        parts.append(f"WHEN NOT ({PERMITTED}) THEN {_joined([*_guards(policy), choices[-1].text])}")
    collected = _collected(policy)
    if collected:
        acted = [choice.text for choice in choices[1:]]
        parts.append(f"WHEN {ROW} >= {FIRST_RULE} THEN {_joined([*collected, *acted])}")
    return [Column("reasons", f"CASE {' '.join(parts)} ELSE {_permitted(choices)} END")]


def _collected(policy: Policy) -> list[str]:
    """Under COLLECT the reason of each row, where it holds; nothing for the other hit policies."""
    routing = policy.document.routing
    if routing.hit != COLLECT:
        return []
    return [
        f"CASE WHEN {hit_column(place)} THEN {text_literal(reason_text(row.id))} END"
        for place, row in enumerate(routing.rules)
    ]


@dataclass(frozen=True)
class Choice:
    """A stage that took at most one rule: its column, and the reason at every value of it ('' for none)."""

    column: str
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """The reason as SQL; NULL for none."""
        return at_place(self.column, [text_literal(item) if item else "NULL" for item in self.reasons])


def _choices(policy: Policy) -> list[Choice]:
    document = policy.document
    moves = document.lifecycle.transitions if document.lifecycle else ()
    acts = document.actions.rules if document.actions else ()
    return [
        Choice(ROW, ("", "", *(reason_text(row.id) for row in document.routing.rules))),
        Choice(ACT, ("", "", *(reason_text(rule.id) for rule in acts))),
        Choice(MOVE, ("", *(reason_text(move.id) for move in moves))),
    ]


def _guards(policy: Policy) -> list[str]:
    return [
        f"CASE WHEN {guard_column(place)} THEN {text_literal(reason_text(guard.id, guard.reason))} END"
        for place, guard in enumerate(policy.document.guards.rules)
    ]


def _permitted(choices: Sequence[Choice]) -> str:
    """The reasons of an eligible lead: looked up whole where there are few combinations, else joined."""
    combinations = list(product(*(choice.reasons for choice in choices)))
    if len(combinations) > MOST_COMBINATIONS:
        return _joined([choice.text for choice in choices])
    place = "0"
    for choice in choices:
        place = f"({place} * {len(choice.reasons)} + {choice.column})"
    listed = [text_literal(f"[{','.join(filter(None, parts))}]") for parts in combinations]
    return at_place(place, listed)


def _joined(parts: Iterable[str]) -> str:
    return f"'[' || concat_ws(',', {', '.join(parts)}) || ']'"


def reason_text(rule: str, reason: str | None = None) -> str:
    """A reason as a JSON object."""
    return json.dumps({"rule": rule, "reason": reason}, separators=(",", ":"))


def errors_of(policy: Policy) -> list[Column]:
    """What went wrong, as a JSON array; `[]` for most leads."""
    parts = [f"WHEN {BROKEN} THEN {_joined(_fault(name, field) for name, field in policy.input_fields.items())}"]
    if policy.document.routing.otherwise is None:
        parts.append(f"WHEN {ROW} = {OTHERWISE} THEN '[' || {fault_text('routing', NO_ROW)} || ']'")
    conflict = conflict_of(policy)
    if conflict:
        parts.append(f"WHEN {ROW} <> {NOT_APPLIED} AND {conflict} THEN '[' || {fault_text('routing', CONFLICT)} || ']'")
    return [Column("errors", f"CASE {' '.join(parts)} ELSE '[]' END")]


def fault_text(where: str, code: str) -> str:
    """A fault as a quoted JSON object."""
    return text_literal(json.dumps({"where": where, "code": code}, separators=(",", ":")))


def _fault(name: str, field: InputField) -> str:
    where, column = f"inputs.{name}", identifier(name)
    raw = identifier(f"raw:{name}") if field.type == "decimal" else column
    parts = [f"WHEN {raw} IS NULL THEN {fault_text(where, 'missing') if field.required else 'NULL'}"]
    if field.type == "decimal":
        parts.append(f"WHEN NOT isfinite({raw}) THEN {fault_text(where, 'not_a_number')}")
    if field.type != "bool":
        code = "unknown_value" if field.type == "enum" else "out_of_domain"
        parts.append(f"WHEN NOT coalesce({fits(name, field)}, FALSE) THEN {fault_text(where, code)}")
    return f"CASE {' '.join(parts)} END"
