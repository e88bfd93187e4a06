"""The harm check tells worse from unclear, and says where too few leads stand in a group."""

import polars as pl
import pytest

from core.policy import default, parser
from core.simulation.comparison import harm
from core.simulation.one_step import OUTPUTS, Simulation
from core.simulation.tallies import by_group, listed, numbers, sla

POLICY = parser.load(default.shipped(), "default")
STAYS, CAUGHT, FREED, OUT = ("PERMIT", "PERMIT"), ("PERMIT", "DENY"), ("HOLD", "PERMIT"), ("DENY", "DENY")
COUNTS = {
    "DACH": {STAYS: 60, CAUGHT: 15, OUT: 5},
    "NA": {STAYS: 90, CAUGHT: 2, FREED: 1},
    "LATAM": {STAYS: 9, CAUGHT: 9},
}


def simulation(counts=COUNTS):
    rows = [(region, *pair) for region, told in counts.items() for pair, n in told.items() for _ in range(n)]
    frame = pl.DataFrame(rows, schema=["region", "before", "after"], orient="row").with_row_index("place")
    leads = frame.select(
        pl.format("l{}", pl.col("place").cast(pl.String).str.zfill(4)).alias("lead_id"),
        *(pl.col(when).alias(f"disposition_{when}") for when in ("before", "after")),
        *(
            pl.when(pl.col(when) == "PERMIT").then(pl.lit(60 if when == "before" else 45)).alias(f"sla_min_{when}")
            for when in ("before", "after")
        ),
        *(pl.lit("same").alias(f"{name}_{when}") for name in OUTPUTS if name not in ("disposition", "sla_min")
          for when in ("before", "after")),
    )  # fmt: skip
    return Simulation(POLICY, POLICY, leads), leads.select("lead_id").with_columns(region=frame["region"])


@pytest.fixture(scope="module")
def judged():
    return {one.group: one for one in harm(*simulation())}


def test_a_group_that_is_stopped_more_often_is_worse(judged):
    dach = judged["DACH"]
    assert (dach.verdict, dach.leads, dach.newly_stopped, dach.newly_free) == ("worse", 80, 15, 0)
    assert (dach.before.share, dach.after.share) == (0.0625, 0.25)
    assert dach.before.low < 0.0625 < dach.before.high
    assert dach.change == pytest.approx(0.1875) and 0 < dach.change_low < dach.change < dach.change_high
    assert dach.gap[0] == pytest.approx(0.25 - 11 / 111, abs=1e-6) and dach.gap[1] < dach.gap[0] < dach.gap[2]


def test_p_is_mcnemars_exact_one_adjusted_over_the_groups(judged):
    assert judged["DACH"].p == pytest.approx(2 * 2 * 0.5**15, abs=1e-6)
    assert judged["NA"].p == 1.0 and judged["NA"].verdict == "unclear"


def test_too_few_leads_are_a_verdict_of_their_own(judged):
    assert judged["LATAM"].verdict == "not_enough_leads"
    assert judged["LATAM"].to_json() | {"before": None, "p": None, "gap": None} == judged["LATAM"].to_json()


def test_nothing_that_changes_is_unchanged_and_nobody_is_no_group():
    same = harm(*simulation({"NA": {STAYS: 40, OUT: 3}}))
    assert [(one.verdict, one.p, one.gap) for one in same] == [("unchanged", 1.0, None)]
    assert harm(*simulation({})) == []


def test_counts_by_group_and_minutes_add_up_to_the_whole():
    found, groups = simulation()
    whole = numbers(found)
    rows = list(by_group(found, groups))
    assert [row["group"] for row in rows] == ["NA", "DACH", "LATAM"]
    for name in ("newly_denied", "newly_eligible", "newly_held", "changed"):
        assert sum(row[name] for row in rows) == whole[name]
    minutes = sla(found)
    assert (minutes["leads"], minutes["sooner"], minutes["later"], minutes["delta"]) == (159, 159, 0, -159 * 15)
    assert sum(row["sla_delta"] for row in rows) == minutes["delta"]


def test_an_address_as_id_is_masked():
    rows = pl.DataFrame({"lead_id": ["b@example.org", "a1", "lead/c@example.org"]})
    assert listed(rows, 2) == ["a1", "•••"]
