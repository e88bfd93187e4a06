"""Train, Explain and Drift over a small decided store."""

import json
import threading
from dataclasses import replace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import commands, work_commands
from app.components import deciding, frame_table, retraining
from app.jobs import JOBS
from app.queries import drift, explain, models
from core.features.errors import FeatureSetUnknown
from core.models.errors import ModelDamaged, ThinData
from tests.app.pages import page


def test_train_shows_the_figures_that_were_stored_with_the_model(demo):
    at = page("train")
    told = demo.rooms.models.champion().metrics
    figures = {one.label: one.value for one in at.metric}
    assert figures["AUC"] == f"{told['auc']:.3f}"
    assert any("random split" in one.value for one in at.warning)


def test_a_model_that_is_not_there_is_named_with_the_way_to_the_newest(demo):
    at = page("train", run="99")
    assert "`99` is no model of this store" in at.error[0].value
    at = at.button(key="train_models_known").click().run()
    assert not at.error and str(models.leaderboard()["version"][0]) in at.query_params["run"]


def test_explain_names_a_model_that_decided_nothing(demo):
    at = page("explain", run="99")
    assert "`99` is no model that decided leads" in at.error[0].value
    assert not at.button(key="explain_run_known").click().run().error


def test_a_refused_training_says_why_and_what_to_do(demo, monkeypatch):
    def refused(progress, cancel):
        raise ThinData(3, 40, 50)

    monkeypatch.setattr(work_commands, "train", lambda *_: refused)
    at = page("train").button(key="train_start").click().run()
    assert JOBS.of("Train")[0].wait(10)
    at = at.run()
    assert not at.exception and "needs 50" in at.error[0].value and "Load a longer history" in at.error[0].value


def test_train_offers_no_training_to_who_may_not(demo):
    at = page("train", "rita")
    start = next(one for one in at.button if one.label == "Start training")
    assert start.disabled and start.help == "Your role, reviewer, may not train models. Roles that may: analyst."


def test_train_tells_what_would_call_for_a_challenger_and_offers_one_thing_to_do(demo):
    at = page("train")
    told = models.proposals()
    assert {one["evidence"] for one in told["triggers"]} <= {one.value for one in at.caption}
    assert not at.button(key="train_again_train").disabled
    assert page("train", "rita").button(key="train_again_train").disabled


def test_a_damaged_challenger_does_not_hide_the_button(demo, monkeypatch):
    def damaged():
        raise ModelDamaged("2", "trees", "ashes")

    told = models.proposals() | {"challenger": "2"}
    monkeypatch.setattr(models, "proposals", lambda: told)
    monkeypatch.setattr(models, "shadow", damaged)
    at = page("train")
    assert any("ashes" in one.value for one in at.error)
    assert not at.button(key="train_again_train").disabled


@pytest.mark.parametrize(("tab", "asked"), [("Acting together", "together"), ("Across retrains", "others")])
def test_a_damaged_model_is_refused_in_its_panel(demo, monkeypatch, tab, asked):
    def damaged(*_):
        raise ModelDamaged("1", "trees", "ashes")

    monkeypatch.setattr(explain, asked, damaged)
    assert any("ashes" in one.value for one in page("explain", tab=tab).error)


def test_a_challenger_in_shadow_is_told_in_a_sentence():
    crossing = {"share": 0.25, "low": 0.1, "high": 0.4, "up": 1, "down": 0}
    found = {"leads": 4, "rank_correlation": None, "crossing": crossing}
    assert retraining.in_shadow(found) == "In shadow on 4 leads: 25.0% (10.0% to 40.0%) would be in another band."
    ranked = found | {"rank_correlation": {"value": 0.9, "low": 0.8, "high": 0.95}}
    assert "ranks correlate by 0.90, 25.0%" in retraining.in_shadow(ranked)
    assert "nobody in shadow yet" in retraining.in_shadow({"leads": 0})


