"""Overview, Leads, Lead 360, Features and Data: each launches on an empty store and on a decided one, and says why."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import session
from app.components import frame_table
from app.jobs import JOBS
from app.queries import behind, change, crm, lead, leads, overview, reason_codes, versions
from core.features.lineage import Family
from core.governance import erasing, retention
from core.governance.permissions import Role
from core.kernel.settings import PROJECT_ROOT
from core.kernel.times import spoken, to_text, utc

PAGES = ("overview", "leads", "lead", "features", "data")
HEAVY = ("evidently", "shap", "statsmodels", "lightgbm")


def opened(page: str, **parameters: str) -> AppTest:
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60).run()
    if page != "overview":
        at.switch_page(f"../pages/{page}.py")
    for name, value in parameters.items():
        at.query_params[name] = value
    return at.run()


def words(at: AppTest) -> str:
    return " ".join(one.value for kind in (at.markdown, at.caption, at.title, at.info) for one in kind)


@pytest.mark.parametrize("script", PAGES)
def test_a_page_launches_on_an_empty_store(empty, script):
    at = opened(script)
    assert not at.exception
    assert at.title


@pytest.mark.parametrize("script", PAGES)
def test_a_page_launches_on_a_decided_store(demo, script):
    at = opened(script)
    assert not at.exception
    assert not at.error


def test_an_empty_overview_names_the_one_thing_to_do(empty):
    assert "This store is empty" in words(opened("overview"))


def test_the_overview_shows_what_needs_somebody_and_what_changed(demo):
    at = opened("overview")
    assert "not yet approved by a second person" in words(at)
    assert any("A model was trained" in one.label for one in at.expander)


def test_every_number_of_the_leads_page_stands_with_policy_model_and_time(demo):
    text = words(opened("leads"))
    assert "default v1" in text and "model 1" in text and "as of" in text


def test_the_peek_panel_tells_percentile_score_reason_rule_and_arm(demo):
    text = words(opened("leads"))
    assert "/ 100" in text and "Score **0." in text and "`r." in text and "Trial" in text


def test_the_view_and_the_bands_come_from_the_address(demo):
    at = opened("leads", view="All leads", band="B")
    assert not at.exception
    shown = at.dataframe[0].value
    assert set(shown["band"]) == {"warm"}


def test_a_search_without_a_match_offers_to_clear_the_filters(demo):
    at = opened("leads")
    at.text_input(key="leads_search").set_value("no such lead anywhere").run()
    assert "No lead matches" in words(at)
    at.button(key="leads_clear").click().run()
    assert not at.exception
    assert at.dataframe[0].value.shape[0] > 0


def test_a_role_that_may_not_see_names_sees_ids(demo):
    at = opened("leads")
    named = at.dataframe[0].value["lead"].tolist()
    at.sidebar.selectbox[0].select("rita").run()
    masked = at.dataframe[0].value["lead"].tolist()
    assert all(one.startswith("ld_") for one in masked)
    assert not any(one.startswith("ld_") for one in named)


@pytest.mark.parametrize(
    "tab", ["Why", "What changed", "Decision trace", "Timeline", "Score history", "Similar leads", "Profile"]
)
def test_each_tab_of_a_lead_is_drawn(demo, tab):
    lead_id = demo.rooms.decisions.latest()["lead_id"][0]
    at = opened("lead", id=lead_id, tab=tab)
    assert not at.exception and not at.error
    assert [one.label for one in at.metric][:3] == ["Percentile", "Score", "Band"]
    if tab == "Timeline":
        assert lead.pairs('{"page": "/blog", "is_new": true}') == "Page: /blog · Is new: yes"
        assert lead.pairs("hidden") == "hidden"


def test_a_reason_opens_the_events_that_it_counts(demo, monkeypatch):
    latest, checked = demo.rooms.decisions.latest()["lead_id"], 0
    opened("lead", id=latest[0])
    for one_lead in latest[:5]:
        record = demo.rooms.decisions.of(one_lead)
        values = dict(record.features)
        for one in demo.rooms.features.get(record.feature_set_hash).features:
            if one.aggregate == "count" and one.scope == "lead" and one.then is None:
                found = behind.behind(record, one.name)
                assert found.rows.height == values[one.name] or "Not all" in found.words
                counted = record, one.name
                checked += "Not all" not in found.words
    assert checked > 20
    read = lead.events(counted[0].lead_id, *lead.looked(counted[0])).height
    late = next(
        one for name in latest for one in lead.events(name).iter_rows(named=True) if one["known_at"] > one["at"]
    )
    between = late["at"] + (late["known_at"] - late["at"]) / 2
    of_late = next(name for name in latest if late["event_id"] in lead.events(name)["event_id"])
    record = replace(demo.rooms.decisions.of(of_late), as_of=to_text(utc(between)), known_at=to_text(utc(between)))
    later = replace(record, known_at=to_text(utc(late["known_at"])))
    counts = [
        one.name
        for one in demo.rooms.features.get(record.feature_set_hash).features
        if one.aggregate == "count" and one.scope == "lead" and one.window is None
    ]
    rows = [[behind.behind(one, name).rows["event_id"] for name in counts] for one in (record, later)]
    assert [any(late["event_id"] in one for one in shown) for shown in rows] == [False, True]
    with monkeypatch.context() as patch:
        patch.setattr(lead, "MOST_EVENTS", read)
        assert f"among its newest {read:,}, as known then" in behind.behind(*counted).words
    monkeypatch.setattr(frame_table, "pick", lambda *_, **__: 0)
    at = opened("lead", id=latest[0])
    assert not at.exception and not at.error
    assert "as known then" in words(at) or "known of the lead then" in words(at)


def test_what_would_lift_a_lead_is_simulated_when_asked_for(demo):
    lead = demo.rooms.decisions.latest().filter(pl.col("band") == "warm")["lead_id"][0]
    at = opened("lead", id=lead)
    assert "Simulated" not in words(at)
    at.button(key="lead_why_otherwise_find").click().run()
    assert not at.exception and not at.error
    assert "Simulated" in words(at) or "Proved" in words(at)


def test_the_drawer_opens_for_a_newly_picked_lead_only(demo):
    at = opened("leads", reasons="Drawer")
    assert not at.exception
    assert "/ 100" not in words(at)


def test_looking_back_before_the_first_decision_says_that_there_is_none(demo):
    lead = demo.rooms.decisions.latest()["lead_id"][0]
    at = opened("lead", id=lead, asof="2020-01-01T00:00")
    assert not at.exception
    assert "has no decision" in at.error[0].value
    ahead = opened("lead", id=lead, asof="2099-01-01T00:00")
    assert not ahead.exception and not ahead.error and "Looking back" not in words(ahead)
    assert "`2099-01-01T00:00` is no time up to today" in ahead.warning[0].value


def test_an_unknown_lead_offers_the_best_ranked_ones(demo):
    at = opened("lead", id="nobody-of-that-name")
    assert not at.exception
    assert "No lead is called" in words(at)


def test_a_wrong_condition_is_refused_while_it_is_written(demo):
    at = opened("features", tab="Builder")
    assert not at.exception and not at.error
    at.text_input(key="features_builder_where").set_value("type = 'blog_viewed' AND seconds + 1 > 2").run()
    assert not at.exception
    assert "`where`: `+` is not part" in at.error[0].value and "builder:" not in at.error[0].value


def test_a_feature_shows_its_gaps_its_users_and_its_code(demo):
    at = opened("features", tab="Registry")
    assert not at.exception and not at.error
    assert {one.label for one in at.metric} == {"Missing", "Freshness", "Newest delivery", "Used by"}
    assert any("known.sort" in one.value or "visible" in one.value for one in at.code)
    assert "each as of the moment before it closed" in words(at)


def test_a_feature_shows_its_drift_its_course_and_what_hindsight_would_change(demo):
    at = opened("features", tab="Registry")
    rows = at.dataframe[0].value
    assert "drift" in rows.columns and {len(one) for one in rows["drift"]} <= {0, 1}
    detail = "features_registry_detail_values"
    at.session_state[detail] = "Over time"
    at.run()
    assert not at.exception and "as known then" in words(at)
    at.session_state[detail] = "Leak check"
    at.run()
    assert not at.exception and "values differ in hindsight" in words(at)


def test_a_ready_made_feature_fills_the_form(demo):
    at = opened("features", tab="Builder")
    at.selectbox(key="features_builder_template").select("days_since_last").run()
    assert not at.exception
    assert at.text_input(key="features_builder_name").value == "days_since_last"
    assert at.text_input(key="features_builder_window").value == "all"
    assert at.selectbox(key="features_builder_aggregate").value == "days_since_last"


def test_the_builder_shows_sql_and_twenty_rows(demo):
    at = opened("features", tab="Builder")
    assert at.dataframe[0].value.shape[0] == 20
    assert any("SELECT" in one.value for one in at.code)


@pytest.mark.parametrize(
    "tab", ["Sources", "Live", "Import", "Outcomes", "Identity", "Contracts", "Quarantine", "SQL console"]
)
def test_each_tab_of_data_is_drawn(demo, tab):
    at = opened("data", tab=tab)
    assert not at.exception and not at.error


def test_the_newest_events_stand_first_with_how_they_came(demo):
    at = opened("data", tab="Live")
    shown = at.dataframe[0].value
    newest = demo.db.read("SELECT lead_id FROM event_rows JOIN leads USING (lead_no) ORDER BY event_no DESC LIMIT 50")
    assert list(shown["lead_id"]) == newest["lead_id"].to_list() and set(shown["seen"]) == {"seen"}
    assert "no write key is active" in words(at)
    last = demo.db.read("SELECT received_at, occurred_at FROM events ORDER BY event_no DESC LIMIT 50")
    assert f"stored last, the last first; received up to {last['received_at'].max():%d %b %Y, %H:%M:%S} UTC" in words(
        at
    )
    after = (last["received_at"] - last["occurred_at"]).dt.total_microseconds() / 1e6
    assert list(shown["delay"]) == [spoken(seconds) for seconds in after]
    spans = [(0.44, "0.4 s"), (-3, "-3.0 s"), (89.6, "90 s"), (90, "2 min"), (5_400, "2 h"), (86_400 * 40.2, "40 d")]
    assert [spoken(seconds) for seconds, _ in spans] == [text for _, text in spans]


def test_the_console_refuses_what_is_no_select(demo):
    at = opened("data", tab="SQL console")
    at.text_area(key="data_console_text").set_value("DROP TABLE leads")
    at.button(key="data_console_run").click().run()
    assert not at.exception
    assert "only reads" in at.error[0].value


def test_opening_the_pages_imports_no_heavy_engine(demo_folder, tmp_path):
    code = f"""
