"""Feedback loops: what was worked, what was left to chance, and what the log cannot say."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from core.monitoring import loops

AT = datetime(2026, 3, 2)


def leads(seed: int, worked_rate: float, other_rate: float, arm: str = "live") -> tuple[pl.DataFrame, pl.DataFrame]:
    """400 worked and 400 other leads of one band and week, with their rates of winning; who was worked."""
    chance = np.random.default_rng(seed)
    worked = np.arange(800) < 400
    won = chance.random(800) < np.where(worked, worked_rate, other_rate)
    names = [f"l{number}" for number in range(800)]
    rows = pl.DataFrame(
        {
            "lead_id": names,
            "as_of": [AT] * 800,
            "cohort": [AT] * 800,
            "p": [0.3] * 800,
            "y": won.astype(np.int8),
            "band": ["hot"] * 800,
            "arm": np.where(worked, "live", arm),
            "explored": [False] * 800,
        }
    )
    return rows, pl.DataFrame({"lead_id": names, "worked": worked, "worked_at": [None] * 800})


def test_a_band_that_wins_only_because_it_is_worked_fulfils_itself():
    found = loops.compare(*leads(1, 0.4, 0.05, arm="holdout"), ["hot"])
    (one,) = found["self_fulfilment"]
    assert (one["verdict"], one["basis"]) == ("fulfils_itself", "held_out") and 0.7 < one["index"] < 1
    assert one["index_ci95"][0] < one["index"] < one["index_ci95"][1]


def test_a_band_that_wins_as_often_unworked_does_not():
    found = loops.compare(*leads(2, 0.3, 0.3), ["hot"])
    (one,) = found["self_fulfilment"]
    assert (one["verdict"], one["basis"]) == ("not_shown", "unworked")


def test_groups_stand_side_by_side_with_what_was_said_of_them():
    groups = {one["group"]: one for one in loops.compare(*leads(3, 0.4, 0.1, arm="holdout"), ["hot"])["groups"]}
    assert groups["worked"]["leads"] == groups["unworked"]["leads"] == groups["held_out"]["leads"] == 400
    assert groups["worked"]["win_rate"] > groups["worked"]["expected_rate"] > groups["held_out"]["win_rate"]
    assert groups["explored"]["win_rate"] is None and groups["explored"]["expected_rate"] is None


def test_what_unworked_leads_would_have_become_is_bounded_and_not_guessed():
    rows, work = leads(4, 0.4, 0.1)
    wins = int(rows.filter(pl.col("lead_id").is_in(work.filter("worked")["lead_id"].to_list()))["y"].sum())
    told = " ".join(loops.compare(rows, work, ["hot"])["unknown"])
    assert f"between {wins / 800:.1%} and {(wins + 400) / 800:.1%}" in told
    assert "held out or explored" in told and "No outcome record says" not in told


def test_without_records_of_work_it_is_said_that_nothing_can_be_said():
    rows, work = leads(5, 0.4, 0.1)
    found = loops.compare(rows.drop("arm", "explored"), work.head(0), ["hot"])
    assert len(found["unknown"]) == 2 and "No outcome record says" in found["unknown"][0]
    assert {one["verdict"] for one in found["self_fulfilment"]} == {"cannot_say"}


@pytest.mark.parametrize("count", [0, 3, 29])
def test_few_leads_cannot_say(count):
    assert loops.index(pl.Series([1] * count), pl.Series([0] * 500))["verdict"] == "cannot_say"