def test_a_preset_sets_the_trees(demo):
    at = page("train")
    at = at.selectbox(key="train_preset").select("quick").run()
    assert at.number_input(key="train_trees").value == 80


def test_captured_wins_grow_to_all_of_them(demo):
    page("train")
    curve = models.capture(demo.rooms.models.champion())
    assert curve["found"].is_sorted() and curve["worked"].is_sorted()
    assert curve.row(0) == (0.0, 0.0)
    assert curve["found"][-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "tab", ["Overall", "One feature", "Acting together", "Two groups", "Across retrains", "One lead"]
)
def test_every_tab_of_explain_opens(demo, tab):
    at = page("explain", tab=tab)
    assert at.title[0].value == "Explain"
    exported = {"Two groups": "explain_groups_export_csv", "One feature": "explain_one_export_csv"}.get(tab)
    assert exported is None or any(one.key == exported for one in at.get("download_button"))


def test_importance_is_the_mean_size_of_the_stored_points(demo):
    page("explain")
    found = explain.stored(explain.runs()[0])
    text = demo.rooms.decisions.newest()["lead_id"].to_list()
    assert found.leads == len(text)
    first = found.importance.row(0, named=True)
    sizes = []
    for lead_id in text:
        points = dict(demo.rooms.decisions.of(lead_id).points)
        sizes.append(abs(points[first["feature"]]))
    assert first["importance"] == pytest.approx(sum(sizes) / len(sizes), abs=1e-12)
    assert found.importance["share"].sum() == pytest.approx(1.0)


def test_what_is_drawn_of_a_feature_stands_for_all_leads_and_leads_back_to_them(demo):
    page("explain")
    found = explain.stored(explain.runs()[0])
    number = next(
        name for name in found.importance["feature"] if explain.dependence(found, name)["value"].dtype.is_numeric()
    )
    rows = explain.dependence(found, number)
    assert explain.course(rows)["value"].is_sorted() and 1 < explain.course(rows).height <= 24
    assert explain.dots(rows, 50).height == 50
    words = explain.dependence(found, "region")
    value = words["value"][0]
    refs = explain.of_value(words, value)
    assert explain.picked(refs[:3]).height == 3
    assert len(refs) == words.filter(pl.col("value") == value).height
    assert explain.course(words).is_empty()


def test_the_dots_are_leads_of_every_rank(demo):
    page("explain")
    found = explain.stored(explain.runs()[0])
    drawn = explain.swarm(found, dots=60)["ref"].unique().to_list()
    places = explain.leads.board().with_row_index("place").filter(pl.col("ref").is_in(drawn))["place"]
    assert len(drawn) == 60 and abs(places.mean() / explain.leads.board().height - 0.5) < 0.15


def test_pairs_that_act_together_are_told_with_their_sample_and_not_of_few_leads(demo, monkeypatch):
    at = page("explain", tab="Acting together")
    assert any("Friedman's H on 60 leads" in one.value for one in at.caption)
    monkeypatch.setattr(explain, "FEWEST", 61)
    shown = [one.value for one in at.run().caption]
    assert "The model decided 60 leads; this is told from 61 on." in shown and not any(
        "Friedman" in one for one in shown
    )


def test_a_lead_that_was_decided_often_counts_once(demo):
    at = page("explain")
    (chosen, *_), board = explain.runs(), explain.leads.board()
    assert demo.rooms.decisions.count() > board.height
    assert explain.stability(chosen, chosen).leads == board.filter(pl.col("model_hash") == chosen).height
    assert any("leads: each counts once, with its newest decision." in one.value for one in at.caption)


