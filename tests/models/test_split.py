from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.kernel.times import duration_us
from core.models.errors import SplitImpossible, SplitUnreasoned
from core.models.split import SplitSpec, split

START = datetime(2026, 1, 1)


def rows(leads: int = 100, wait_days: int = 0, dated: bool = True) -> pl.DataFrame:
    found = [
        (f"l{n:03d}", START + timedelta(days=n), n, n % 2, START + timedelta(days=n + wait_days), mark)
        for n in range(leads)
        for mark in ("1h", "7d")
    ]
    frame = pl.DataFrame(
        found,
        schema={
            "lead_id": pl.String,
            "created_at": pl.Datetime("us"),
            "created_order": pl.Int64,
            "y": pl.Int8,
            "label_known_at": pl.Datetime("us"),
            "landmark": pl.String,
        },
        orient="row",
    )
    return (
        frame if dated else frame.with_columns(pl.lit(None).alias("created_at"), pl.lit(None).alias("label_known_at"))
    )


def leads_of(found, part: str) -> set[str]:
    return set(found.rows.filter(pl.col("part") == part)["lead_id"])


def test_the_latest_leads_are_tested_and_the_latest_training_leads_calibrate():
    found = split(rows(), SplitSpec(test_fraction=0.25))
    assert leads_of(found, "test") == {f"l{n:03d}" for n in range(75, 100)}
    assert leads_of(found, "calibration") == {f"l{n:03d}" for n in range(60, 75)}
    assert found.cut_at == (START + timedelta(days=75)).replace(tzinfo=UTC)


def test_a_training_label_learned_after_the_cut_is_dropped():
    found = split(rows(wait_days=10), SplitSpec(test_fraction=0.25))
    assert leads_of(found, "dropped") == {f"l{n:03d}" for n in range(65, 75)}


def test_a_gap_keeps_training_away_from_the_cut():
    found = split(rows(), SplitSpec(test_fraction=0.25, gap_us=duration_us("5d")))
    assert leads_of(found, "dropped") == {f"l{n:03d}" for n in range(70, 75)}


@pytest.mark.parametrize("spec", [SplitSpec(), SplitSpec(by="order"), SplitSpec(by="random", reason="no dates")])
def test_a_lead_is_in_one_part_only(spec):
    found = split(rows(), spec)
    assert found.rows.group_by("lead_id").agg(pl.col("part").n_unique())["part"].max() == 1


def test_order_of_rows_splits_without_dates():
    found = split(rows(dated=False), SplitSpec(by="order", test_fraction=0.1))
    assert leads_of(found, "test") == {f"l{n:03d}" for n in range(90, 100)}


def test_a_random_split_needs_a_reason():
    with pytest.raises(SplitUnreasoned, match="no honest forward estimate"):
        split(rows(), SplitSpec(by="random"))


def test_a_random_split_is_the_same_for_the_same_seed_whatever_the_row_order():
    spec = SplitSpec(by="random", reason="no dates", seed=3)
    straight, shuffled = split(rows(), spec), split(rows().sample(fraction=1, shuffle=True, seed=9), spec)
    assert leads_of(straight, "test") == leads_of(shuffled, "test")
    assert len(leads_of(straight, "test")) == 25


def test_a_time_split_without_times_is_refused_with_the_remedy():
    with pytest.raises(SplitImpossible, match="order_of_rows"):
        split(rows(dated=False), SplitSpec())


def test_a_cut_after_the_last_lead_is_refused():
    with pytest.raises(SplitImpossible, match="test part"):
        split(rows(), SplitSpec(test_from=datetime(2030, 1, 1, tzinfo=UTC)))
