"""The runner on a small store: who may run what, and what running again does."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest

from core.decisions.store_shadow import ShadowStore
from core.features import engine, parser
from core.features.errors import AttributePersonal
from core.governance.errors import Forbidden
from core.kernel.clock import SystemClock
from core.kernel.database import Watch
from core.kernel.workers import Cancelled
from core.models.cutoffs import Capacity, CapacityInvalid
from core.models.errors import ModelDamaged, ThinData
from core.monitoring.report import STILL, DriftReport, DriftSpec, FeatureDrift
from core.recipes import cutting, rivals, shadowing
from core.recipes.arriving import Choice
from core.recipes.cutting import leads_a_day
from core.recipes.document import TrainPart
from core.recipes.errors import FeaturesSuspected, LabelMissing, MomentAhead, NothingTrained
from core.recipes.featuring import unsuspected
from core.recipes.population import Population
from core.recipes.reader import read_recipe
from core.recipes.rivals import LabelDiffers, WindowsOpen
from core.recipes.rooms import Rooms
from core.recipes.runner import Runner
from core.recipes.steps import Steps
from core.workbench import Workbench

LEADS = 400
START = datetime(2026, 1, 1)
RECIPE = """schema: leadbench/recipe/v1
name: small
sources:
  leads: {path: leads.csv}
  events: [{path: events.csv, map: {source: {literal: web}}}]
  outcomes: {path: deals.csv, map: {lead_id: lead_id, at: closed}, won: "true"}
