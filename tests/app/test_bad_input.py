"""Bad input by the command line: refused with the value and the remedy, exit 1, and the record stays where it was."""

import gzip
import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.kernel.clock import SystemClock
from core.recipes import steps
from core.signals import importing
from core.workbench import Workbench
from tests.app.cli_calls import ROOT, call, done, refused

Write = Callable[[str, str | bytes], Path]
HEAD = "lead_id,type,occurred_at,source,amount\n"
GOOD = HEAD + "l1,page_viewed,2026-01-01T10:00:00Z,web,1\n"
ENTITIES = '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "b">]><log><trace><event/></trace></log>'
RECIPE = {
    "schema": "leadbench/recipe/v1",
    "name": "small",
    "sources": {
        "leads": {"path": "leads.csv"},
        "events": {"path": "events.csv"},
        "outcomes": {"from_events": {"won": "type = 'won'", "lost": "type = 'lost'"}},
    },
    "landmarks": {"after_created": ["1d"]},
    "train": {"trees": 5},
}


@pytest.fixture(autouse=True)
def workers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers run in this process, which is quick; tests/signals sends the same files through real ones."""
    for room in (importing, steps):
        monkeypatch.setattr(room, "run_in_worker", lambda function, *arguments, **_: function(*arguments))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one event; every refusal must leave it as it is."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "good.csv").write_text(GOOD)
    done("import", "import", "events", str(folder / "good.csv"), "--store", str(folder / "store"))
    return folder / "store"


def head(store: Path) -> tuple[str, int]:
    """The ledger's head and length, of a store that verifies."""
    found = done("audit_verify", "audit", "verify", "--store", str(store))
    assert found["ok"] and found["high_water"] == "ok"
    return found["head"], found["entries"]


def untouched(store: Path, *arguments: str) -> dict[str, Any]:
    """The refusal of a command, after which the record is as it was."""
    before = head(store)
    error = refused(*arguments, "--store", str(store))
    assert error["value"] and error["remedy"]
    assert head(store) == before
    return error


