"""The model registry: a table of versions, and one folder a model named by its hash."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from core.kernel.canonical import canonical
from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.models import store_judged
from core.models.errors import ModelUnknown
from core.models.model import Model, load
from core.models.store_releases import ReleaseStore

FOLDER = "models"
SHORTEST_HASH = 8
TEXTS: dict[str, pl.DataType] = {"feature_set_hash": pl.String(), "name": pl.String()}


@dataclass(frozen=True)
class ModelVersion:
    """One registered model: its version text, hashes, figures, and what it was made from."""

    version: str
    model_hash: str
    feature_set_hash: str | None
    name: str | None
    trees: int
    features: int
    metrics: Mapping[str, Any]
    lineage: Mapping[str, Any]
    registered_at: datetime
    actor: str


class ModelStore:
    """Registered models, numbered 1, 2, ... in the order of their registration."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._releases = ReleaseStore(db)
        self._loaded: dict[str, Model] = {}

    def register(
        self,
        model: Model,
        metrics: Mapping[str, Any],
        lineage: Mapping[str, Any],
        actor: str,
        name: str | None = None,
        judged: pl.DataFrame | None = None,
    ) -> str:
        """The model's version; a model that is there already keeps its version, figures and ledger entry.

        metrics and lineage are JSON values without NaN; judged are the rows that the metrics are of. Writes
        `model.registered` to the stream `models`.
        """
        known = self._version_of(model.model_hash)
        if known is not None:
            return known
        written = self._write(model)
        try:
            with self._db.change("models", "model.registered", actor) as change:
                known = self._version_of(model.model_hash, change)
                if known is not None:
                    change.abandon()
                    return known
                if judged is not None:
                    store_judged.add(change, model.model_hash, judged)
                return self._insert(change, model, metrics, lineage, actor, name)
        except BaseException:
            if written and self._version_of(model.model_hash) is None:
                shutil.rmtree(self.folder(model.model_hash), ignore_errors=True)
            raise

    def get(self, version_or_hash: str) -> Model:
        """The model of a version, of a hash or of its first 8 or more digits; raises ModelUnknown, ModelDamaged."""
        model_hash = self.version(version_or_hash).model_hash
        if model_hash not in self._loaded:
            self._loaded[model_hash] = load(self.folder(model_hash), model_hash)
        return self._loaded[model_hash]

    def judged(self, model_hash: str) -> pl.DataFrame:
        """The rows that the model's figures are of; empty where they were not kept."""
        return store_judged.rows_of(self._db, model_hash)

    def version(self, version_or_hash: str) -> ModelVersion:
        """The row of a version, of a hash or of its first 8 or more digits; raises ModelUnknown."""
        found = self._db.read(
            "SELECT * FROM models WHERE version = try_cast($name AS INTEGER) OR "
            "(length($digits) >= $shortest AND starts_with(model_hash, 'sha256:' || $digits)) ORDER BY version",
            {
                "name": version_or_hash,
                "digits": version_or_hash.removeprefix("sha256:"),
                "shortest": SHORTEST_HASH,
            },
        )
        if found.is_empty():
            raise ModelUnknown(version_or_hash, tuple(str(number) for number in self.list()["version"]))
        return _version(found.row(0, named=True))

    def list(self) -> pl.DataFrame:
        """Oldest first: version (text), hashes, name, trees, features, auc, registered_at and actor of each model."""
        return self._db.read(
            "SELECT CAST(version AS VARCHAR) AS version, model_hash, feature_set_hash, name, trees, features, "
            "CAST(json_extract(metrics, '$.auc') AS DOUBLE) AS auc, registered_at, actor "
            "FROM models ORDER BY models.version"
        )

    def champion(self) -> ModelVersion | None:
        """The model that scores unless another is named: the trusted one, where none is the newest, on trial."""
        return self.trusted() or self._newest()

    def trusted(self) -> ModelVersion | None:
        """The model released last, where none ever was the newest that a second person approved; else None."""
        return self.released() or self._newest("SEMI JOIN model_approvals USING (model_hash)")

    def released(self) -> ModelVersion | None:
        """The model that a second person released last, None where none ever was."""
        model_hash = self._releases.champion_hash()
        return None if model_hash is None else self.version(model_hash)

    def challenger(self) -> ModelVersion | None:
        """The newest model, where it came after the champion: it scores in shadow until it is released.

        One that was released before and rolled back is none.
        """
        champion, newest = self.champion(), self._newest()
        if champion is None or newest is None or int(newest.version) <= int(champion.version):
            return None
        return None if self._releases.was_released(newest.model_hash) else newest

    def _newest(self, among: str = "") -> ModelVersion | None:
        found = self._db.read(f"SELECT models.* FROM models {among} ORDER BY models.version DESC LIMIT 1")
        return None if found.is_empty() else _version(found.row(0, named=True))

    def folder(self, model_hash: str) -> Path:
        """Where the model's files are."""
        return self._db.directory / FOLDER / model_hash.removeprefix("sha256:")[:16]

    def _version_of(self, model_hash: str, change: Change | None = None) -> str | None:
        sql = "SELECT CAST(version AS VARCHAR) FROM models WHERE model_hash = ?"
        return (change or self._db).scalar(sql, [model_hash])

    def _write(self, model: Model) -> bool:
        """Put the files in place by one rename; whether they are new."""
        folder = self.folder(model.model_hash)
        if folder.is_dir():
            return False
        staged = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(staged, ignore_errors=True)
        model.save(staged)
        staged.rename(folder)
        return True

    def _insert(
        self,
        change: Change,
        model: Model,
        metrics: Mapping[str, Any],
        lineage: Mapping[str, Any],
        actor: str,
        name: str | None,
    ) -> str:
        version = int(change.scalar("SELECT coalesce(max(version), 0) + 1 FROM models"))
        row = {
            "version": version,
            "model_hash": model.model_hash,
            "feature_set_hash": model.feature_set_hash,
            "name": name,
            "trees": model.trees,
            "features": len(model.features),
            "metrics": canonical(metrics).decode(),
            "lineage": canonical(lineage).decode(),
            "registered_at": naive(self._db.clock.now()),
            "actor": actor,
        }
        change.insert("models", pl.DataFrame([row], schema_overrides=TEXTS))
        change.body.update(
            model_hash=model.model_hash,
            version=str(version),
            feature_set_hash=model.feature_set_hash,
            metrics=metrics,
            lineage=lineage,
        )
        return str(version)


def _version(row: dict[str, Any]) -> ModelVersion:
    told = {name: json.loads(row[name]) for name in ("metrics", "lineage")}
    moment = row["registered_at"].replace(tzinfo=UTC)
    return ModelVersion(**{**row, **told, "version": str(row["version"]), "registered_at": moment})
