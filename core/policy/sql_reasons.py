"""Reasons and errors as JSON texts, in DuckDB SQL."""

import json
from collections.abc import Iterable, Sequence

from core.policy.blocks import InputField
from core.policy.conditions_sql import identifier, text_literal
from core.policy.document import Policy
from core.policy.outcome import CONFLICT, NO_ROW, VIOLATION_RULE
from core.policy.sql_columns import ACT, BROKEN, MOVE, PERMITTED, ROW, Column, by_place, guard_column
from core.policy.sql_inputs import fits
from core.policy.sql_routes import conflict_of


def reasons_of(policy: Policy) -> list[Column]:
    """The ordered reasons as a JSON array: guards, row, action, transition."""
    document = policy.document
    rules = document.guards.rules
    rows = [reason_text(row.id) for row in document.routing.rules]
    acts = [reason_text(rule.id) for rule in document.actions.rules] if document.actions else []
    moves = [reason_text(move.id) for move in document.lifecycle.transitions] if document.lifecycle else []
    violation = reason_text(VIOLATION_RULE, document.inputs.on_violation.reason)
    guards = [
        f"CASE WHEN {guard_column(place)} THEN {reason_text(guard.id, guard.reason)} END"
        for place, guard in enumerate(rules)
    ]
    tail = [by_place(column, words, "NULL") for column, words in ((ROW, rows), (ACT, acts), (MOVE, moves)) if words]
    return [Column("reasons", _listed(violation, guards, tail))]


def _listed(violation: str, guards: Sequence[str], tail: Sequence[str]) -> str:
    permitted = _joined(tail)
    stopped = _joined([*guards, *tail[-1:]]) if guards else permitted
    return f"CASE WHEN {BROKEN} THEN '[' || {violation} || ']' WHEN {PERMITTED} THEN {permitted} ELSE {stopped} END"


def _joined(parts: Iterable[str]) -> str:
    listed = ", ".join(parts)
    return f"'[' || concat_ws(',', {listed}) || ']'" if listed else "'[]'"


def reason_text(rule: str, reason: str | None = None) -> str:
    """A reason as a quoted JSON object."""
    return text_literal(json.dumps({"rule": rule, "reason": reason}, separators=(",", ":")))


def errors_of(policy: Policy) -> list[Column]:
    """What went wrong, as a JSON array; `[]` for most leads."""
    parts = [f"WHEN {BROKEN} THEN {_joined(_fault(name, field) for name, field in policy.input_fields.items())}"]
    if policy.document.routing.otherwise is None:
        parts.append(f"WHEN {ROW} = -1 THEN '[' || {fault_text('routing', NO_ROW)} || ']'")
    conflict = conflict_of(policy)
    if conflict:
        parts.append(f"WHEN {ROW} IS NOT NULL AND {conflict} THEN '[' || {fault_text('routing', CONFLICT)} || ']'")
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
