"""Evidence that holds without leadbench, and shows what was changed."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions import record as records
from core.governance import evidence
from core.governance.verifier import verify
from core.kernel.canonical import canonical
from core.kernel.ledger import merkle_root

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
LEAVES = LEAVES | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def sealed(number: int) -> records.Sealed:
    content = dict.fromkeys(records.NAMES) | {"decision_id": f"d_{number}", "lead_id": "é", "score": 3.2e-05 * number}
    return records.seal({**content, "features": [["a", 1e21], ["b", None]]})


@pytest.fixture
def exported(store, tmp_path: Path) -> Path:
    for first in (1, 4):
        batch = [sealed(number) for number in range(first, first + 3)]
        with store.change("decisions", "decisions.recorded", "ana") as change:
            rows = [
                {
                    "decision_id": f"d_{number}", "lead_id": "é", "decided_at": store.clock.now().replace(tzinfo=None),
                    "arm": "trial", "score": 0.5, "fit": 0.0, "engagement": 0.0, "disposition": "PERMIT",
                    "reasons": "[]", "points": "[]", "model_hash": "m", "policy_hash": "p", "feature_set_hash": "f",
                    "record": one.text, "hash": one.hash, "entry_seq": change.scalar("SELECT max(seq) + 1 FROM ledger"),
                    "leaf_no": leaf_no, "stage_us": "{}",
                }
                for leaf_no, (number, one) in enumerate(zip(range(first, first + 3), batch, strict=True))
            ]  # fmt: skip
            change.insert("decisions", pl.DataFrame(rows).with_columns(pl.col("leaf_no").cast(pl.Int32)))
            change.body["merkle_root"] = merkle_root([records.leaf(one.hash) for one in batch])
    evidence.export(store, tmp_path / "out")
    return tmp_path / "out"


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(folder / "verify.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def rewrite(path: Path, change) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in change(lines)))


def test_an_export_verifies_with_plain_python(exported):
    done = verified(exported)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("OK: 4 entries, 6 decisions, head sha256:")


def test_an_export_goes_into_the_folder_where_one_is(store, exported, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    evidence.export(store, Path())
    assert sorted(path.name for path in Path().iterdir()) == sorted(evidence.FILES)
    assert (tmp_path / "here" / "decisions.jsonl").read_bytes() == (exported / "decisions.jsonl").read_bytes()


def test_a_changed_ledger_entry_is_named(exported):
    def change(rows):
        rows[1]["actor"] = "mallory"
        return rows

    rewrite(exported / "ledger.jsonl", change)
    done = verified(exported)
    assert done.returncode == 1 and "ledger: entry 2 does not match its hash" in done.stdout


def test_a_missing_ledger_entry_is_named(exported):
    rewrite(exported / "ledger.jsonl", lambda rows: [rows[0], *rows[2:]])
    assert "entry 2 is missing" in verified(exported).stdout


def test_a_truncated_ledger_does_not_reach_the_manifest(exported):
    rewrite(exported / "ledger.jsonl", lambda rows: rows[:-1])
    done = verified(exported)
    assert done.returncode == 1 and "manifest" in done.stdout


def test_a_changed_decision_is_named(exported):
    def change(rows):
        rows[4]["record"]["score"] = 0.9
        return rows

    rewrite(exported / "decisions.jsonl", change)
    done = verified(exported)
    assert done.returncode == 1 and "decision d_5 does not match its hash" in done.stdout


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [*rows, rows[-1]]])
def test_a_decision_left_out_or_added_breaks_its_batch(exported, change):
    rewrite(exported / "decisions.jsonl", change)
    done = verified(exported)
    assert done.returncode == 1 and "batch of entry 4" in done.stdout


def test_an_export_replaces_an_earlier_one_and_nothing_else(store, exported):
    assert evidence.export(store, exported)["decisions"] == 6
    (exported / "thesis.txt").write_text("mine")
    with pytest.raises(evidence.FolderTaken):
        evidence.export(store, exported)


@settings(max_examples=200)
@given(VALUES)
def test_the_verifiers_canonical_json_is_the_kernels(value):
    assert verify.canonical(value).encode() == canonical(value)
