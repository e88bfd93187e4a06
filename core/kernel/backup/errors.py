"""Refusals of backing up and restoring."""

from collections.abc import Sequence

from core.kernel.errors import LeadbenchError

SHOWN = 5


class StoreExists(LeadbenchError):
    """A backup or a restore onto something that is there."""

    code = "store_exists"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"`{path}` is there already, and nothing is ever written over a store or a backup.",
            value=path,
            remedy="Name a new place, or move the old one away first.",
        )


class BackupMissing(LeadbenchError):
    """No backup at the path."""

    code = "backup_missing"

    def __init__(self, path: object) -> None:
        super().__init__(f"There is no backup at `{path}`.", value=path, remedy="Check the path.")


class BackupDamaged(LeadbenchError):
    """A backup that is not what its manifest says."""

    code = "backup_damaged"

    def __init__(self, path: object, differences: Sequence[str]) -> None:
        more = f" and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        super().__init__(
            f"The backup `{path}` is damaged: {'; '.join(differences[:SHOWN])}{more}.",
            value=path,
            remedy="Use another backup; nothing was restored.",
        )
