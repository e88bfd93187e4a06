"""Figures about groups: none of a cell that is too small, and noise under a budget for what leaves the team."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import polars as pl

from core.governance.errors_reports import BudgetMissing, BudgetSpent
from core.governance.permissions import Permission
from core.governance.users import Users
from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.policy.document import Document
from core.policy.store import PolicyStore

SPENT = "SELECT epsilon FROM report_budget WHERE quarter = ?"


@dataclass(frozen=True)
class Spending:
    """What a report may cost: its quarter, what was spent and what may be, in epsilon."""

    quarter: str
    spent: Fraction
    budget: Fraction

    @property
    def left(self) -> Fraction:
        """What is left of the quarter's budget."""
        return self.budget - self.spent


def least_cell(documents: Iterable[Document]) -> int:
    """The smallest cell that any of the documents lets be shown; 1 where none says."""
    blocks = [document.privacy.aggregate_reports for document in documents if document.privacy]
    return max((block.min_cell for block in blocks if block), default=1)


def with_small_cells_blank(rows: pl.DataFrame, least: int, keep: Iterable[str], count: str = "leads") -> pl.DataFrame:
    """The rows, of which those with a count below `least` keep only the named columns."""
    named = set(keep)
    small = pl.col(count) < least
    return rows.with_columns(
        pl.when(small).then(None).otherwise(pl.col(name)).alias(name) for name in rows.columns if name not in named
    )


def quarter_of(moment: datetime) -> str:
    """`2026-Q4`."""
    return f"{moment.year}-Q{(moment.month + 2) // 3}"


class ReportBudget:
    """The privacy budget of reports that leave the team: the smallest that a policy that decides names."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database, self._users = database, users

    def standing(self, change: Change | None = None) -> Spending:
        """What was spent this quarter; raises BudgetMissing where no policy that decides names a budget."""
        blocks = [one.privacy.aggregate_reports for one in PolicyStore(self._database).in_force() if one.privacy]
        budgets = [block.dp_epsilon_per_quarter for block in blocks if block]
        if not any(budgets):
            raise BudgetMissing
        quarter = quarter_of(self._database.clock.now())
        rows = (change or self._database).read(SPENT, [quarter])["epsilon"].to_list()
        return Spending(quarter, sum(map(Fraction, rows), Fraction(0)), min(_exact(one) for one in budgets if one))

    def spend(self, epsilon: Fraction, about: str, actor: str) -> Spending:
        """Take the report's share, before anybody sees it; raises Forbidden, BudgetMissing and BudgetSpent."""
        with self._database.change("governance", "report.charged", actor) as change:
            self._users.require(actor, Permission.EXPORT, change)
            found = self.standing(change)
            if epsilon > found.left:
                raise BudgetSpent(epsilon, found.left, found.quarter)
            row = {"spent_at": naive(self._database.clock.now()), "quarter": found.quarter, "epsilon": str(epsilon)}
            change.insert("report_budget", pl.DataFrame([{**row, "about": about, "actor": actor}]))
            change.body.update(quarter=found.quarter, epsilon=str(epsilon), about=about)
        return Spending(found.quarter, found.spent + epsilon, found.budget)


def _exact(number: float) -> Fraction:
    return Fraction(str(number))
