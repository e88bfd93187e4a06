"""The input contract as DuckDB SQL: values in normal form, and whether they fit."""

from core.policy.blocks import InputField
from core.policy.conditions_sql import identifier, text_literal
from core.policy.contract import bounds
from core.policy.document import Policy
from core.policy.sql_columns import Column

TYPES = {"int": "BIGINT", "decimal": "DOUBLE", "bool": "BOOLEAN", "enum": "VARCHAR", "text": "VARCHAR"}


def inputs_of(policy: Policy) -> list[Column]:
    """The normalised inputs, and the raw value of every decimal."""
    columns: list[Column] = []
    for name, field in policy.input_fields.items():
        source = f"r.{identifier(name)}"
        if field.type == "decimal":
            points = f"TRY_CAST(floor({source} * {10 ** (field.scale or 0)}::DOUBLE + 0.5) AS BIGINT)"
            columns += [Column(name, points), Column(f"raw:{name}", source)]
        else:
            columns.append(Column(name, source))
    return columns


def contract_of(policy: Policy) -> list[Column]:
    """Whether the inputs break the contract."""
    tests = [f"NOT coalesce({fits(name, field)}, {_unknown(field)})" for name, field in policy.input_fields.items()]
    present = [
        f"({identifier(f'raw:{name}')} IS NOT NULL AND {identifier(name)} IS NULL)"
        for name, field in policy.input_fields.items()
        if field.type == "decimal" and not field.required
    ]
    return [Column("broken:", " OR ".join([*tests, *present]))]


def fits(name: str, field: InputField) -> str:
    """Whether a value lies in its domain; NULL for a missing one."""
    column = identifier(name)
    if field.type in ("int", "decimal"):
        domain = bounds(field)
        return f"{column} BETWEEN {domain.low} AND {domain.high}"
    if field.type == "enum":
        return f"{column} IN ({', '.join(text_literal(word) for word in field.values)})"
    return f"{column} IS NOT NULL" if field.required else "TRUE"


def _unknown(field: InputField) -> str:
    return "FALSE" if field.required else "TRUE"
