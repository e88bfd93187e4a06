"""Bad input is refused with the value and the remedy, through real workers, and the store stays as it was."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernel.errors import LeadbenchError

HEAD = "lead_id,type,ts,note\n"
GOOD = HEAD + "l1,a,2026-01-01,x\n"
ENTITIES = '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "b">]><log><trace><event/></trace></log>'


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("gone.csv", None, "file_missing"),
        ("empty.csv", b"", "file_empty"),
        ("delimiter.csv", GOOD.replace(",", "^").encode(), "unmapped_field"),
        ("utf16.csv", GOOD.encode("utf-16"), "wrong_encoding"),
        ("broken.csv.gz", gzip.compress(GOOD.encode() * 1000, mtime=0)[:60], "file_unreadable"),
        ("entities.xes", ENTITIES.encode(), "unsafe_xml"),
        ("field.csv", (HEAD + f"l1,a,2026-01-01,{'x' * 10_000_000}\n").encode(), "nothing_accepted"),
        ("dates.csv", (HEAD + "l1,a,2026-02-31,x\n").encode(), "nothing_accepted"),
        ("words.csv", b"when,who\n2026-01-01,l1\n", "unmapped_field"),
        ("notes.docx", b"PK", "unknown_format"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(signals, real_workers, write, tmp_path, name, content, code):
    path = tmp_path / name if content is None else write(name, content)
    before = signals.db.revision()
    with pytest.raises(LeadbenchError) as refused:
        signals.import_events(path, actor="ana")
    told = refused.value.to_json()
    assert told["code"] == code
    assert told["value"] and told["remedy"]
    assert signals.db.revision() == before
    assert signals.summary()["events"] == 0


@pytest.mark.parametrize("limit", [200_000, 6_000_000])
def test_a_full_disk_leaves_the_ledger_where_it_was(tmp_path, limit):
    path = tmp_path / "e.csv"
    rows = (f"l{n % 5000},type_{n % 20},2026-01-{1 + n % 28:02}T00:00:{n % 60:02},{n * 7919}\n" for n in range(200_000))
    path.write_text(HEAD + "".join(rows))
    script = Path(__file__).with_name("full_disk.py")
    command = [sys.executable, str(script), str(tmp_path / "store"), str(path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=None, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"code": "no_space", "unmoved": True, "ok": True, "events": 0}
