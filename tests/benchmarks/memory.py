"""The most memory that a command and its workers hold together."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def most_held(command: Sequence[str]) -> tuple[int, int]:
    """The exit code of the command, and the most resident bytes of it and all that it started, seen each 0.1 s."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None:
            most = max(most, held(running.pid))
            time.sleep(0.1)
    return running.returncode, most


def held(pid: int) -> int:
    """Resident bytes of a process and of all that it started."""
    parents: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            pages[int(folder.name)] = int((folder / "statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    family = [pid]
    for one in family:
        family.extend(parents.get(one, []))
    return sum(pages.get(one, 0) for one in family) * os.sysconf("SC_PAGE_SIZE")