label: {positive: won, horizon: 30d}
landmarks: {after_created: [3d, 7d]}
train: {trees: 5, learning_rate: 0.2}
"""


def write(folder: Path, recipe: str = RECIPE) -> Path:
    """The recipe with its files: keen leads look often and win."""
    leads, events, deals = ["lead_id,created_at,size"], ["lead_id,type,occurred_at"], ["lead_id,closed"]
    for number in range(LEADS):
        chance = random.Random(number)
        born, keen = START + timedelta(hours=8 * number), chance.random()
        leads.append(f"l{number},{born.isoformat()},{chance.randint(1, 900)}")
        for look in range(1 + int(9 * keen)):
            kind = "demo" if look % 4 == 3 else "view"
            events.append(f"l{number},{kind},{(born + timedelta(hours=1 + 12 * look * chance.random())).isoformat()}")
        if keen + chance.gauss(0, 0.2) > 0.7:
            deals.append(f"l{number},{(born + timedelta(days=10 + 15 * chance.random())).isoformat()}")
    for name, lines in (("leads", leads), ("events", events), ("deals", deals)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "small.yaml").write_text(recipe)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, Path, dict[str, Any]]]:
    recipe = write(tmp_path_factory.mktemp("small"))
    with Workbench.open(recipe.parent / "store", SystemClock()) as bench:
        yield bench, recipe, bench.runner.run(read_recipe(recipe), actor="ana")


def test_cut_offs_count_every_lead_that_came_and_no_one_where_the_number_is_given(ran, monkeypatch):
    bench, _, _ = ran
    asked: list[float] = []

    def capacity(came: float) -> Capacity:
        asked.append(came)
        return Capacity(1, 30, came)

    bench.runner.cutoffs(capacity)
    assert asked == [pytest.approx(24 / 8, abs=0.1)]
    week = Population(bench.rooms.signals.lead_frame().sort("created_at").tail(22), pl.DataFrame(), None)
    assert leads_a_day(week) == pytest.approx(24 / 8, abs=0.2)
    undated = week.leads.with_columns(created_at=pl.lit(None, pl.Datetime("us")))
    with pytest.raises(CapacityInvalid, match="leads_a_day"):
        leads_a_day(Population(undated, pl.DataFrame(), None))
    monkeypatch.setattr(cutting, "leads_a_day", None)
    assert bench.runner.cutoffs(capacity, 5.0)["leads_a_day"] == 5


def test_who_may_not_train_or_decide_is_refused_before_anything_is_written(ran):
    bench, recipe, _ = ran
    head = bench.db.verify().head
    for step in (
        lambda: bench.runner.run(read_recipe(recipe), actor="rita"),
        lambda: bench.runner.train(actor="rita"),
        lambda: bench.runner.score(actor="rita"),
        lambda: bench.runner.drift(actor="root"),
    ):
        with pytest.raises(Forbidden):
            step()
    assert bench.db.verify().head == head


def test_a_second_run_adds_nothing(ran):
    bench, recipe, first = ran
    again = bench.runner.run(read_recipe(recipe), actor="ana")
    assert again["unchanged"] and not first["unchanged"]
    assert {one["accepted"] for one in again["sources"]} == {0}
    assert again["ledger_head"] == first["ledger_head"]
    assert again["model"] == first["model"] and again["decisions"] == first["decisions"]


def test_training_again_gives_the_same_model_and_the_head_of_the_ledger(ran):
    bench, _, first = ran
    again = bench.runner.train(actor="ana")
    assert again["model"]["hash"] == first["model"]["hash"]
    assert again["ledger_head"] == bench.db.verify().head


def test_a_search_on_too_few_leads_says_so_and_trains_by_the_recipes_own_settings(ran):
    bench, _, first = ran
    settings = TrainPart.model_validate({"trees": 5, "learning_rate": 0.2, "tune_trials": 3})
    found = bench.runner.train(actor="ana", settings=settings)
    assert (found["model"]["tuning"]["trials"], found["model"]["tuning"]["is_changed"]) == (0, False)
    assert "thin_data" in [one["code"] for one in found["warnings"]]
    assert found["model"]["hash"] == first["model"]["hash"]


def test_a_run_after_the_model_was_approved_decides_live(ran):
    bench, recipe, first = ran
    assert first["decisions"]["arm"] == "trial"
    bench.rooms.model_releases.approve_model(first["model"]["hash"], first["model"]["version"], "rita")
    again = bench.runner.run(read_recipe(recipe), actor="ana")
    assert not again["unchanged"]
    assert again["decisions"]["arm"] == "live" and again["decisions"]["added"] == again["decisions"]["count"]
    assert again["model"]["hash"] == first["model"]["hash"]
    assert bench.runner.run(read_recipe(recipe), actor="ana")["unchanged"]


def sealed(*_: Any) -> pl.DataFrame:
    """What a build says of an attribute that was declared personal since."""
    raise AttributePersonal("grade", "grade")


def test_a_champion_that_reads_what_is_sealed_since_is_not_compared_with(ran, monkeypatch):
    bench, recipe, _ = ran
    prepared = Steps(bench.rooms, read_recipe(recipe), "").prepare(Population.of(bench.rooms.signals))
    found, warned = rivals.champion_on(bench.rooms, prepared, prepared.rows, "sha256:other")
    assert found is not None and warned is None
    monkeypatch.setattr(engine, "build", sealed)
    found, warned = rivals.champion_on(bench.rooms, prepared, prepared.rows, "sha256:other")
    assert found is None and warned is not None and "which is personal data" in warned.message


def test_leads_whose_window_is_not_over_propose_no_cut_and_judge_no_model(ran):
    bench, recipe, first = ran
    who = Population.of(bench.rooms.signals)
    prepared = Steps(bench.rooms, read_recipe(recipe), "").prepare(who)
    rows = prepared.rows.filter(pl.col("part") == "test")
    over = rows.filter(pl.col("label_known_at") <= who.observed_until)
    assert 0 < over.height < rows.height
    assert len(bench.runner.unseen().y) == over["lead_id"].n_unique() < rows["lead_id"].n_unique()
    version = first["model"]["version"]
    assert bench.runner.compare(version, version)["rows"] == over.height
    with pytest.raises(WindowsOpen, match="none has a label"):
        rivals.tested(prepared.known(prepared.rows.filter(pl.col("label_known_at") > who.observed_until)))


def test_a_recipe_with_another_label_judges_no_model_and_counts_no_labels_for_it(ran, monkeypatch):
    bench, recipe, first = ran
    growth = {one["trigger"]: one["value"] for one in bench.runner.proposals()["triggers"]}["labels"]
    other = recipe.with_name("other.yaml")
    other.write_text(recipe.read_text().replace("horizon: 30d", "horizon: 3d"))
    monkeypatch.setattr(Runner, "last_recipe", lambda *_: read_recipe(other))
    told = {one["trigger"]: one["value"] for one in bench.runner.proposals()["triggers"]}
    assert told["labels"] == growth == 0
    version = first["model"]["version"]
    with pytest.raises(LabelDiffers, match="another label"):
        bench.runner.compare(version, version)
    with pytest.raises(LabelDiffers):
        bench.runner.unseen(version)


def test_a_released_champion_goes_on_deciding_until_another_is_released(ran, monkeypatch):
    bench, recipe, first = ran
    models, releases = bench.rooms.models, bench.rooms.model_releases
    assert not first["decisions"]["model"]["released"]
    assert first["decisions"]["model"]["hash"] == first["model"]["hash"]
    releases.release(first["model"]["hash"], first["model"]["version"], "rita", "figures checked")
    changed = recipe.with_name("changed.yaml")
    changed.write_text(recipe.read_text().replace("trees: 5", "trees: 6"))
    found = bench.runner.run(read_recipe(changed), actor="ana")
    assert found["model"]["hash"] != first["model"]["hash"]
    assert (found["decisions"]["model"]["hash"], found["decisions"]["model"]["released"]) == (
        first["model"]["hash"],
        True,
    )
    assert (
        f"model {found['model']['version']}, just trained, is the challenger" in found["decisions"]["model"]["because"]
    )
    assert (models.champion().version, models.challenger().version) == (
        first["model"]["version"],
        found["model"]["version"],
    )
    assert bench.runner.run(read_recipe(changed), actor="ana")["unchanged"]
    shadow = bench.runner.shadow()
    assert (shadow["champion"], shadow["challenger"]) == (first["model"]["version"], found["model"]["version"])
    assert shadow["leads"] >= found["decisions"]["count"] and shadow["waiting"] == 0
    assert shadowing.catch_up(bench.rooms, "ana") == 0
    pairs = ShadowStore(bench.db).pairs(first["model"]["hash"], found["model"]["hash"])
    bands = bench.rooms.policies.get(pairs["policy_hash"][0]).policy.document.bands
    assert pairs.filter(pl.col("champion_band") != pl.col("challenger_band")).height
    for score, band in pairs.select("challenger", "challenger_band").iter_rows():
        reached = (name for name in bands.order if name in bands.thresholds and score >= bands.thresholds[name].enter)
        assert band == next(reached, bands.otherwise)
    assert "challenger.scored" in bench.db.entries("decisions")["kind"].to_list()
    with bench.db.change("models", "shadow.forgotten", "test") as change:
        change.execute("DELETE FROM shadow_scores")
    told: list[str] = []
    watch = Watch("the shadow", lambda _, text: told.append(text))
    assert shadowing.catch_up(bench.rooms, "ana", 3, watch) == 3 and told == ["3 leads scored by the challenger"]
    stopped = Event()
    stopped.set()
    assert shadowing.catch_up(bench.rooms, "ana", 3, Watch("the shadow", cancel=stopped)) == 0
    assert shadowing.catch_up(bench.rooms, "ana") == shadow["leads"] - 3
    with bench.db.change("models", "shadow.forgotten", "test") as change:
        change.execute("DELETE FROM shadow_scores")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "build", sealed)
        assert shadowing.catch_up(bench.rooms, "ana") == 0
    with monkeypatch.context() as patch:
        patch.setattr(shadowing.shadowing, "score", sealed)
        warned = bench.runner.score(actor="ana")["warnings"]
    assert [one["code"] for one in warned] == ["challenger_not_scored"] and "personal data" in warned[0]["message"]
    releases.release(found["model"]["hash"], found["model"]["version"], "rita", "ahead")
    assert bench.runner.score(actor="ana")["decisions"]["model"]["hash"] == found["model"]["hash"]


def test_a_damaged_champion_refuses_to_score_and_lets_its_replacement_be_trained(ran):
    bench, recipe, _ = ran
    folder = bench.rooms.models.folder(bench.rooms.models.champion().model_hash)
    text = (folder / "model.txt").read_bytes()
    (folder / "model.txt").write_bytes(text + b" ")
    runner = Runner(Rooms.on(bench.db))
    found = runner.train(actor="ana", settings=TrainPart.model_validate({"trees": 7, "learning_rate": 0.2}))
    assert found["metrics"]["against_champion"] is None
    told = {one["code"]: one["message"] for one in found["warnings"]}
    assert "Nothing is compared with the champion, model" in told["champion_not_compared"]
    trained = bench.rooms.models.version(found["model"]["version"])
    assert trained.metrics["not_compared"] == told["champion_not_compared"]
    with pytest.raises(ModelDamaged):
        runner.score(actor="ana")
    with pytest.raises(ModelDamaged, match="has hash"):
        runner.run(read_recipe(recipe), actor="ana")
    (folder / "model.txt").write_bytes(text)
    assert bench.rooms.models.challenger().version == found["model"]["version"]


def test_scoring_open_leads_where_none_is_open_decides_the_test_leads(ran):
    bench, _, _ = ran
    with bench.db.change("signals", "outcomes.closed", "test") as change:
        change.execute("DELETE FROM outcomes")
        change.execute(
            "INSERT INTO outcomes BY NAME "
            "SELECT lead_no, 'lost' AS outcome, batch_id, "
            "least(created_at + INTERVAL 4 DAY, TIMESTAMP '2026-05-14 00:00:00') AS closed_at FROM leads"
        )
    assert bench.runner.score(actor="ana")["decisions"]["leads"] == "test"


def test_steps_of_a_recipe_that_only_imports_are_refused(tmp_path):
    recipe = write(tmp_path, RECIPE.replace("{positive: won, horizon: 30d}", "null"))
    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        assert bench.runner.run(read_recipe(recipe), actor="ana")["model"] is None
        for refusal, step in (
            (LabelMissing, bench.runner.train),
            (LabelMissing, bench.runner.drift),
            (NothingTrained, bench.runner.score),
        ):
            with pytest.raises(refusal):
                step(actor="ana")


def test_a_label_without_any_known_outcome_is_refused_with_the_remedy(tmp_path):
    recipe = write(tmp_path, RECIPE.replace("[3d, 7d]", "[3000d]"))
    with Workbench.open(tmp_path / "store", SystemClock()) as bench, pytest.raises(ThinData) as caught:
        bench.runner.run(read_recipe(recipe), actor="ana")
    assert "no lead has a known outcome" in caught.value.remedy.lower()


FEATURES = """
schema: leadbench/features/v1
name: own
features:
  - {name: views, aggregate: count, where: "type = 'view'"}
  - {name: closes, aggregate: count, where: "type IN ('closed', 'view')"}
  - {name: others, aggregate: count, where: "type NOT IN ('closed')"}
  - {name: grade, attribute: grade, type: category}
