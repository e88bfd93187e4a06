"""`unworked: weight` on a store: refused while nothing was left to chance, then trained by the log and made again."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from core.decisions.chances import CHANCES
from core.decisions.engine import decide
from core.decisions.store_course import DecisionCourse
from core.exports.model_card import card
from core.kernel.times import utc
from core.models.cutoffs import Capacity
from core.models.errors import NothingLeftToChance
from core.models.worked import WEIGHT, drawn_by_weight, effective
from core.policy import parser
from core.policy.default import propose, thresholds_from
from core.recipes import comparing, cutting, drifting, performing, rivals, scored
from core.recipes.document import Label, TrainPart
from core.recipes.errors import DataMoved
from core.recipes.performing import PerformanceTask
from core.recipes.population import Population
from core.recipes.steps import Steps
from tests.recipes.regional import LEADS

EXPERIMENT = """
experiment:
  unit: lead_id
  salt: weights
  holdout: {fraction: 0.2, treat_as: {pool: sdr.inbound, sla_min: 240, method: queue, action: wait}}
  exploration:
    scheme: epsilon_greedy
    epsilon: 0.5
    over: {actions: [call_now, wait]}
    min_propensity: 0.1
"""


@pytest.fixture
def weighing(regional):
    """The steps of the recipe with the label that weights, and the store."""
    bench, result = regional
    file = bench.runner.last_recipe("test")
    plain = TrainPart.model_validate({"trees": 5, "learning_rate": 0.2})
    asked = file.recipe.model_copy(update={"label": Label(unworked="weight"), "train": plain})
    return bench, result, replace(file, recipe=asked)


def decide_live(bench, result):
    """Decide every third lead two hours after it came, under a policy with an experiment."""
    rooms, model = bench.rooms, bench.rooms.models.get(result["model"]["hash"])
    text = propose("weights", thresholds_from(model.reference.probabilities)) + EXPERIMENT
    policy = parser.load(text, "weights.yaml")
    with bench.db.change("policy", "policy.drafted", "ana") as change:
        rooms.policies.put_draft(change, policy, "ana")
    moment = pl.col("created_at") + timedelta(hours=2)
    spine = rooms.signals.lead_frame()[::3].select("lead_id", as_of=moment, known_at=moment)
    chosen = rooms.features.get(str(model.feature_set_hash))
    decide(bench.db, spine, feature_set=chosen, model=model, policy=policy, arm="live", actor="ana")


def say_worked(bench):
    told = bench.db.read(
        """SELECT leads.lead_no, action <> 'wait' AS worked, as_of + INTERVAL 1 HOUR AS at
           FROM decisions JOIN leads USING (lead_id) WHERE arm <> 'trial' ORDER BY leads.lead_no"""
    )
    at = pl.when(pl.col("worked")).then("at")
    with bench.db.change("signals", "signals.imported", "ana") as change:
        rows = told.select("lead_no", "worked", worked_at=at, received_at=pl.col("at"), batch_id=pl.lit("b-work"))
        change.insert("lead_work", rows)


def judged_by_weight(bench, file, studied):
    """Drift and performance of the recipe count its worked leads by weight, and leave out what has none."""
    model, who = bench.rooms.models.get("1"), Population.of(bench.rooms.signals)
    frame = comparing.population(bench.rooms, studied, "train")
    drawn = drawn_by_weight(frame, 7)
    assert WEIGHT in frame.columns and WEIGHT not in drawn.columns
    assert len(drawn) == int(effective(frame[WEIGHT].to_numpy(), len(frame))) < len(frame)
    name, rows = scored.rows_of(bench.rooms, studied, who, "decided")
    assert name == "decided" and rows.drop_nulls("y")[WEIGHT].null_count() > 200
    policy = propose("weights", thresholds_from(model.reference.probabilities))
    task = PerformanceTask(name, rows, who.outcomes, who.work, model, policy, (), None, who.observed_until, 7)
    measured = performing.measure(task)
    told, kept = measured.told, measured.rows
    half = studied.part("test")["label_known_at"].drop_nulls().sort()
    _, early = scored.rows_of(bench.rooms, studied, replace(who, observed_until=utc(half[len(half) // 2])), "test")
    unripe = early.filter(pl.col("y").is_null()).join(studied.prepared.rows, on=["lead_id", "as_of"], suffix="_known")
    assert unripe.height and unripe[WEIGHT].equals(unripe[f"{WEIGHT}_known"]), "worked ones whose window is open, too"
    worked = rows.drop_nulls(WEIGHT).drop_nulls("y")
    rate = float((worked[WEIGHT] * worked["y"]).sum() / worked[WEIGHT].sum())
    assert kept.filter("counted")["y"].count() == told["labelled"] < kept["y"].count()
    assert told["weighted"] and told["labelled"] == len(worked) == told["realised"]["rows"]
    assert told["realised"]["win_rate"] == pytest.approx(rate, abs=1e-6)
    assert 80 < told["effective_rows"] < len(worked) and told["loops"]["groups"] != []


def weighted_judged_by_unweighted_rows(bench, monkeypatch):
    """A weighted model and an unweighted one are compared on worked leads by weight whichever recipe ran last."""
    rooms, (label, version) = bench.rooms, (Label(unworked="weight"), bench.rooms.models.version("1"))
    model = rooms.models.get("1")
    facts = {**model.facts, "label": label.model_dump(exclude_none=True), "weighting": {"kept": 1}}
    plain = Steps(rooms, bench.runner.last_recipe("test"), "ana").prepare(Population.of(rooms.signals))
    assert plain.weighting is None and not rivals.compare(rooms, plain, version, version)["weighted"]
    monkeypatch.setattr(rooms.models, "get", lambda _: replace(model, facts=facts))
    champion, warned = rivals.champion_on(rooms, plain, plain.rows.filter(pl.col("part") == "test"), "another")
    assert warned is None and champion is not None and champion.unseen[WEIGHT].null_count() == 0
    assert len(champion.unseen) == len(champion.frame) > 50
    assert rivals.compare(rooms, plain, version, version)["weighted"]
    assert cutting.unseen(rooms, plain, version).weight is not None
    with pytest.raises(rivals.WorkedThin, match="1 of the rarer outcome; 10 are needed"):
        few = plain.rows.filter((pl.col("y") == 0) | (pl.col("lead_id") == champion.unseen.filter(y=1)["lead_id"][0]))
        rivals.standing(rooms, plain, few.unique(["lead_id"], keep="last"), version)
    monkeypatch.setattr(rivals, "chances", lambda *_: pl.DataFrame(schema=CHANCES))
    champion, warned = rivals.champion_on(rooms, plain, plain.rows.filter(pl.col("part") == "test"), "another")
    assert champion is None and warned is not None and "nothing to weight by" in warned.message


def test_weights_are_refused_until_the_log_left_something_to_chance_and_then_stand_in_the_rows(weighing, monkeypatch):
    bench, result, file = weighing
    before = bench.db.verify().head
    with pytest.raises(NothingLeftToChance, match="0 are known to have been worked"):
        Steps(bench.rooms, file, "ana").study(Population.of(bench.rooms.signals))
    assert bench.db.verify().head == before
    decide_live(bench, result)
    say_worked(bench)
    studied = Steps(bench.rooms, file, "ana").study(Population.of(bench.rooms.signals))
    told, frame = studied.prepared.weighting, studied.featured.frame
    worked = bench.db.read("SELECT count(*) AS n FROM lead_work WHERE worked")["n"][0]
    assert told is not None and told.kept == worked == frame["lead_id"].n_unique() > 200
    assert told.unlogged == told.against == told.never == 0 and told.effective < told.kept
    assert told.unsaid == LEADS - LEADS // 3
    assert frame[WEIGHT].mean() == pytest.approx(1.0) and 1 < frame[WEIGHT].n_unique() < 9
    assert studied.prepared.counts()["censored"] >= told.unworked > 200
    champion, warned = rivals.champion_on(
        bench.rooms, studied.prepared, studied.part("test"), studied.featured.feature_set.behaviour_hash
    )
    assert warned is None and champion is not None and WEIGHT in champion.unseen.columns
    version = bench.rooms.models.version(champion.version)
    same = rivals.compare(bench.rooms, studied.prepared, version, version)
    assert (
        same["weighted"] and same["verdict"] == "no credible difference" and same["rows"] == len(champion.unseen) > 50
    )
    unseen = cutting.unseen(bench.rooms, studied.prepared, version)
    bands = cutting.propose(unseen, Capacity(rep_hours=2, minutes_a_lead=30, leads_a_day=20))
    assert bands["weighted"] and 50 < bands["effective_leads"] < bands["leads"] == len(unseen.y)
    judged_by_weight(bench, file, studied)
    censored = Steps(bench.rooms, bench.runner.last_recipe("test"), "ana").prepare(Population.of(bench.rooms.signals))
    counts = censored.counts()
    assert counts["test"] == round(0.2 * (LEADS - counts["censored"])) < 0.2 * LEADS
    later = Steps(bench.rooms, file, "ana", decided_until=0)
    with pytest.raises(NothingLeftToChance):
        later.prepare(Population.of(bench.rooms.signals))
    weighted_judged_by_unweighted_rows(bench, monkeypatch)


def test_the_win_rate_of_drift_counts_each_lead_by_its_weight():
    """Not by how often a lead was looked at, nor once for all however much it stands for."""
    side = pl.DataFrame({"lead_id": ["a", "a", "b", "c"], "y": [1, 1, 0, None], WEIGHT: [3.0, 3.0, 1.0, 1.0]})
    assert drifting._label_change(side.drop(WEIGHT), side) == pytest.approx(0.25)
    assert drifting._label_change(side, side.filter(pl.col("lead_id") == "c")) is None


def test_a_weighted_model_whose_decisions_were_deleted_since_is_not_called_another(regional, monkeypatch):
    bench, result = regional
    found = bench.rooms.models.version(result["model"]["version"])
    lineage = {**found.lineage, "signals_revision": bench.db.revision("signals"), "decided_until": 1}
    monkeypatch.setattr(bench.runner.rooms.models, "version", lambda _: replace(found, lineage=lineage))
    monkeypatch.setattr(Steps, "study", lambda *_: None)
    monkeypatch.setattr(Steps, "remake", lambda *_: "sha256:other")
    assert not bench.runner.reproduce("1", actor="ana")["equal"]
    monkeypatch.setattr(DecisionCourse, "has_lost", lambda _, until: until == 1)
    with pytest.raises(DataMoved, match="decisions up to entry 1"):
        bench.runner.reproduce("1", actor="ana")


@pytest.mark.campaign
def test_a_weighted_training_says_so_in_facts_figures_and_card_and_is_made_again(weighing):
    bench, result, file = weighing
    if not bench.db.read("SELECT count(*) AS n FROM lead_work")["n"][0]:
        decide_live(bench, result)
        say_worked(bench)
    steps = Steps(bench.rooms, file, "ana")
    trained = steps.train(steps.study(Population.of(bench.rooms.signals)), None)
    against = trained.learned.metrics["against_champion"]
    assert against["weighted"] and "champion_not_compared" not in {one.code for one in trained.learned.cautions}
    facts, figures = trained.model.facts["weighting"], trained.learned.metrics["weighted"]
    assert facts["by"] == "inverse_propensity" and facts["clip"] == 0.02 and json.dumps(facts)
    assert set(figures) == {"auc", "brier", "log_loss", "ece", "base_rate", "expected_rate"}
    version = bench.rooms.models.version(trained.version)
    assert "weighted by the inverse" in card(version, trained.model) and version.lineage["decided_until"] > 0
    decide_live_again = bench.runner.score(actor="ana", leads="test")
    assert decide_live_again["decisions"]["count"] > 0
    assert bench.runner.reproduce(trained.version, actor="ana")["equal"]