@pytest.mark.parametrize(
    ("name", "content", "code", "told"),
    [
        ("gone.csv", None, "file_missing", "gone.csv"),
        ("empty.csv", b"", "file_empty", "empty.csv"),
        ("delimiter.csv", GOOD.replace(",", "^").encode(), "unmapped_field", "lead_id"),
        ("utf16.csv", GOOD.encode("utf-16"), "wrong_encoding", "utf16.csv"),
        ("broken.csv.gz", gzip.compress(GOOD.encode() * 1000)[:60], "file_unreadable", "broken.csv.gz"),
        ("entities.xes", ENTITIES.encode(), "unsafe_xml", "entit"),
        ("field.csv", (HEAD + f"l1,a,2026-01-01,web,{'x' * 10_000_000}\n").encode(), "nothing_accepted", "1,000,000"),
        ("dates.csv", (HEAD + "l1,a,2026-02-31,web,1\n").encode(), "nothing_accepted", "2026-02-31"),
        ("words.csv", b"when,who\n2026-01-01,l1\n", "unmapped_field", "`when`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_refused_and_nothing_is_written(store, tmp_path, write, name, content, code, told):
    path = tmp_path / name if content is None else write(name, content)
    error = untouched(store, "import", "events", str(path))
    assert error["code"] == code
    assert told in json.dumps(error, ensure_ascii=False)


def test_a_refusal_without_json_is_one_or_two_lines_on_standard_error(store, tmp_path):
    result = call("import", "events", str(tmp_path / "gone.csv"), "--store", str(store))
    assert (result.returncode, result.stdout) == (1, "")
    assert "gone.csv" in result.stderr and len(result.stderr.splitlines()) <= 2


def test_mixed_types_nan_and_infinity_load_as_what_they_are(tmp_path, write):
    rows = "".join(
        f"l{n},a,2026-01-0{n}T00:00:00Z,web,{value}\n" for n, value in enumerate(["3", "x", "nan", "inf"], 1)
    )
    at = ("--store", str(tmp_path / "store"))
    found = done("import", "import", "events", str(write("mixed.csv", HEAD + rows)), *at)
    assert (found["accepted"], found["quarantined"]) == (4, 0)
    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        kept = bench.db.read("SELECT properties FROM events ORDER BY occurred_at")["properties"]
    amounts = [json.loads(text or "{}").get("amount") for text in kept]
    assert amounts[:2] == ["3", "x"]
    assert not {"NaN", "Infinity"} & {str(amount) for amount in amounts}


def test_duplicate_ids_are_counted_and_a_conflicting_one_waits_in_quarantine(tmp_path, write):
    rows = "event_id,lead_id,type,occurred_at,source\n" + "e1,l1,a,2026-01-01T00:00:00Z,web\n" * 2
    at = ("--store", str(tmp_path / "store"))
    found = done("import", "import", "events", str(write("twice.csv", rows)), *at)
    assert (found["read"], found["accepted"], found["duplicate"], found["quarantined"]) == (2, 1, 1, 0)
    other = write("other.csv", rows.replace("l1", "l2"))
    found = done("import", "import", "events", str(other), *at)
    assert found["accepted"] == 0 and found["quarantined"] > 0
    waiting = done("quarantine_list", "quarantine", "list", *at)["items"]
    assert {item["code"] for item in waiting} == {"conflicting_duplicate"}


def test_outcomes_of_nobody_before_their_lead_or_revised_are_told_by_the_import(tmp_path, write):
    at = ("--store", str(tmp_path / "store"))
    done("import", "import", "leads", str(write("l.csv", "lead_id,created_at\nl1,2026-02-01T00:00:00Z\n")), *at)
    mapping = write("m.json", json.dumps({"at": "closed", "won": "stage = 'won'", "lost": "stage = 'lost'"}))
    told = ""
    for name, rows in (("first", "l1,won,2026-01-01\nl9,won,2026-01-01\n"), ("second", "l1,lost,2026-03-01\n")):
        file = write(f"{name}.csv", "lead_id,stage,closed\n" + rows)
        found = call("import", "outcomes", str(file), "--mapping", str(mapping), *at, user="ana")
        assert found.returncode == 0, found.stderr
        told += found.stdout
    for code in ("unmatched_records", "impossible_time", "outcome_revised"):
        assert told.count(f"Warning ({code})") == 1


def recipe(write: Write, *, leads: int = 0, winners: int = 0, losers: int | None = None, **changes: object) -> Path:
    """A small recipe with its files: leads a day apart, some won and the others (or as many as said) lost."""
    start = datetime(2026, 1, 1)
    lost = leads - winners if losers is None else losers
    created, events = ["lead_id,created_at\n"], [HEAD]
    for n in range(leads):
        at = start + timedelta(hours=6 * n)
        created.append(f"l{n},{at.isoformat()}Z\n")
        events.append(f"l{n},page_viewed,{(at + timedelta(hours=1 + n % 9)).isoformat()}Z,web,{n}\n")
        if (n * 77) % leads < winners + lost:
            ended = "won" if (n * 77) % leads < winners else "lost"
            events.append(f"l{n},{ended},{(at + timedelta(days=2)).isoformat()}Z,crm,0\n")
    write("leads.csv", "".join(created))
    write("events.csv", "".join(events))
    return write("recipe.yaml", json.dumps(RECIPE | changes))


def test_an_unknown_recipe_key_is_refused_with_the_nearest_known_one(store, write):
    error = untouched(store, "run", str(recipe(write, leads=2, landmark={"after_created": ["1d"]})))
    assert (error["code"], error["value"]) == ("invalid_recipe", "landmark")
    assert "`landmarks`" in error["remedy"]
    assert error["where"]["line"] == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_document"),
        ("name: small\n".encode("utf-16"), "invalid_document"),
        (b"[1, 2]\n", "invalid_recipe"),
        (b"name: [\n", "invalid_document"),
    ],
    ids=["empty", "utf16", "a list", "torn"],
)
def test_a_recipe_that_is_no_recipe_is_refused(store, write, content, code):
    error = refused("run", str(write("recipe.yaml", content)), "--store", str(store))
    assert error["code"] == code and error["remedy"]


def test_a_recipe_whose_files_are_missing_is_refused(store, write, tmp_path):
    path = recipe(write, leads=2)
    (tmp_path / "leads.csv").unlink()
    error = untouched(store, "run", str(path))
    assert error["code"] == "file_missing" and "leads.csv" in str(error["value"])


@pytest.mark.parametrize(("winners", "most"), [(12, 12), (0, 0)], ids=["12 positives", "all outcomes equal"])
def test_too_few_outcomes_refuse_training_with_the_counts_and_keep_the_import(tmp_path, write, winners, most):
    error = refused("run", str(recipe(write, leads=120, winners=winners)), "--store", str(tmp_path / "store"))
    counts = re.search(r"`(\d+)` positive and `(\d+)` negative leads", error["message"])
    assert error["code"] == "thin_data" and error["remedy"] and counts is not None
    assert (winners > 0) <= int(counts[1]) <= most and int(counts[2]) > 50
    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        assert set(bench.db.entries()["stream"]) == {"signals", "governance"}
        assert bench.rooms.signals.summary()["events"] == 240
    assert head(tmp_path / "store")[1] > 0


def test_a_run_without_any_outcome_is_refused_and_keeps_the_import(tmp_path, write):
    error = refused("run", str(recipe(write, leads=20, losers=0)), "--store", str(tmp_path / "store"))
    assert error["remedy"]
    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        assert set(bench.db.entries()["stream"]) == {"signals", "governance"}
        assert bench.rooms.signals.summary()["events"] == 20


def test_a_policy_naming_an_unknown_field_is_refused_where_it_stands(store, write):
    text = (ROOT / "policies" / "default.yaml").read_text()
    text = text.replace('if: "suppressed"', 'if: "supressed"')
    bad, line = write("bad.yaml", text), 1 + text[: text.index("supressed")].count("\n")
    checked = done("policy_check", "policy", "check", str(bad), code=1)
    found = checked["diagnostics"][0]
    assert (found["code"], found["line"]) == ("unknown_field", line)
    assert "`supressed`" in found["message"] and "`suppressed`" in found["hint"]
    error = untouched(store, "policy", "submit", str(bad), "--as", "ana")
    assert error["code"] == "invalid_policy"


def test_a_store_from_a_newer_version_is_refused(tmp_path, write):
    at = ("--store", str(tmp_path / "store"))
    done("import", "import", "events", str(write("good.csv", GOOD)), *at)
    with duckdb.connect(str(tmp_path / "store" / "store.duckdb")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, 'future')")
    for command in (("audit", "verify"), ("import", "events", str(tmp_path / "good.csv")), ("score",)):
        error = refused(*command, *at)
        assert (error["code"], error["value"]) == ("store_too_new", "9999")


def test_a_store_in_use_is_refused_with_its_holder(tmp_path, write):
    with Workbench.open(tmp_path / "store", SystemClock()):
        error = refused("import", "events", str(write("good.csv", GOOD)), "--store", str(tmp_path / "store"))
    assert error["code"] == "store_in_use" and error["remedy"]
    assert error["value"] in error["message"]


def test_a_full_disk_is_refused_and_the_record_stays(store, tmp_path, write):
    rows = "".join(f"l{n},a,2026-01-01T00:00:{n % 60:02}Z,web,{n * 7919}\n" for n in range(60_000))
    path, before = write("many.csv", HEAD + rows), head(store)
    command = [sys.executable, "-c", "from app.cli import main; main()", "import", "events", str(path), "--json"]
    done = subprocess.run(
        [*command, "--store", str(store)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY)),
    )
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "no_space" and error["value"] and error["remedy"]
    assert head(store) == before
