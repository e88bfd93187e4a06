"""The routing table between its document and an editable grid: one row a rule, one column a condition."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from core.policy.editing import Outline, Rule, cell_text, cell_value

OUTPUTS = ("pool", "sla_min", "method")
NEW = "r.new"


def conditions(outline: Outline) -> list[str]:
    """The fields that any row asks about, in the order of their first use."""
    return list(dict.fromkeys(name for rule in outline.routes for name in _part(rule, "when")))


def table(outline: Outline, fields: Sequence[str]) -> pl.DataFrame:
    """id, a text column a condition (blank lets anything through), pool, sla_min, method."""
    kinds = {"id": pl.String, **dict.fromkeys(fields, pl.String), "pool": pl.String, "sla_min": pl.Int64}
    rows = [
        {"id": str(rule.get("id", ""))}
        | {name: cell_text(_part(rule, "when").get(name)) for name in fields}
        | {name: _part(rule, "then").get(name) for name in OUTPUTS}
        for rule in outline.routes
    ]
    return pl.DataFrame(rows, schema={**kinds, "method": pl.String}, strict=False)


def rules(grid: pl.DataFrame, outline: Outline, fields: Sequence[str]) -> list[Rule]:
    """The rules that the grid says; rows that are as they were keep what the grid does not show."""
    known = {str(rule.get("id")): rule for rule in outline.routes}
    return [_rule(row, known, fields, place) for place, row in enumerate(grid.iter_rows(named=True))]


def _rule(row: Mapping[str, Any], known: Mapping[str, Rule], fields: Sequence[str], place: int) -> Rule:
    name = str(row["id"] or f"{NEW}_{place + 1}").strip()
    before = known.get(name, {})
    old = _part(before, "when")
    hidden = {field: cell for field, cell in old.items() if field not in fields}
    when = {field: _cell(str(row[field]), old.get(field)) for field in fields if (row[field] or "").strip()}
    then = {**_part(before, "then"), **{key: row[key] for key in OUTPUTS}}
    ordered = hidden | when
    return {
        **before,
        "id": name,
        "when": {field: ordered[field] for field in [*old, *ordered] if field in ordered},
        "then": {key: value for key, value in then.items() if value not in (None, "")},
    }


def _cell(text: str, before: object) -> object:
    return before if cell_text(before) == text else cell_value(text)


def _part(rule: Rule, name: str) -> Mapping[str, Any]:
    part = rule.get(name)
    return part if isinstance(part, Mapping) else {}
