import numpy as np
import polars as pl
import pytest

from core.models.worked import WEIGHT
from core.monitoring.drift import Column, compare, threshold
from core.monitoring.moves import Owners, count_moves, worth
from core.monitoring.report import STILL, DriftSpec, Moves
from core.monitoring.samples import sampled

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


def decide(frame: pl.DataFrame) -> pl.DataFrame:
    hot = pl.col("visits") > 1.0
    band = pl.when(hot).then(pl.lit("hot")).otherwise(pl.lit("cold"))
    return frame.select(band.alias("band"), pl.lit("sdr").alias("pool"), hot.cast(pl.Float64).alias("score"))


def test_decisions_moved_counts_the_leads_that_cross_a_line_and_the_wins_they_would_bring():
    reference, current = people(1, 3_000), people(2, 3_000, shift=1.0)
    moved = count_moves(["visits"], {"web": ["visits", "region"], "crm": ["region"]}, reference, current, decide, 7)
    draw = np.random.default_rng(7).integers(0, 3_000, 3_000)
    now, then = current["visits"] > 1.0, reference["visits"][draw.tolist()] > 1.0
    expected = int((now != then).sum())
    assert moved.features["visits"] == moved.together == moved.groups["web"]
    assert moved.together == Moves(expected, expected, 0, float(then.sum() - now.sum()))
    assert moved.groups["crm"] == STILL and len(moved.leads["visits"]) == expected > 0


def test_moved_leads_count_what_they_stand_for_where_rows_weigh():
    weight = pl.when(pl.int_range(pl.len()) % 2 == 0).then(2.5).otherwise(0.5).alias(WEIGHT)
    before = pl.DataFrame({"lead_id": ["a", "a", "b", "c"], "x": [0.0, 0.0, 0.0, 1.0]})
    drawn = pl.DataFrame({"x": [1.0]})
    decide = lambda frame: frame.select(band=pl.col("x").cast(pl.String), pool=pl.lit("p"), score="x")  # noqa: E731
    plain = count_moves(["x"], {}, drawn, before, decide, 1).together
    told = count_moves(["x"], {}, drawn, before.with_columns(weight), decide, 1)
    assert (plain.leads, plain.bands, plain.expected_wins_lost) == (2, 2, 2.0)
    assert (told.together.leads, told.together.expected_wins_lost) == (5, 5.0) and told.leads["x"] == ["a", "b"]
    assert worth(before) == 3 and worth(before.with_columns(weight)) == 6 and worth(before.head(0)) == 0
    assert worth(before.head(1).with_columns(pl.lit(0.1).alias(WEIGHT))) == 1


def test_a_lead_that_is_looked_at_twice_moves_once():
    reference, once = people(1, 3_000), people(2, 3_000, shift=1.0)
    twice = count_moves(["visits"], {}, reference, pl.concat([once, once]), decide, 7).together
    assert 0 < twice.leads <= 3_000 and twice.leads == twice.bands


def test_owners_change_where_the_other_pool_has_other_reps():
    reference, current = people(1, 400), people(2, 400, shift=1.0)

    def routed(frame: pl.DataFrame) -> pl.DataFrame:
        pool = pl.when(pl.col("visits") > 1.0).then(pl.lit("ae")).otherwise(pl.lit("sdr"))
        return decide(frame).with_columns(frame.select(pool.alias("pool")))

    def owners(ae: set[str]) -> Owners:
        now = dict.fromkeys(current["lead_id"][:100].to_list(), "ida")
        return Owners(now, {"sdr": frozenset({"ida"}), "ae": frozenset(ae)})

    both, other, nobody = (
        count_moves(["visits"], {"web": []}, reference, current, routed, 7, one)
        for one in (owners({"ida"}), owners({"bo"}), None)
    )
    assert both.together.owners == 0 and nobody.together.owners is None
    now, then = current["visits"][:100] > 1.0, reference["visits"][np.random.default_rng(7).integers(0, 400, 400)][:100]
    assert other.together.owners == int((~now & (then > 1.0)).sum()) > 0
    assert other.groups["web"] == Moves(owners=0) and nobody.groups["web"] == STILL


