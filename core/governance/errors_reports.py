"""Refusals of reports on groups."""

from fractions import Fraction

from core.kernel.errors import LeadbenchError


class BudgetMissing(LeadbenchError):
    """A report with noise where no policy that decides names a budget."""

    code = "no_report_budget"

    def __init__(self) -> None:
        super().__init__(
            "No policy that decides names `privacy.aggregate_reports.dp_epsilon_per_quarter`.",
            remedy="Publish a policy that names the budget of reports that leave the team.",
        )


class BudgetSpent(LeadbenchError):
    """A report that costs more than is left of the quarter's budget."""

    code = "report_budget_spent"

    def __init__(self, epsilon: Fraction, left: Fraction, quarter: str) -> None:
        super().__init__(
            f"The report costs {float(epsilon):g}, and {float(left):g} is left of the budget of {quarter}.",
            value=f"{float(epsilon):g}",
            remedy="Ask for less with --epsilon, or wait for the next quarter.",
        )


class DimensionUnknown(LeadbenchError):
    """A report by something whose values no policy declares."""

    code = "unknown_dimension"

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no report by `{name}`.", value=name, remedy=f"Use one of {', '.join(known)}.")
