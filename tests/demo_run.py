"""The demo by one command, as a user types it, made once a test run for the command line and the browser."""

import subprocess
import sys
from pathlib import Path

LEADBENCH = Path(sys.executable).with_name("leadbench")
SIZE = ("--events", "8000", "--leads", "800")


def make(folder: Path) -> None:
    """`store`, and in `result.json` what the command said of it."""
    folder.mkdir()
    command = [LEADBENCH, "demo", "--no-serve", *SIZE, "--store", folder / "store", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "result.json").write_text(done.stdout, encoding="utf-8")