def test_a_feature_of_the_table_opens_the_leads_that_it_moves_most(demo, monkeypatch):
    page("explain")
    found = explain.stored(explain.runs()[0])
    first = found.importance["feature"][0]
    refs = explain.most_moved(found, first)
    sizes = dict(explain.dependence(found, first).select("ref", pl.col("points").abs()).iter_rows())
    assert (
        refs
        and [sizes[ref] for ref in refs if ref in sizes] == sorted(sizes[ref] for ref in refs if ref in sizes)[::-1]
    )
    bands = explain.leads.choices("band")[:2]
    both = explain.of_groups(refs, "band", bands)
    assert both and set(explain.picked(both)["band"]) <= set(bands)
    monkeypatch.setattr(frame_table, "pick", lambda *_, **__: 0)
    for tab in ("Overall", "Two groups"):
        assert any("picked lead" in one.value for one in page("explain", tab=tab).markdown)


def test_drift_ranks_features_by_the_decisions_they_move(demo):
    at = page("drift")
    report = drift.reports()[0]
    rows = drift.table(report)
    assert rows["decisions_moved"].fill_null(-1).is_sorted(descending=True)
    assert (
        rows.filter(pl.col("verdict") != "drift")["decisions_moved"].null_count()
        == rows.filter(pl.col("verdict") != "drift").height
    )
    assert {one.label for one in at.metric} >= {"Features drifted", "Decisions moved", "Expected wins lost"}
    assert json.loads(drift.as_json(report)) == report.told
    assert b"<html" in drift.page(report)[:4000].lower()


def test_a_reviewer_may_measure_drift_and_a_viewer_may_not(demo):
    at = page("drift", "root")
    start = next(one for one in at.button if one.label == "New report")
    assert start.disabled and "may not measure drift" in start.help


def test_a_training_cancelled_half_way_leaves_nothing_and_other_settings_give_another_model(demo_folder, tmp_path):
    import shutil

    from app import services, session
    from core.kernel.clock import SystemClock
    from core.kernel.workers import Cancelled
    from core.workbench import Workbench

    copy = tmp_path / "store"
    shutil.copytree(demo_folder, copy, ignore=shutil.ignore_patterns("lock"))
    with Workbench.open(copy, SystemClock()) as bench:
        services.use(bench)
        session.identify("ana")
        settings = models.settings("quick").model_copy(update={"trees": 10})
        cancel, before = threading.Event(), bench.db.entries().height

        def stop(done: float, text: str = "") -> None:
            if "searching settings" in text or "evaluating" in text:
                cancel.set()

        with pytest.raises(Cancelled):
            work_commands.train(settings.model_copy(update={"tune_trials": 200}))(stop, cancel)
        assert cancel.is_set() and bench.db.entries().height == before
        assert [path.name for path in (copy / "models").iterdir()] == [bench.rooms.models.get("1").folder_name]
        derived = bench.rooms.features.get(bench.rooms.models.get("1").feature_set_hash or "")
        few = commands.register_features(replace(derived, name="few", features=derived.features[:6]))

        def quiet(done: float, text: str = "") -> None:
            return None

        told = work_commands.train(settings, few)(quiet, threading.Event())
        assert told["model"]["version"] == "2"
        second = bench.rooms.models.version("2")
        assert (second.trees, second.feature_set_hash) == (10, few)
        named = bench.runner.reproduce("2", actor="ana")
        assert named["equal"]
        with pytest.raises(FeatureSetUnknown):
            work_commands.train(settings, "no such set")(quiet, threading.Event())
        at = deciding_as("ana")
        at = at.button(key="d_decide").click().run()
        (job,) = JOBS.of(deciding.DECIDE)
        assert job.wait(60) and job.result["decisions"]["count"] > 0
        assert any("of them decided anew" in one.value for one in at.run().caption)
        assert deciding_as("vic").button(key="d_decide").disabled
        services.use(None)


def deciding_as(user: str) -> AppTest:
    def drawn():
        from app.components import deciding

        deciding.show("d")

    at = AppTest.from_function(drawn, default_timeout=60)
    at.session_state["session_identity"] = user
    return at.run()
