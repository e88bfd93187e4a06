"""The command that makes a report for readers outside the team."""

import csv
import io
from fractions import Fraction
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, table
from app.cli.outputs import require_places, written
from core.exports.report import chosen
from core.exports.report import report as make
from core.governance.aggregates import ReportBudget, least_cell
from core.governance.errors_reports import BudgetMissing
from core.governance.history import active
from core.governance.permissions import Permission


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: leadbench report --by band --epsilon 0.5 --out report.csv --as ana")(report)


def report(
    by: Annotated[list[str], typer.Option("--by", help="disposition, band, pool, action or an input with words.")],
    epsilon: Annotated[float, typer.Option("--epsilon", min=0.01, max=10, help="What it costs of the budget.")] = 0.5,
    out: Annotated[Path | None, typer.Option("--out", help="File for the rows (CSV).")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accounts with open leads by cell, with noise that hides each; its cost is taken from the quarter's budget."""
    require_places(out)
    cost = Fraction(str(epsilon))
    with acting(store, as_user, Permission.EXPORT) as (bench, actor):
        deciding = active(bench.rooms.releases)
        if deciding is None:
            raise BudgetMissing
        cells = chosen(deciding.policy.document, by)
        spent = ReportBudget(bench.db, bench.rooms.users).spend(cost, ", ".join(by), actor)
        least = least_cell(bench.rooms.policies.in_force())
        rows = make(bench.db, cells, cost, least, SystemRandom())
    written(out, _csv(rows).encode())
    found = {
        "by": list(dict.fromkeys(by)), "epsilon": epsilon, "quarter": spent.quarter, "spent": float(spent.spent),
        "left": float(spent.left), "least_cell": least, "out": str(out) if out else None, "rows": rows,
    }  # fmt: skip
    emit(found, lambda: f"{table(rows, [*found['by'], 'accounts'])}\n{found['left']:g} is left of {spent.quarter}.")


def _csv(rows: list[dict[str, str | int | None]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