import json, shutil, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from app import services
from core.workbench import Workbench
shutil.copytree({str(demo_folder)!r}, {str(tmp_path / "copy")!r}, ignore=shutil.ignore_patterns("lock"))
services.use(Workbench.open(Path({str(tmp_path / "copy")!r})))
for page in {PAGES!r}:
    at = AppTest.from_file("app/main.py", default_timeout=60).run()
    if page != "overview":
        at.switch_page(f"../pages/{{page}}.py").run()
    assert not at.exception, page
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
services.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.strip().splitlines()[-1]) == []


def test_a_job_is_found_again_after_a_page_change(demo):
    at = opened("data", tab="SQL console")
    at.text_area(key="data_console_text").set_value("SELECT count(*) AS leads_in_store FROM leads")
    at.button(key="data_console_run").click().run()
    JOBS.of("Query")[0].wait(20)
    at.switch_page("../pages/leads.py").run()
    at.switch_page("../pages/data.py")
    at.query_params["tab"] = "SQL console"
    at.run()
    assert not at.exception
    assert at.dataframe[0].value.columns.tolist() == ["leads_in_store"]
    at.session_state[session.IDENTITY] = "rita"
    assert not at.run().dataframe and not at.success, "an answer is for who asked"
    at.session_state[session.IDENTITY] = "ana"
    assert at.run().dataframe
    at.text_area(key="data_console_text").set_value("DROP TABLE leads")
    at.button(key="data_console_run").click().run()
    assert "only reads" in at.error[0].value and not at.dataframe and not at.success


