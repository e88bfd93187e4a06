"""The manifest of a backup: which files it holds, their hashes, and the ledger that they make."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.kernel.backup.errors import BackupDamaged

FORMAT = "leadbench/backup/v1"
NAME = "manifest.json"
WHOLE = ("store.duckdb", "store.duckdb.wal", "high-water.log", "checkpoints.log")
FOLDERS = ("keys", "models")
_INSIDE = re.compile(r"(?:keys|models)(?:/(?!\.\.?(?:/|$))[^/\0]+)+")


@dataclass(frozen=True)
class File:
    """One file of a backup: its path inside, its size in bytes and its SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and the ledger that it must verify to."""

    made_at: str
    ledger_entries: int
    ledger_head: str
    files: tuple[File, ...]

    def to_json(self) -> dict[str, Any]:
        """How many files and bytes, made when, of which ledger."""
        size = sum(one.bytes for one in self.files)
        told = {"files": len(self.files), "bytes": size, "made_at": self.made_at}
        return told | {"ledger_entries": self.ledger_entries, "ledger_head": self.ledger_head}

    def write(self, folder: Path) -> None:
        """Write the manifest into the folder and sync it to disk."""
        with (folder / NAME).open("w", encoding="utf-8") as stream:
            json.dump({"format": FORMAT, **asdict(self)}, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())


def read(text: str, backup: Path) -> Manifest:
    """The manifest that the text holds; raises BackupDamaged where it is none, or names a path outside a store."""
    try:
        told = json.loads(text)
        files = tuple(File(one["path"], one["bytes"], one["sha256"]) for one in told["files"])
        found = Manifest(told["made_at"], told["ledger_entries"], told["ledger_head"], files)
        known = told["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise BackupDamaged(backup, [f"{NAME} is no manifest of a backup ({type(error).__name__})"]) from error
    strange = [one.path for one in files if one.path not in WHOLE and not _INSIDE.fullmatch(one.path)]
    if strange or not known:
        raise BackupDamaged(backup, [*(f"`{path}` does not belong to a store" for path in strange), f"not {FORMAT}"])
    return found


def held(folder: Path) -> list[str]:
    """The paths in the folder that belong to a store; what can be made again (lock, traces, logs) does not."""
    inside = [path for name in FOLDERS for path in sorted((folder / name).rglob("*")) if path.is_file()]
    whole = [name for name in WHOLE if (folder / name).is_file()]
    return whole + [path.relative_to(folder).as_posix() for path in inside]


def listed(folder: Path) -> tuple[File, ...]:
    """The store's files in the folder with their hashes, each synced to disk."""
    return tuple(_file(folder, path) for path in held(folder))


def _file(folder: Path, path: str) -> File:
    with (folder / path).open("rb") as stream:
        os.fsync(stream.fileno())
        return File(path, (folder / path).stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def differences(expected: Iterable[File], found: Iterable[File]) -> list[str]:
    """Each expected file that is missing or not the same, in words."""
    wanted, there = ({one.path: one for one in files} for files in (expected, found))
    return [
        *(f"{path} is missing" for path in wanted if path not in there),
        *(f"{path} differs from its hash" for path in wanted if path in there and wanted[path] != there[path]),
    ]
