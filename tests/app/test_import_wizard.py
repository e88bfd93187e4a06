"""The import wizard, step by step in a session: every adapter's golden file comes in as by the command."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import services
from app.components.import_wizard import DRY_RUN, LOAD
from app.jobs import JOBS
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.recipes import steps
from core.signals import importing
from core.signals import inspect as inspecting
from core.workbench import Workbench
from tests.app.cli_calls import done
from tests.signals.golden import EVENTS, FOLDER, LEADS

OPEN = "regexp_replace({}, '\"sealed\":\"[^\"]*\"', 'sealed', 'g')"
STORED = {
    "events": f"""SELECT event_id, lead_id, account_id, anonymous_id, session_id, source, type, occurred_at, region,
        {OPEN.format("properties")}, {OPEN.format("context")}, schema_version FROM event_log ORDER BY ALL""",
    "leads": "SELECT lead_id, created_at FROM root_leads ORDER BY ALL",
    "attributes": """SELECT l.lead_id, a.name, a.text, a.number, a.flag, a.moment, a.sealed IS NULL AS is_open
        FROM attributes a JOIN leads l USING (lead_no) ORDER BY ALL""",
    "quarantine": "SELECT code, count(*) AS records FROM quarantine GROUP BY code ORDER BY ALL",
    "batches": "SELECT kind, adapter, read, accepted, duplicate, quarantined FROM batches ORDER BY batch_id",
}


@pytest.fixture(autouse=True)
def workers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (importing, inspecting, steps):
        monkeypatch.setattr(room, "run_in_worker", lambda function, *arguments, **_: function(*arguments))


def wizard() -> AppTest:
    def page():
        from app.components import import_wizard

        import_wizard.show("w")

    at = AppTest.from_function(page, default_timeout=60)
    at.session_state["session_identity"] = "ana"
    return at.run()


def loaded(path: Path) -> AppTest:
    """The wizard after all its steps with that file."""
    at = wizard()
    at.file_uploader[0].set_value((path.name, path.read_bytes(), "application/octet-stream")).run()
    for key, name in (("w_dry", DRY_RUN), ("w_load", LOAD)):
        assert not at.button(key=key).disabled, f"{path}: {[one.value for one in at.warning]}"
        at.button(key=key).click().run()
        assert JOBS.of(name)[0].wait(30), path
        at.run()
    assert not at.exception and not at.error
    return at


def stored(db: Database) -> dict[str, list[tuple[object, ...]]]:
    return {name: db.read(sql).rows() for name, sql in STORED.items()}


ONE_EACH = {path.parent.name: path for path in [*EVENTS, *LEADS]}
FEW = ("segment", "hubspot")


def test_golden_files_come_in_by_the_wizard_as_by_the_command(tmp_path):
    agree([ONE_EACH[name] for name in FEW], tmp_path)


@pytest.mark.campaign
def test_every_adapters_golden_file_comes_in_by_the_wizard_as_by_the_command(tmp_path):
    found = agree(list(ONE_EACH.values()), tmp_path)
    assert {adapter for _, adapter, *_ in found["batches"]} >= {one.name for one in FOLDER.iterdir()} - {"plain", "xes"}


def agree(paths: list[Path], tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the wizard stored of the files, which is what the command stored."""
    by_command = tmp_path / "command"
    for path in paths:
        kind = "leads" if path in LEADS else "events"
        done("import", "import", kind, str(path), "--as", "ana", "--store", str(by_command))
    with Workbench.open(tmp_path / "wizard", SystemClock()) as bench:
        services.use(bench)
        for path in paths:
            assert [one.label for one in loaded(path).metric] == ["Read", "Accepted", "Duplicate", "Quarantined"]
        found = stored(bench.db)
        services.use(None)
    with Database.open(by_command, SystemClock()) as db:
        told = stored(db)
    for name in STORED:
        assert found[name] == told[name], name
    return found
