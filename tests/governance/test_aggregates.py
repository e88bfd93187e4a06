"""Small cells are not shown, and what leaves the team carries exact noise under a quarter's budget."""

import math
from collections import Counter
from datetime import datetime
from fractions import Fraction
from random import Random

import polars as pl
import pytest

from core.exports.report import chosen, dimensions, report
from core.governance.aggregates import ReportBudget, least_cell, quarter_of, with_small_cells_blank
from core.governance.errors import Forbidden
from core.governance.errors_reports import BudgetMissing, BudgetSpent, DimensionUnknown
from core.governance.users import Users
from core.kernel.noise import discrete_laplace
from core.policy import parser
from core.policy.default import shipped
from tests.policy.conftest import example_text

PRIVACY = "\nprivacy: {aggregate_reports: {min_cell: 10, dp_epsilon_per_quarter: 1.0}}\n"


@pytest.mark.parametrize("epsilon", [Fraction(1, 2), Fraction(3, 2), Fraction(2)])
def test_noise_is_discrete_laplace(epsilon):
    chance, drawn = Random(7), 6_000
    found = Counter(discrete_laplace(epsilon, chance) for _ in range(drawn))
    zero = math.tanh(epsilon / 2)
    for number in range(-4, 5):
        expected = zero * math.exp(-epsilon * abs(number))
        assert abs(found[number] / drawn - expected) < 5 * math.sqrt(expected / drawn)


def test_a_small_group_keeps_its_name_and_nothing_else():
    rows = pl.DataFrame({"where": ["NA", "DACH"], "leads": [9, 10], "gap": [0.1, 0.2]})
    assert with_small_cells_blank(rows, 10, ["where"]).rows() == [("NA", None, None), ("DACH", 10, 0.2)]
    assert with_small_cells_blank(rows, 1, ["where"]).equals(rows)
    example, default = (parser.load(text, "x.yaml").document for text in (example_text(), shipped()))
    assert least_cell([default]) == 1 and least_cell([default, example]) == 10
    assert quarter_of(datetime(2026, 10, 1)) == "2026-Q4" == quarter_of(datetime(2026, 12, 31))


def test_the_budget_is_charged_before_the_report_and_never_overdrawn(store, releases):
    users = Users(store)
    users.add("vic", "viewer", "root")
    budget = ReportBudget(store, users)
    with pytest.raises(BudgetMissing):
        budget.spend(Fraction(1, 2), "band", "ana")
    releases.bootstrap(shipped() + PRIVACY, "default")
    assert budget.spend(Fraction(1, 2), "band", "ana").left == Fraction(1, 2)
    with pytest.raises(BudgetSpent) as refused:
        budget.spend(Fraction(3, 4), "band", "ana")
    assert "0.5 is left" in refused.value.message
    with pytest.raises(Forbidden):
        budget.spend(Fraction(1, 4), "band", "vic")
    assert budget.standing().spent == Fraction(1, 2)


def test_a_report_has_every_cell_and_counts_each_account_once(store, monkeypatch):
    rows = pl.DataFrame(
        {
            "decision_id": [f"d{n}" for n in range(40)],
            "lead_id": [f"l{n:02}" for n in range(40)],
            "known_at": [datetime(2026, 11, 1)] * 40,
            "closed_since": [False] * 39 + [True],
            "band": ["hot"] * 15 + ["warm"] * 25,
        }
    )
    monkeypatch.setattr("core.exports.report.DecisionBoard.rows", lambda board: rows)
    accounts = ["a"] * 3 + [f"l{n:02}" for n in range(3, 39)]
    monkeypatch.setattr("core.exports.report.UnitStore.of", lambda store, keys, unit: accounts)
    document = parser.load(shipped(), "default.yaml").document
    by = chosen(document, ["band", "band"])
    quiet = Fraction(10**6)
    found = {row["band"]: row["accounts"] for row in report(store, by, quiet, 10, Random(1))}
    assert found == {"hot": 13, "warm": 24, "nurture": None, "cold": None, "none": None}
    assert "lead_id" not in dimensions(document)
    with pytest.raises(DimensionUnknown):
        chosen(document, ["lead_id"])