def test_three_rows_are_not_enough_data_and_nothing_is_stable(comparison):
    found = compare(people(1, 3_000), people(2, 3_000).head(3), COLUMNS, SPEC)
    assert set(verdicts(found).values()) == {"not_enough_data"} and found.score is None and found.page == b""
    assert set(verdicts(compare(people(1, 3_000), people(2, 50).head(0), COLUMNS, SPEC)).values()) == {
        "not_enough_data"
    }


def test_a_category_of_a_hundred_thousand_levels_is_judged_by_its_common_ones():
    def side(seed: int, common: float) -> pl.DataFrame:
        chance, rows = np.random.default_rng(seed), 4_000
        ids = chance.integers(0, 100_000, rows).astype(str)
        word = np.where(chance.random(rows) < common, "direct", np.char.add("campaign ", ids))
        return pl.DataFrame({"lead_id": np.arange(rows).astype(str), "campaign": word, "ident": ids})

    columns = (Column("campaign", "Campaign", True), Column("ident", "Ident", True))
    same, other = (compare(side(1, 0.5), side(2, common), columns, SPEC) for common in (0.5, 0.1))
    assert verdicts(same) == {"campaign": "stable", "ident": "stable"}
    assert verdicts(other) == {"campaign": "drift", "ident": "stable"}


def test_a_feature_that_is_not_filled_any_more_drifts_and_one_that_never_was_does_not():
    before = people(1, 2_000).with_columns(never=pl.lit(None, dtype=pl.Float64), wild=pl.lit(float("inf")))
    after = people(2, 2_000).with_columns(
        visits=pl.lit(None, dtype=pl.Float64), never=pl.lit(None, dtype=pl.Float64), wild=pl.lit(float("inf"))
    )
    columns = (*COLUMNS, Column("never", "Never", False), Column("wild", "Wild", False))
    found = {one.name: one for one in compare(before, after, columns, SPEC).features}
    assert (found["visits"].verdict, found["visits"].because) == ("drift", "missing")
    assert (found["visits"].reference_missing, found["visits"].current_missing) == (0.0, 1.0)
    assert found["never"].verdict == found["wild"].verdict == "not_enough_data"


def test_scores_and_labels_have_verdicts_of_their_own_and_rows_of_one_lead_count_once():
    def side(seed: int, rate: float, leads: int) -> pl.DataFrame:
        chance = np.random.default_rng(seed)
        won = (chance.random(leads) < rate).astype(int)
        one = people(seed, leads).with_columns(y=pl.Series(won))
        return pl.concat([one] * (3_000 // leads))

    many = compare(side(1, 0.2, 3_000), side(2, 0.1, 3_000), COLUMNS[:1], SPEC)
    few = compare(side(1, 0.2, 200), side(2, 0.1, 200), COLUMNS[:1], SPEC)
    assert many.label and many.label.verdict == "drift" and many.score and many.score.verdict == "stable"
    assert few.label and (few.label.threshold or 0) > 5 * (many.label.threshold or 1)


def test_labels_that_are_not_known_yet_are_no_drift():
    known = people(1, 3_000).with_columns(y=(pl.int_range(pl.len()) % 5 == 0).cast(pl.Int64))
    young = known.with_columns(y=pl.when(pl.int_range(pl.len()) % 3 > 0).then("y"))
    found = compare(known, young, COLUMNS[:1], SPEC).label
    assert found and (found.verdict, found.because, found.current_rows) == ("stable", "values", 2_000)


def test_windows_with_one_class_only_are_compared_and_equal_ones_are_no_drift():
    def side(seed: int, won: int) -> pl.DataFrame:
        return people(seed, 400).with_columns(y=pl.lit(won))

    same, other = (compare(side(1, 0), side(2, won), COLUMNS[:1], SPEC).label for won in (0, 1))
    assert same and same.verdict == "stable" and same.statistic == pytest.approx(0, abs=1e-6)
    assert other and other.verdict == "drift"


def test_the_threshold_allows_for_both_comparisons_of_every_column():
    found = {one.name: one for one in compare(people(1, 150), people(2, 150), COLUMNS, SPEC).features}
    bins = int(np.ceil(np.log2(300))) + 1
    assert found["visits"].threshold == pytest.approx(threshold(150, 150, bins, 2 * len(COLUMNS), SPEC), abs=1e-6)