"""


def test_a_feature_file_does_without_the_features_that_read_a_suspect():
    declared = parser.read(FEATURES, "own.yaml")
    assert unsuspected(declared, ["closed"], ["grade"]).feature_names == ("views", "others")
    assert unsuspected(declared, [], []) == declared


def test_a_feature_file_that_reads_nothing_but_suspects_is_refused():
    declared = parser.read(FEATURES, "own.yaml")
    with pytest.raises(FeaturesSuspected, match="grade"):
        unsuspected(replace(declared, features=declared.features[-1:]), [], ["grade"])


@pytest.mark.parametrize("step", ["train", "drift"])
def test_a_cancelled_step_ends_and_leaves_the_store_as_it_was(ran, step):
    bench, _, _ = ran
    before, cancel = bench.db.entries().height, Event()
    cancel.set()
    with pytest.raises(Cancelled):
        getattr(bench.runner, step)(actor="ana", cancel=cancel)
    assert bench.db.entries().height == before


def test_nobody_is_decided_as_of_a_time_that_has_not_come(ran):
    bench, _, _ = ran
    before = bench.db.entries().height
    with pytest.raises(MomentAhead, match="2099"):
        bench.runner.score(actor="ana", as_of=datetime(2099, 1, 1), leads="all")
    assert bench.db.entries().height == before


def test_a_model_whose_scores_moved_since_decides_nothing_until_it_is_in_health(ran):
    bench, _, result = ran
    model = bench.rooms.models.champion()
    score = FeatureDrift("score", "Score", 0.4, 0.1, "drift", 100, 100)
    moved = DriftReport(DriftSpec(), (), score, None, None, STILL, 100, {}, b"")
    choice = Choice(bench.rooms)
    before = choice()
    bench.rooms.drift.add(moved, model.model_hash, result["policy"]["hash"], "ana")
    after = choice()
    assert before and after and before.model_ok and not after.model_ok and before.key != after.key
    of_nobody = DriftReport(DriftSpec(), (), None, None, None, STILL, 0, {}, b"")
    bench.rooms.drift.add(of_nobody, model.model_hash, result["policy"]["hash"], "ana")
    assert choice() == after
    later = bench.runner.score(actor="ana", as_of=START + timedelta(days=150), leads="all")["decisions"]
    assert later["dispositions"] == {"HOLD": later["count"]}
