"""Hold-out and exploration: sticky, counted in their shares, recorded, and the same when made again."""

from collections import Counter
from dataclasses import replace
from datetime import UTC

import polars as pl
import pytest

from core.decisions.arms import Lottery
from core.decisions.chances import chances
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.store_course import DecisionCourse
from core.kernel.times import to_text
from core.policy import parser
from core.policy.evaluator import compile
from core.policy.inputs import fill
from tests.decisions.conftest import AS_OF
from tests.decisions.conftest import lead_id as id_of

DAY = 86_400_000_000
EXPERIMENT = """
experiment:
  unit: lead_id
  salt: exp-1
  holdout:
    fraction: 0.3
    treat_as: {pool: sdr.inbound, sla_min: 240, method: queue, action: wait}
    exclude_if: "band = 'hot'"
  exploration:
    scheme: epsilon_greedy
    epsilon: 0.4
    over: {actions: [send_case_study, invite_webinar, wait]}
    allowed_if: "band IN ('warm', 'nurture')"
    min_propensity: 0.1
"""

ALL_WORK = """
experiment:
  unit: lead_id
  salt: exp-2
  exploration:
    scheme: epsilon_greedy
    epsilon: 0.4
    over: {actions: [call_now, send_case_study, invite_webinar]}
    min_propensity: 0.1
"""


@pytest.fixture(scope="module")
def experimental(policy):
    return parser.load(policy.text + EXPERIMENT, "experiment.yaml")


