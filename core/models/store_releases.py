"""Rows of `model_releases`: which model scores, and which one scored before."""

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive


class ReleaseStore:
    """The releases of models, oldest first; the newest names the champion."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def champion_hash(self, change: Change | None = None) -> str | None:
        """The model that was released last, None where none ever was."""
        return (change or self._db).scalar("SELECT arg_max(model_hash, seq) FROM model_releases")

    def was_released(self, model_hash: str) -> bool:
        """Whether the model ever scored by a release or a rollback."""
        return bool(self._db.scalar("SELECT count(*) FROM model_releases WHERE model_hash = ?", [model_hash]))

    def before(self, model_hash: str, change: Change | None = None) -> tuple[str, str] | None:
        """Hash and version of the model that scored before this one was first released; None where none did."""
        sql = """SELECT model_hash, version FROM model_releases WHERE model_hash <> $this AND seq < (
                     SELECT min(seq) FROM model_releases WHERE model_hash = $this) ORDER BY seq DESC LIMIT 1"""
        rows = (change or self._db).read(sql, {"this": model_hash}).rows()
        return rows[0] if rows else None

    def all(self) -> pl.DataFrame:
        """Every release, oldest first: model_hash, version, kind, actor, reason, released_at."""
        return self._db.read(
            "SELECT model_hash, version, kind, actor, reason, released_at FROM model_releases ORDER BY seq"
        )

    def add(self, change: Change, model_hash: str, version: str, kind: str, actor: str, reason: str | None) -> None:
        """Note that this model scores from now on."""
        change.execute(
            "INSERT INTO model_releases SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ? FROM model_releases",
            [model_hash, version, kind, actor, reason, naive(self._db.clock.now())],
        )
