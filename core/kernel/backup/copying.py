"""Making a backup of an open store, and a store of a backup: opened and verified before it gets its name."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.kernel.backup.errors import BackupDamaged, BackupMissing, StoreExists
from core.kernel.backup.manifest import NAME, Manifest, differences, held, listed, read
from core.kernel.backup.packing import COMPRESSIONS, pack, unpack
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.errors import NoSpace
from core.kernel.times import to_text
from core.kernel.workers import FULL_DISK, Progress


def back_up(db: Database, target: Path, progress: Progress) -> Manifest:
    """Copy the store to a new folder, or into a new file where the name ends in .tar.zst or .tar.gz.

    Nobody writes while the database is copied; the copy is opened, verified, and read back from its compressed form.
    Raises StoreExists over anything, BackupDamaged where the copy does not verify, NoSpace.
    """
    if target.exists():
        raise StoreExists(target)
    with _staged(target) as staging:
        copy = staging / "copy"
        progress(0.1, "copying while nobody writes")
        with db.still():
            _copy(db.directory, copy, held(db.directory))
        progress(0.4, "opening and verifying the copy")
        manifest = _described(copy, db.clock, target)
        manifest.write(copy)
        made = copy if target.suffix not in COMPRESSIONS else _packed(staging, manifest, target, progress)
        made.rename(target)
    progress(1.0, "done")
    return manifest


def restore(
    backup: Path, directory: Path, clock: Clock, check: Callable[[Database], object], progress: Progress
) -> Manifest:
    """Make a store of a backup in a new or empty folder; `check` may refuse once the copy is open.

    Raises StoreExists over anything, BackupMissing, BackupDamaged with what differs, NoSpace, and what `check` raises.
    """
    if not backup.exists():
        raise BackupMissing(backup)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StoreExists(directory)
    with _staged(directory) as staging:
        store = staging / "store"
        store.mkdir(mode=0o700)
        progress(0.1, "copying")
        manifest = unpack(backup, store) if backup.is_file() else _copied(backup, store)
        progress(0.6, "comparing hashes and verifying the ledger")
        _compare(store, manifest, backup)
        _open(store, manifest, clock, backup, check)
        store.rename(directory)
    progress(1.0, "done")
    return manifest


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """A new folder beside the target, for its owner only, which is gone at the end."""
    staging = target.parent / f".{target.name}.part-{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir(mode=0o700)
        yield staging
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise NoSpace(target.parent, str(error)) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy(source: Path, target: Path, paths: list[str]) -> None:
    target.mkdir(mode=0o700, exist_ok=True)
    for path in paths:
        place = target / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(source / path, place)


def _described(copy: Path, clock: Clock, target: Path) -> Manifest:
    """Open and verify the copy, which folds its write-ahead log in; then list its files."""
    with Database.open(copy, clock) as opened:
        found = opened.verify()
    if not found.ok:
        raise BackupDamaged(target, [f"the store's own ledger is broken ({found.first_broken or found.high_water})"])
    (copy / "lock").unlink()
    return Manifest(to_text(clock.now()), found.entries, found.head, listed(copy))


def _packed(staging: Path, manifest: Manifest, target: Path, progress: Progress) -> Path:
    """The copy as one file, unpacked again to see that it can be."""
    progress(0.6, "compressing")
    packed = staging / f"packed{target.suffix}"
    pack(staging / "copy", manifest, packed)
    progress(0.8, "reading it back")
    back = staging / "back"
    unpack(packed, back)
    _compare(back, manifest, target)
    return packed


def _copied(backup: Path, store: Path) -> Manifest:
    """Copy a backup folder's files as its manifest lists them."""
    if not (backup / NAME).is_file():
        raise BackupDamaged(backup, [f"{NAME} is missing"])
    manifest = read((backup / NAME).read_text(encoding="utf-8", errors="replace"), backup)
    found = set(held(backup))
    _copy(backup, store, [one.path for one in manifest.files if one.path in found])
    return manifest


def _compare(folder: Path, manifest: Manifest, backup: Path) -> None:
    if found := differences(manifest.files, listed(folder)):
        raise BackupDamaged(backup, found)


def _open(store: Path, manifest: Manifest, clock: Clock, backup: Path, check: Callable[[Database], object]) -> None:
    with Database.open(store, clock) as opened:
        found = opened.verify()
        if not found.ok or found.head != manifest.ledger_head:
            raise BackupDamaged(backup, [f"its ledger ends at {found.head}, not at {manifest.ledger_head}"])
        check(opened)