def test_leads_go_to_crms_in_their_own_forms_with_ids_as_the_role_may_see_them(demo):
    import io
    import zipfile

    from app.components.export_menu import hubspot, salesforce
    from tests.app.pages import page

    at = page("leads")
    offered = [one.proto.label for one in at.get("download_button")]
    assert {"CSV", "Excel", "Parquet", "JSON", "Salesforce: CSV and .sdl"} <= set(offered)
    rows = crm.rows(leads.Filter(view="all"), Role.ANALYST)
    assert rows.height == leads.board().height and rows["email"].null_count() == rows.height
    with zipfile.ZipFile(io.BytesIO(salesforce(rows, {}))) as folder:
        lines = folder.read("leads.csv").decode().splitlines()
    assert len(lines) == rows.height + 1 and "default v1" in lines[1]
    numbered = rows.with_columns(lead_id=pl.int_range(pl.len()).cast(pl.String))
    assert zipfile.is_zipfile(io.BytesIO(hubspot(numbered, {"As of": "2026-11-24T09:30:00Z"})))


def test_reasons_of_many_leads_are_the_stored_ones_a_row_a_reason(demo):
    opened("leads")
    found = reason_codes.rows(leads.Filter("all"), Role.ADMIN)
    stored = demo.rooms.decisions.newest()
    assert found["decision_id"].n_unique() == stored.height
    best = leads.board(Role.ADMIN).row(0, named=True)
    told = found.filter(pl.col("decision_id") == best["decision_id"])
    points = dict(demo.rooms.decisions.of(best["lead_id"]).points)
    pushed = told.filter(pl.col("kind") == "for")
    assert pushed["points"].to_list() == sorted((one for one in points.values() if one > 0), reverse=True)[:5]
    assert all(points[code] == part for code, part in pushed.select("code", "points").iter_rows())
    assert told.filter(pl.col("kind") == "rule").height == len(json.loads(best["reasons"]))