@pytest.fixture
def decided(store, feature_set, model, experimental):
    spine = population(store, as_of=AS_OF, leads="all", every_us=7 * DAY, last_us=14 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": experimental, "arm": "live", "actor": "ana"}
    first = decide(store, spine, **deciders, batch_rows=300)
    again = decide(store, spine, **deciders)
    assert (first.added, again.added, again.duplicate) == (spine.height, 0, spine.height)
    assert sum(first.dispositions.values()) == spine.height
    return store


def records(store):
    found = DecisionStore(store)
    return [one.record for one in found.stored(found.all_ids())]


def test_an_experiment_is_executed_recorded_and_replayed(decided, feature_set, model, experimental):
    rows = records(decided)
    arms = Counter(row.arm for row in rows)
    assert set(arms) == {"live", "holdout"} and arms["holdout"] > 20
    held = [row for row in rows if row.arm == "holdout"]
    assert {(row.pool, row.sla_min, row.action) for row in held} == {("sdr.inbound", 240, "wait")}
    assert all(row.bucket < 3000 and row.band != "hot" and row.propensities == {"wait": 1.0} for row in held)
    explored = [row for row in rows if row.explored]
    assert explored and {row.band for row in explored} <= {"warm", "nurture"}
    assert all(sum(row.propensities.values()) == pytest.approx(1) for row in rows if row.action)
    assert all(row.propensities[row.action] > 0.1 for row in explored)
    loaders = Loaders(lambda _: model, lambda _: experimental, lambda _: feature_set)
    report = replay(decided, loaders)
    assert report.differences == () and report.replayed == len(rows)


def test_the_chance_of_work_is_over_the_hold_out_and_the_exploration_and_what_was_given_comes_to_it(
    decided, experimental, policy
):
    store = DecisionCourse(decided)
    found = chances(decided, lambda _: experimental, store.newest_entry())
    rows = [row for row in records(decided) if row.propensities]
    assert len(found) == len(rows) and chances(decided, lambda _: experimental, 0).is_empty()
    explored = 0.4 * 2 / 3
    likely = {("hot", True): {1.0}, ("cold", True): {0.7, 1.0}}
    by_key = {(row.lead_id, row.as_of): row for row in rows}
    assert set(found["chance"].round(9)) <= {0.0, 0.7, 1.0, round(0.7 * (0.6 + explored), 9), round(0.7 * explored, 9)}
    for lead_id, moment, chance, is_given in found.iter_rows():
        row = by_key[(lead_id, to_text(moment.replace(tzinfo=UTC)))]
        assert is_given == (row.action != "wait") and chance in likely.get((row.band, is_given), {chance})
        assert not (is_given and chance == 0)
    assert found["is_given"].mean() == pytest.approx(found["chance"].mean(), abs=0.08)
    sure = parser.load(policy.text + ALL_WORK, "sure.yaml")
    assert {0.4, 1.0} <= set(chances(decided, lambda _: sure, store.newest_entry())["chance"]) <= {0.0, 0.4, 1.0}


def test_decisions_under_an_id_that_was_merged_since_are_the_leads_that_it_is_now(decided, experimental):
    store = DecisionCourse(decided)
    before, weeks = chances(decided, lambda _: experimental, store.newest_entry()), store.weekly()
    with decided.change("signals", "events.imported", "ana") as change:
        change.execute("INSERT INTO lead_merges VALUES (6, 5, $at, NULL, 'alias', 'b-2')", {"at": AS_OF})
    renamed = pl.col("lead_id").replace({id_of(6): id_of(5)})
    after = chances(decided, lambda _: experimental, store.newest_entry())
    assert after.sort(pl.all()).equals(before.with_columns(renamed).sort(pl.all()))
    assert after.filter(pl.col("lead_id") == id_of(5)).height == before.filter(renamed == id_of(5)).height > 2
    later = store.weekly()
    assert id_of(6) not in set(later["lead_id"]) and len(later) == len(weeks) - 2
    assert later.filter(pl.col("lead_id") == id_of(5)).height == 2


def test_a_unit_stays_in_its_arm_and_its_course_goes_on_across_arms(decided):
    columns = "lead_id, as_of, arm, prev_state, next_state, json_extract(record, '$.bucket')::INT AS bucket"
    frame = decided.read(f"SELECT {columns} FROM decisions")
    assert frame.group_by("lead_id").agg(pl.col("bucket").n_unique())["bucket"].max() == 1
    courses = frame.sort("lead_id", "as_of").with_columns(before=pl.col("next_state").shift().over("lead_id"))
    assert courses.filter(pl.col("before").is_not_null() & (pl.col("before") != pl.col("prev_state"))).is_empty()


def test_a_trial_and_a_shadow_draw_nothing(experimental):
    core = compile(experimental).decide(fill(experimental, {}))
    for arm in ("trial", "shadow"):
        outcome, lot = Lottery(experimental, arm).draw(core, {}, "l-1")
        assert (outcome, lot.arm, lot.bucket, lot.explored) == (core, arm, None, False)


def test_what_is_drawn_agrees_with_the_logged_propensities(experimental):
    """Chi-squared of the realised actions against the propensities, and a mean importance weight of 1."""
    evaluator, lottery = compile(experimental), Lottery(experimental, "live")
    cuts = experimental.document.bands.thresholds
    lead = fill(experimental, {"score": float(cuts["warm"].enter)})
    core, values = evaluator.decide(lead), evaluator.normalised(lead)
    drawn = [lottery.draw(core, values, f"acc-{place}") for place in range(20_000)]
    free = [(outcome.action, lot) for outcome, lot in drawn if lot.arm == "live"]
    chances = free[0][1].propensities
    assert all(lot.propensities == chances for _, lot in free) and sum(chances.values()) == pytest.approx(1)
    counts = Counter(action for action, _ in free)
    squared = sum((counts[one] - len(free) * chance) ** 2 / (len(free) * chance) for one, chance in chances.items())
    assert squared < 13.82  # the .001 point with two degrees of freedom
    weights = [1 / len(chances) / lot.propensities[action] for action, lot in free]
    mean = sum(weights) / len(weights)
    spread = (sum((one - mean) ** 2 for one in weights) / len(weights) ** 2) ** 0.5
    assert abs(mean - 1) < 3 * spread
    held = sum(lot.arm == "holdout" for _, lot in drawn) / len(drawn)
    assert held == pytest.approx(0.3, abs=0.01)


def test_a_unit_that_is_held_out_but_left_alone_is_not_explored(experimental):
    evaluator, lottery = compile(experimental), Lottery(experimental, "live")
    lead = fill(experimental, {"score": float(experimental.document.bands.thresholds["hot"].enter)})
    core, values = evaluator.decide(lead), evaluator.normalised(lead)
    for place in range(200):
        outcome, lot = lottery.draw(core, values, f"acc-{place}")
        assert (outcome, lot.arm, lot.explored) == (replace(core), "live", False)
        assert lot.propensities == {core.action: 1.0}
