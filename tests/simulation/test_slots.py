"""Wins by capacity: the most urgent first, only leads to be touched within a day, never more than there are."""

import polars as pl
import pytest

from core.policy import default, editing, parser
from core.policy.inputs import fill
from core.simulation.capacity.slots import WORKDAYS, by_slots
from core.simulation.one_step import compare, decided

TEXT = default.shipped()
BEFORE = parser.load(TEXT, "before")
LOOSER = parser.load(editing.with_threshold(TEXT, "warm", 0.4, 0.35), "after")


def simulate(scores):
    leads = [(f"l{place:03}", fill(BEFORE, {"score": score})) for place, score in enumerate(scores)]
    found = compare(BEFORE, LOOSER, {"before": decided(BEFORE, leads), "after": decided(LOOSER, leads)})
    return found, pl.DataFrame(
        {"lead_id": [lead for lead, _ in leads], "score": scores}, schema={"lead_id": pl.String, "score": pl.Float64}
    )


def test_the_queue_is_worked_off_from_the_top():
    curve = by_slots(*simulate([0.9] * 30 + [0.6] * 10 + [0.45] * 10 + [0.1] * 100))
    assert curve["slots"].to_list() == [0, 1, 2, 3, 4]
    assert curve.row(1)[1:3] == pytest.approx((WORKDAYS * 0.9, WORKDAYS * 0.9))
    assert curve["before"][4] == pytest.approx(30 * 0.9 + 10 * 0.6)
    assert curve["after"][4] == pytest.approx(30 * 0.9 + 10 * 0.6 + 10 * 0.45), "0.1 is not to be touched within a day"
    assert (curve["low"] <= curve["after"]).all() and (curve["after"] <= curve["high"]).all()
    assert curve["after"].is_sorted()


def test_nobody_urgent_is_no_curve():
    assert by_slots(*simulate([0.1, 0.2])).is_empty()
    assert by_slots(*simulate([])).is_empty()
