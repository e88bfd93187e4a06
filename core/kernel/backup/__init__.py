"""Backups of a store: a consistent copy with a manifest of hashes, as a folder or as one compressed file."""

from core.kernel.backup.copying import back_up, restore
from core.kernel.backup.manifest import Manifest

__all__ = ["Manifest", "back_up", "restore"]
