"""The routing table and the actions as flat DuckDB SQL over normalised columns."""

from collections.abc import Sequence

from core.kernel.expressions import Expression
from core.policy.blocks import Route
from core.policy.conditions_sql import all_of, condition_sql, text_literal
from core.policy.document import Policy
from core.policy.routing import by_precedence
from core.policy.sql_columns import ACT, BROKEN, PERMITTED, ROW, Column, by_place, guard_column
from core.policy.sql_rules import guards_with


def rows_of(policy: Policy) -> list[Column]:
    """The place of the routing row that is taken: -1 for none, NULL where the table does not apply."""
    applies = _applies(policy.conditions.routing_applies)
    tests = _row_tests(policy)
    parts = [f"WHEN {test} THEN {place}" for place, test in tests]
    return [Column("row:", f"CASE WHEN NOT ({applies}) THEN NULL {' '.join(parts)} ELSE -1 END")]


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
    routing = policy.document.routing
    routes = [row.then for row in routing.rules]
    otherwise = routing.otherwise
    pools = [text_literal(route.pool) for route in routes]
    unrouted = f"CASE WHEN {ROW} = -1 THEN {text_literal(otherwise.pool)} END" if otherwise else "NULL"
    pool = f"CASE {_queues(policy)} ELSE {by_place(ROW, pools, unrouted)} END::VARCHAR"
    return [
        Column("pool", pool),
        Column("sla_min", _route_part(routes, otherwise, "sla_min", "BIGINT")),
        Column("method", _route_part(routes, otherwise, "method", "VARCHAR")),
    ]


def _queues(policy: Policy) -> str:
    parts = [f"WHEN {BROKEN} THEN {text_literal(policy.document.inputs.on_violation.queue)}"]
    parts.append("WHEN disposition = 'DENY' THEN NULL")
    rules = policy.document.guards.rules
    for place in guards_with(policy, "HOLD"):
        parts.append(f"WHEN {guard_column(place)} THEN {text_literal(rules[place].queue or '')}")
    return " ".join(parts)


def _route_part(routes: Sequence[Route], otherwise: Route | None, name: str, kind: str) -> str:
    words = [_literal(getattr(route, name)) for route in routes]
    last = _literal(getattr(otherwise, name)) if otherwise else "NULL"
    unrouted = f"CASE WHEN {ROW} = -1 THEN {last} END"
    return f"({by_place(ROW, words, unrouted)})::{kind}"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return text_literal(value) if isinstance(value, str) else str(value)


def actions_of(policy: Policy) -> list[Column]:
    """The place of the action rule that is taken: -1 for otherwise, NULL where no action is chosen."""
    block = policy.document.actions
    if block is None:
        return [Column("act:", "NULL::INTEGER")]
    applies = _applies(policy.conditions.actions_applies)
    ranked = sorted(enumerate(block.rules), key=lambda item: -item[1].priority)
    conditions = policy.conditions.actions
    parts = [f"WHEN {condition_sql(conditions[place].node)} THEN {place}" for place, _ in ranked]
    return [Column("act:", f"CASE WHEN NOT ({applies}) THEN NULL {' '.join(parts)} ELSE -1 END")]


def chosen_of(policy: Policy) -> list[Column]:
    """The next-best action."""
    block = policy.document.actions
    if block is None:
        return [Column("action", "NULL::VARCHAR")]
    words = [text_literal(rule.do) for rule in block.rules]
    unruled = f"CASE WHEN {ACT} = -1 THEN {text_literal(block.otherwise)} END"
    return [Column("action", f"({by_place(ACT, words, unruled)})::VARCHAR")]
