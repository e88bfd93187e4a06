"""The frame around the pages."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from app.navigation import SECTIONS, data_time, script, starting
from core.kernel.settings import PROJECT_ROOT

HEAVY = ("evidently", "shap", "statsmodels", "lightgbm", "sklearn", "scipy")


def test_the_sections_are_those_of_the_design():
    titles = {section: [entry.title for entry in entries] for section, entries in SECTIONS.items()}
    assert titles == {
        "Work": ["Overview", "Leads", "Lead 360"],
        "Build": ["Features", "Train", "Explain"],
        "Govern": ["Drift", "Policy studio", "Approvals"],
        "Run": ["Observability", "Data"],
    }


def test_every_entry_has_its_script():
    paths = [entry.path for entries in SECTIONS.values() for entry in entries]
    assert all((PROJECT_ROOT / "app" / script(path)).resolve().exists() for path in paths)


def test_the_foot_tells_the_datas_time():
    latest = datetime(2026, 9, 27, 9, 5, tzinfo=UTC)
    assert data_time(latest, latest) == "Data as of **27 Sep, 09:05 UTC**"
    assert data_time(latest, latest + timedelta(days=3)).endswith("· 3 days ago")
    assert data_time(None, latest) == "No events yet"


def test_a_session_begins_as_the_first_analyst_unless_the_settings_name_somebody(monkeypatch):
    people = {"root": "admin", "ana": "analyst"}
    monkeypatch.delenv("LEADBENCH_USER", raising=False)
    assert starting(people) == "ana"
    monkeypatch.setenv("LEADBENCH_USER", "root")
    assert starting(people) == "root"
    monkeypatch.setenv("LEADBENCH_USER", "nobody")
    assert starting(people) == "ana"


def test_the_foot_lets_people_say_who_acts(open_store):
    def page():
        import streamlit as st

        from app import navigation, session

        navigation.foot("test")
        st.write(f"acting: {session.identity()}")

    at = AppTest.from_function(page).run()
    assert not at.exception
    assert at.main.markdown[0].value == "acting: ana"
    at = at.sidebar.selectbox[0].select("rita").run()
    assert at.main.markdown[0].value == "acting: rita"


def test_opening_the_app_imports_no_heavy_engine():
    code = (
        "import sys, app.server, app.services, app.navigation, app.session, app.feedback, app.theme, app.api\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("entry", [entry for entries in SECTIONS.values() for entry in entries], ids=lambda e: e.script)
def test_icons_are_named_as_material_symbols(entry):
    assert entry.icon.replace("_", "").isalnum()