def test_hubspot_is_not_offered_where_it_would_find_no_contact(demo):
    opened("leads")
    assert not crm.has_hubspot_key()


def test_the_waterfall_sums_what_features_are_about(demo):
    opened("leads")
    best = leads.board().row(0, named=True)
    points = lead.points(lead.explanation(best["decision_id"]))
    about = lead.by_family(points, best["feature_set_hash"])
    assert about["points"].sum() == pytest.approx(points["points"].sum()) and about.height < points.height
    assert about["features"].sum() == points.height


def test_bars_are_summed_by_all_that_features_are_about(monkeypatch):
    families = {"f": Family(("A", "B")), "g": Family(("A", "B", "C")), "h": Family(("A", "B", "D"))}
    monkeypatch.setattr(versions, "families", lambda feature_set_hash: families)
    points = pl.DataFrame(
        {"feature": [*"fghi"], "label": [*"FGHI"], "value": ["1"] * 4, "points": [0.4, 0.3, 0.2, 0.1]}
    )
    assert lead.by_family(points, "sha256:0")["label"].to_list() == ["A and B", *["A, B and 1 more"] * 2, "I"]
    assert lead.with_families(points, "sha256:0")["about"].to_list() == ["A and B", *["A, B and 1 more"] * 2, "I"]


def test_every_kind_of_change_has_words():
    text = "\n".join(path.read_text() for path in (PROJECT_ROOT / "core").rglob("*.py"))
    kinds = set(re.findall(r'change\(\s*"[a-z]+",\s*"([a-z]+\.[a-z_]+)"', text))
    assert len(kinds) > 20
    kinds |= {erasing.ERASED, retention.ASKED, retention.REFUSED, retention.RETIRED}
    assert kinds - set(overview.KINDS) == set()


def test_the_memo_is_told_what_changed_and_what_would_change_it(demo):
    opened("lead")
    history = lead.history(leads.board()["lead_id"][0])
    record = demo.rooms.decisions.get(history["decision_id"][-1])
    told = change.beside(record, Role.ADMIN)
    assert set(told) == {"change", "otherwise"} and told["otherwise"]["words"]
    assert (told["change"] is None) == (history.height == 1)
