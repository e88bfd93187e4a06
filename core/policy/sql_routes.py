"""The routing table and the actions as flat DuckDB SQL over normalised columns."""

from collections.abc import Sequence

from core.kernel.expressions import Expression
from core.policy.blocks import Route
from core.policy.conditions_sql import all_of, condition_sql, text_literal
from core.policy.document import Policy
from core.policy.routing import by_precedence
from core.policy.sql_columns import (
    ACT,
    BROKEN,
    FIRST_RULE,
    NOT_APPLIED,
    OTHERWISE,
    PERMITTED,
    ROW,
    Column,
    at_place,
    guard_column,
    hit_column,
    literal,
)
from core.policy.sql_rules import guards_with

COLLECT = "COLLECT"


def hits_of(policy: Policy) -> list[Column]:
    """Whether each row holds, under COLLECT; the other hit policies ask no further than they must."""
    if policy.document.routing.hit != COLLECT:
        return []
    return [Column(f"hit:{place}", test) for place, test in _row_tests(policy)]


def rows_of(policy: Policy) -> list[Column]:
    """The routing row that is taken."""
    applies = _applies(policy.conditions.routing_applies)
    collects = policy.document.routing.hit == COLLECT
    tests = [(place, hit_column(place)) if collects else (place, test) for place, test in _row_tests(policy)]
    parts = [f"WHEN {test} THEN {place + FIRST_RULE}" for place, test in tests]
    skipped = f"WHEN NOT ({applies}) THEN {NOT_APPLIED}"
    return [Column("row:", f"CASE {skipped} {' '.join(parts)} ELSE {OTHERWISE} END")]


def _row_tests(policy: Policy) -> list[tuple[int, str]]:
    rows = policy.conditions.rows
    return [
        (place, all_of([condition_sql(cell.node) for _, cell in rows[place]]))
        for place, _ in by_precedence(policy.document)
    ]


def _applies(condition: Expression | None) -> str:
    return f"{PERMITTED} AND {condition_sql(condition.node)}" if condition else PERMITTED


def conflict_of(policy: Policy) -> str | None:
    """Whether rows contradict each other under UNIQUE or ANY; None for the other hit policies."""
    if policy.document.routing.hit not in ("UNIQUE", "ANY"):
        return None
    groups: dict[object, list[str]] = {}
    for place, test in _row_tests(policy):
        row = policy.document.routing.rules[place]
        same = row.then if policy.document.routing.hit == "ANY" else place
        groups.setdefault(_key(same), []).append(test)
    counted = [f"({' OR '.join(tests)})::INTEGER" for tests in groups.values()]
    return f"({' + '.join(counted)}) > 1" if len(counted) > 1 else None


def _key(same: object) -> object:
    return (same.pool, same.sla_min, same.method) if isinstance(same, Route) else same


def routes_of(policy: Policy) -> list[Column]:
    """Pool, minutes and method; a held lead's pool is the queue of its first HOLD rule."""
    routes = [policy.document.routing.otherwise, *(row.then for row in policy.document.routing.rules)]
    return [
        Column("pool", f"CASE {_queues(policy)} ELSE {_route_part(routes, 'pool', 'VARCHAR')} END"),
        Column("sla_min", _shortest(policy) or _route_part(routes, "sla_min", "BIGINT")),
        Column("method", _route_part(routes, "method", "VARCHAR")),
    ]


def _queues(policy: Policy) -> str:
    parts = [f"WHEN {BROKEN} THEN {text_literal(policy.document.inputs.on_violation.queue)}"]
    parts.append("WHEN disposition = 'DENY' THEN NULL")
    rules = policy.document.guards.rules
    for place in guards_with(policy, "HOLD"):
        parts.append(f"WHEN {guard_column(place)} THEN {text_literal(rules[place].queue or '')}")
    return " ".join(parts)


def _shortest(policy: Policy) -> str | None:
    """Under COLLECT the shortest time that any row that holds agrees; None for the other hit policies."""
    routing = policy.document.routing
    if routing.hit != COLLECT:
        return None
    otherwise = literal(routing.otherwise.sla_min if routing.otherwise else None)
    rows = enumerate(routing.rules)
    agreed = [
        f"CASE WHEN {hit_column(place)} THEN {row.then.sla_min} END"
        for place, row in rows
        if row.then.sla_min is not None
    ]
    shortest = f"least({', '.join(agreed)})" if len(agreed) > 1 else agreed[0] if agreed else "NULL"
    unrouted = f"WHEN {ROW} = {NOT_APPLIED} THEN NULL WHEN {ROW} = {OTHERWISE} THEN {otherwise}"
    return f"CASE {unrouted} ELSE {shortest} END::BIGINT"


def _route_part(routes: Sequence[Route | None], name: str, kind: str) -> str:
    words = [literal(getattr(route, name)) if route else "NULL" for route in routes]
    return at_place(ROW, ["NULL", *words], kind)


def actions_of(policy: Policy) -> list[Column]:
    """The action rule that is taken."""
    block = policy.document.actions
    if block is None:
        return [Column("act:", str(NOT_APPLIED))]
    applies = _applies(policy.conditions.actions_applies)
    ranked = sorted(enumerate(block.rules), key=lambda item: -item[1].priority)
    conditions = policy.conditions.actions
    parts = [f"WHEN {condition_sql(conditions[place].node)} THEN {place + FIRST_RULE}" for place, _ in ranked]
    skipped = f"WHEN NOT ({applies}) THEN {NOT_APPLIED}"
    return [Column("act:", f"CASE {skipped} {' '.join(parts)} ELSE {OTHERWISE} END")]


def chosen_of(policy: Policy) -> list[Column]:
    """The next-best action."""
    block = policy.document.actions
    if block is None:
        return [Column("action", "NULL::VARCHAR")]
    words = [text_literal(rule.do) for rule in block.rules]
    return [Column("action", at_place(ACT, ["NULL", text_literal(block.otherwise), *words]))]
