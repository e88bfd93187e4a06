"""A trained model as a value: LightGBM's own text beside plain JSON, named by the hash of both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.kernel.canonical import canonical, digest
from core.models.calibration import Calibration
from core.models.encoding import FeatureInfo
from core.models.errors import ModelDamaged

FORMAT = "leadbench/model/v1"
TEXT_FILE, JSON_FILE = "model.txt", "model.json"
GRADE_CUTS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Reference:
    """The frozen reference population: sorted probabilities (9 decimals), quartiles of fit and engagement."""

    part: str
    probabilities: tuple[float, ...]
    fit_quartiles: tuple[float, float, float]
    engagement_quartiles: tuple[float, float, float]


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs; facts: label, split, counts and seed of the training, as plain JSON."""

    features: tuple[FeatureInfo, ...]
    categories: Mapping[str, tuple[str, ...]]
    booster: str = field(repr=False)
    base_margin: float
    calibration: Calibration
    reference: Reference = field(repr=False)
    feature_set_hash: str | None
    facts: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order of vectors and points."""
        return tuple(feature.name for feature in self.features)

    @property
    def trees(self) -> int:
        """How many trees the booster holds."""
        return self.booster.count("\nTree=")

    @cached_property
    def document(self) -> bytes:
        """The canonical JSON beside the booster."""
        return canonical(
            {
                "format": FORMAT,
                "features": self.features,
                "categories": self.categories,
                "base_margin": self.base_margin,
                "calibration": self.calibration,
                "reference": self.reference,
                "feature_set_hash": self.feature_set_hash,
                "facts": self.facts,
            }
        )

    @cached_property
    def model_hash(self) -> str:
        """`sha256:` over the hashes of both files."""
        return digest({TEXT_FILE: digest(self.booster.encode()), JSON_FILE: digest(self.document)})

    @property
    def folder_name(self) -> str:
        """The name of the model's folder: the first 16 hex digits of its hash."""
        return self.model_hash.removeprefix("sha256:")[:16]

    def save(self, directory: Path) -> None:
        """Write model.txt and model.json into the folder, made where it is missing."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / TEXT_FILE).write_bytes(self.booster.encode())
        (directory / JSON_FILE).write_bytes(self.document)


def load(directory: Path, expected_hash: str | None = None) -> Model:
    """The model of a folder; raises ModelDamaged where it does not have the expected hash."""
    text, document = (directory / TEXT_FILE).read_bytes(), (directory / JSON_FILE).read_bytes()
    found = digest({TEXT_FILE: digest(text), JSON_FILE: digest(document)})
    if expected_hash is not None and found != expected_hash:
        raise ModelDamaged(directory, expected_hash, found)
    return _from_json(json.loads(document), text.decode())


def _from_json(value: dict[str, Any], booster: str) -> Model:
    calibration, reference = value["calibration"], value["reference"]
    return Model(
        features=tuple(FeatureInfo(**feature) for feature in value["features"]),
        categories={name: tuple(levels) for name, levels in value["categories"].items()},
        booster=booster,
        base_margin=value["base_margin"],
        calibration=Calibration(
            **{**calibration, "knots": tuple(calibration["knots"]), "values": tuple(calibration["values"])}
        ),
        reference=Reference(
            part=reference["part"],
            probabilities=tuple(reference["probabilities"]),
            fit_quartiles=tuple(reference["fit_quartiles"]),
            engagement_quartiles=tuple(reference["engagement_quartiles"]),
        ),
        feature_set_hash=value["feature_set_hash"],
        facts=value["facts"],
    )
