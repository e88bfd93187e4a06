import numpy as np
import polars as pl
import pytest

from core.monitoring.drift import Column, compare, sampled, threshold
from core.monitoring.moves import with_decisions_moved
from core.monitoring.report import DriftSpec

SPEC = DriftSpec()
COLUMNS = (Column("visits", "Visits", False), Column("region", "Region", True), Column("rare", "Rare", False))


def people(seed: int, rows: int, shift: float = 0.0, north: float = 0.5) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "lead_id": [f"l{number}" for number in range(rows)],
            "visits": chance.normal(shift, 1.0, rows),
            "region": np.where(chance.random(rows) < north, "north", "south"),
            "rare": [1.0] * 20 + [None] * (rows - 20),
            "score": chance.random(rows),
        }
    )


@pytest.fixture(scope="module")
def comparison():
    return compare(people(1, 3_000), people(2, 3_000, shift=1.0), COLUMNS, SPEC)


def verdicts(comparison) -> dict[str, str]:
    return {feature.name: feature.verdict for feature in comparison.features}


def test_a_shifted_column_drifts_and_an_equal_one_does_not(comparison):
    assert verdicts(comparison) == {"visits": "drift", "region": "stable", "rare": "not_enough_data"}


def test_the_page_is_evidentlys_own_html(comparison):
    assert comparison.page.lstrip().startswith(b"<") and len(comparison.page) > 100_000


def test_shares_of_a_distribution_sum_to_one(comparison):
    shown = comparison.distributions["visits"]
    assert sum(shown.reference) == pytest.approx(1.0) and sum(shown.current) == pytest.approx(1.0)


def test_small_samples_of_one_population_raise_no_alarm():
    alarms = 0
    for seed in range(10):
        found = compare(people(seed, 150), people(seed + 100, 150), COLUMNS, SPEC)
        alarms += sum(feature.verdict == "drift" for feature in found.features)
    assert alarms == 0


def test_the_threshold_falls_with_the_sample_size_down_to_its_floor():
    assert threshold(100, 100, 12, 10, SPEC) > threshold(1_000, 1_000, 12, 10, SPEC) >= SPEC.floor
    assert threshold(100_000, 100_000, 12, 10, SPEC) == SPEC.floor


def test_a_sample_is_bounded_and_repeatable():
    frame = people(3, 9_000)
    assert sampled(frame, SPEC).height == SPEC.sample
    assert sampled(frame, SPEC).equals(sampled(frame, SPEC))


def test_decisions_moved_counts_the_leads_that_cross_a_line(comparison):
    reference, current = people(1, 3_000), people(2, 3_000, shift=1.0)

    def decide(frame: pl.DataFrame) -> pl.DataFrame:
        hot = pl.when(pl.col("visits") > 1.0).then(pl.lit("hot")).otherwise(pl.lit("cold"))
        return frame.select(hot.alias("band"), pl.lit("sdr").alias("pool"))

    report = with_decisions_moved(comparison, reference, current, decide, SPEC, None)
    moved = {feature.name: feature.decisions_moved for feature in report.features}
    draw = np.random.default_rng(SPEC.seed).integers(0, 3_000, 3_000)
    expected = int(((current["visits"] > 1.0) != (reference["visits"][draw.tolist()] > 1.0)).sum())
    assert moved == {"visits": expected, "region": 0, "rare": 0}
    assert report.decisions_moved == expected > 0
    assert report.to_json()["features"][0]["name"] == "visits"


def test_a_lead_that_is_looked_at_twice_moves_once(comparison):
    reference, once = people(1, 3_000), people(2, 3_000, shift=1.0)

    def decide(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.col("visits").round(6).cast(pl.String).alias("band"), pl.lit("sdr").alias("pool"))

    report = with_decisions_moved(comparison, reference, pl.concat([once, once]), decide, SPEC, None)
    assert report.decisions_moved == report.population == 3_000
