"""Evidence for people outside: the ledger, the records, and a verifier that needs only Python."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.governance.store import EvidenceStore
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.kernel.ledger import GENESIS
from core.kernel.times import to_text

VERIFIER = Path(__file__).with_name("verifier") / "verify.py"
FILES = ("ledger.jsonl", "decisions.jsonl", "manifest.json", "verify.py")


class FolderTaken(LeadbenchError):
    """An export into a folder that holds something else, or onto a file."""

    code = "folder_not_empty"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The folder `{folder}` is not empty and holds no earlier export.",
            value=folder,
            remedy="Name a new or empty folder with --out.",
        )


def export(db: Database, out: Path) -> dict[str, Any]:
    """Write ledger.jsonl, decisions.jsonl, manifest.json and verify.py, all or none; the manifest.

    An earlier export in the folder is replaced, nothing else is touched. Raises FolderTaken.
    """
    if out.exists() and (not out.is_dir() or any(path.name not in FILES for path in out.iterdir())):
        raise FolderTaken(out)
    place = out.resolve()
    staged = place.with_name(f".{place.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        manifest = _fill(db, staged, out)
        out.mkdir(exist_ok=True)
        for name in FILES:
            (staged / name).replace(out / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return manifest


def _fill(db: Database, folder: Path, out: Path) -> dict[str, Any]:
    entries = db.entries().to_dicts()
    manifest = {
        "entries": _write(folder / "ledger.jsonl", entries),
        "decisions": _write(folder / "decisions.jsonl", _decisions(EvidenceStore(db))),
        "head": entries[-1]["hash"] if entries else GENESIS,
        "exported_at": to_text(db.clock.now()),
        "out": str(out),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(VERIFIER, folder / "verify.py")
    return manifest


def _decisions(store: EvidenceStore) -> Iterator[dict[str, Any]]:
    for entry_seq in store.batches():
        for leaf_no, hash_text, record, retired_seq in store.records(entry_seq):
            gone = {"record": None, "hash": hash_text, "retired_seq": retired_seq}
            told = {"record": json.loads(record)} if record else gone
            yield {"entry_seq": entry_seq, "leaf_no": leaf_no, **told}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    with path.open("w", encoding="utf-8") as stream:
        return sum(1 for row in rows if stream.write(_line(row)))


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
