"""A policy as one DuckDB SELECT that decides a whole population, row for row what the evaluator decides."""

from collections.abc import Callable, Sequence

from core.policy import sql_inputs, sql_reasons, sql_routes, sql_rules
from core.policy.conditions_sql import identifier
from core.policy.document import Policy
from core.policy.sql_columns import Column
from core.policy.sql_inputs import TYPES

OUTPUTS = (
    "disposition",
    "band",
    "priority",
    "next_state",
    "pool",
    "sla_min",
    "method",
    "action",
    "reasons",
    "errors",
)
LAYERS: tuple[tuple[Callable[[Policy], list[Column]], ...], ...] = (
    (sql_inputs.contract_of,),
    (sql_rules.guards_of,),
    (sql_rules.disposition_of,),
    (sql_rules.priority_of, sql_rules.current_of),
    (sql_rules.moves_of,),
    (sql_rules.next_state_of,),
    (sql_routes.hits_of,),
    (sql_routes.rows_of,),
    (sql_routes.routes_of,),
    (sql_routes.actions_of,),
    (sql_routes.chosen_of, sql_reasons.reasons_of, sql_reasons.errors_of),
)


def column_types(policy: Policy) -> dict[str, str]:
    """The DuckDB type that each input column of the relation must have."""
    return {name: TYPES[field.type] for name, field in policy.input_fields.items()}


def render(policy: Policy, relation: str, keep: Sequence[str] = ()) -> str:
    """A SELECT of the `keep` columns and the outputs over a relation with one column an input.

    The relation's columns have the types of `column_types`; `reasons` and `errors` are JSON texts.
    """
    kept = [Column(f"key:{name}", f"r.{identifier(name)}") for name in keep]
    query = f"SELECT {_listed([*kept, *sql_inputs.inputs_of(policy)])} FROM {relation} AS r"
    for layer in LAYERS:
        columns = [column for part in layer for column in part(policy)]
        query = f"SELECT *, {_listed(columns)} FROM ({query})" if columns else query
    keys = [f"{identifier(f'key:{name}')} AS {identifier(name)}" for name in keep]
    return f"SELECT {', '.join([*keys, *OUTPUTS])} FROM ({query})"


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(map(str, columns))


def render_moves(before: Policy, after: Policy, relation: str, key: str = "lead_id") -> str:
    """A SELECT of the key and both versions' outputs, as `before_OUTPUT` and `after_OUTPUT`, one row a lead.

    The relation has one column an input of either version. Nothing is joined: the second version reads on.
    """
    first = render(before, relation, [key, *after.input_fields])
    passed = ", ".join(map(identifier, [key, *after.input_fields]))
    renamed = ", ".join(f"{name} AS before_{name}" for name in OUTPUTS)
    earlier = [f"before_{name}" for name in OUTPUTS]
    second = render(after, f"(SELECT {passed}, {renamed} FROM ({first}))", [key, *earlier])
    later = ", ".join(f"{name} AS after_{name}" for name in OUTPUTS)
    return f"SELECT {identifier(key)}, {', '.join(earlier)}, {later} FROM ({second})"


def render_matrix(moves: str, output: str) -> str:
    """How many leads go from which value of the output to which, over a relation of moves; NULL is no value."""
    columns = f"before_{output} AS before, after_{output} AS after"
    return f"SELECT {columns}, count(*) AS leads FROM ({moves}) GROUP BY ALL ORDER BY leads DESC, before, after"
