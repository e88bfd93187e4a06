"""Paths that cannot be read, written or opened: every command that takes one refuses it, and leaves nothing behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from core.recipes import steps
from core.signals import importing
from core.signals import inspect as inspecting
from tests.app.cli_calls import ROOT, call, done, refused

POLICY = str(ROOT / "policies" / "default.yaml")
EVENTS = "lead_id,type,occurred_at,source\nl1,page_viewed,2026-01-01T10:00:00Z,web\n"
SET = "schema: leadbench/features/v1\nname: s\nfeatures:\n  - {name: v, aggregate: count, window: 7d}\n"
DAMAGED = bytes(range(256)) * 8
READING = {
    "inspect": "inspect {bad}",
    "import": "import events {bad}",
    "import mapping": "import events {good} --mapping {bad}",
    "run": "run {bad}",
    "redrive": "quarantine redrive b1 --mapping {bad} --as ana",
    "features set": "features render --set {bad}",
    "features spine": "features build --set {set} --spine {bad} --out {out}",
    "sources": "sources confirm web --file {bad} --as ana",
    "schemas": "schemas register {bad} --as ana",
    "submit": "policy submit {bad} --as ana",
    "check": "policy check {bad}",
    "decide": "policy decide {bad}",
    "decide inputs": "policy decide {policy} --inputs {bad}",
    "diff": "policy diff {policy} {bad}",
    "simulate": "policy simulate {policy} --against {bad}",
    "traffic": "simulate-traffic --url http://127.0.0.1:9 --key k --file {bad}",
}
WRITING = {
    "build": "features build --set {set} --spine {spine} --out {out}",
    "backfill": "features backfill --set {set} --spine {spine} --out {out} --as ana",
    "quarantine": "quarantine export {out} --as ana",
    "junit": "policy check {policy} --junit {out}",
    "decide": "policy decide {policy} --inputs {leads} --out {out}",
    "evidence": "policy evidence {ref} --out {out}",
    "review": "policy review {ref} --out {out}",
    "drift junit": "drift --junit {out}",
    "drift html": "drift --html {out}",
    "report": "report --by band --out {out} --as ana",
    "retain": "policy retain --out {out} --as root",
    "audit": "audit export --out {out}",
    "backup": "store backup {out} --as root",
}
WITHOUT_STORE = ("inspect", "policy check", "policy decide", "policy diff", "simulate-traffic")


@pytest.fixture(autouse=True)
def workers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (importing, inspecting, steps):
        monkeypatch.setattr(room, "run_in_worker", lambda function, *arguments, **_: function(*arguments))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A store with an event and a submitted policy, and a file of every kind that a command reads."""
    folder = tmp_path_factory.mktemp("paths")
    (folder / "good.csv").write_text(EVENTS)
    (folder / "leads.csv").write_text("suppressed\nfalse\n")
    (folder / "set.yaml").write_text(SET)
    spine = pl.DataFrame({"lead_id": ["l1"], "as_of": ["2026-02-01"]}).with_columns(pl.col("as_of").str.to_datetime())
    spine.write_parquet(folder / "spine.parquet")
    store = str(folder / "store")
    call("import", "events", str(folder / "good.csv"), "--store", store)
    ref = done("policy_step", "policy", "submit", POLICY, "--as", "ana", "--store", store)["ref"]
    names = {"good": "good.csv", "leads": "leads.csv", "set": "set.yaml", "spine": "spine.parquet"}
    told = {name: str(folder / file) for name, file in names.items()}
    return told | {"policy": POLICY, "store": store, "ref": ref, "out": str(folder / "out.parquet")}


def words(template: str, files: dict[str, str]) -> list[str]:
    at = [] if template.startswith(WITHOUT_STORE) else ["--store", files["store"]]
    return [*template.format(**files).split(), *at]


def damaged(folder: Path) -> Iterator[Path]:
    for name in ("damaged", "damaged.csv", "damaged.parquet"):
        (folder / name).write_bytes(DAMAGED)
        yield folder / name
    (folder / "deep.yaml").write_text("[" * 3_000)
    yield from (folder / "deep.yaml", folder / ("n" * 300), Path("/proc/self/mem"), folder)


@pytest.mark.parametrize("name", list(READING))
def test_what_cannot_be_read_is_refused_and_never_a_fault(files, tmp_path, name):
    for path in damaged(tmp_path):
        result = call(*words(READING[name], {**files, "bad": str(path)}), "--json")
        assert result.returncode == 1, f"{path}: {result.stdout}{result.stderr}"
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", list(WRITING))
def test_what_cannot_be_written_is_refused_and_leaves_nothing(files, tmp_path, name):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    for out in (tmp_path / "taken", Path("/proc/out.json"), tmp_path / "taken" / "file" / "x", tmp_path / ("n" * 300)):
        error = refused(*words(WRITING[name], {**files, "out": str(out)}))
        assert error["code"] in ("output_unwritable", "path_unusable", "folder_not_empty", "store_exists", "no_recipe")
        assert error["value"] and error["remedy"]
        assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "taken" / "file").read_text() == "kept"


@pytest.mark.parametrize("name", ["quarantine", "junit", "decide", "evidence", "review", "audit"])
def test_what_can_be_written_is_there_whole(files, tmp_path, name):
    out = tmp_path / "out.json"
    assert call(*words(WRITING[name], {**files, "out": str(out)}), "--json").returncode == 0
    assert out.exists() and [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_store_that_cannot_be_opened_is_refused(files, tmp_path):
    for name in ("newer", "keyless", "behind", "torn"):
        shutil.copytree(files["store"], tmp_path / name)
    with duckdb.connect(str(tmp_path / "newer" / "store.duckdb")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, 'future')")
    (tmp_path / "behind" / "high-water.log").write_text("999 sha256:" + "0" * 64 + "\n")
    (tmp_path / "torn" / "high-water.log").write_bytes(DAMAGED + b"\n")
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "store.duckdb").write_bytes(DAMAGED)
    codes = {
        name: refused("store", "info", "--store", str(tmp_path / name))["code"]
        for name in ("newer", "behind", "torn", "junk", "gone", "n" * 300)
    }
    assert list(codes.values()) == [
        "store_too_new", "store_behind", "store_unreadable", "store_unreadable", "no_store", "path_unusable",
    ]  # fmt: skip
