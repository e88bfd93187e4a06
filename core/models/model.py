"""A trained model as a value: LightGBM's own text beside plain JSON, named by the hash of both."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.kernel.canonical import canonical, digest
from core.models.calibration import Calibration
from core.models.encoding import FeatureInfo, Floats
from core.models.errors import ModelDamaged

FORMAT = "leadbench/model/v1"
TEXT_FILE, JSON_FILE = "model.txt", "model.json"
SEGMENT_FILE = "segment_{}.txt"
GRADE_CUTS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Reference:
    """The frozen reference population: sorted probabilities (9 decimals), quartiles of fit and engagement."""

    part: str
    probabilities: tuple[float, ...]
    fit_quartiles: tuple[float, float, float]
    engagement_quartiles: tuple[float, float, float]


@dataclass(frozen=True)
class Fitted:
    """Trees with their base margin and calibration: those of all leads, or those of one level of a segment."""

    booster: str = field(repr=False)
    base_margin: float
    calibration: Calibration

    @cached_property
    def base(self) -> float:
        """The probability at the base margin."""
        return float(self.calibration.probability(np.array([self.base_margin]))[0])


@dataclass(frozen=True)
class Segments:
    """The category feature by which leads are told apart, and the levels that have trees of their own."""

    by: str
    own: Mapping[str, Fitted]

    def to_json(self) -> dict[str, Any]:
        """What the model's JSON says of them; the trees lie in files of their own, in the same order."""
        own = [
            {"level": level, "base_margin": one.base_margin, "calibration": one.calibration}
            for level, one in self.own.items()
        ]
        return {"by": self.by, "own": own}


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs; facts: label, split, counts and seed of the training, as plain JSON.

    booster, base_margin and calibration are the parent's, which score every lead whose level has no trees of its own.
    """

    features: tuple[FeatureInfo, ...]
    categories: Mapping[str, tuple[str, ...]]
    booster: str = field(repr=False)
    base_margin: float
    calibration: Calibration
    reference: Reference = field(repr=False)
    feature_set_hash: str | None
    facts: Mapping[str, Any]
    segments: Segments | None = None

    @cached_property
    def parent(self) -> Fitted:
        """The trees of all leads."""
        return Fitted(self.booster, self.base_margin, self.calibration)

    def fitted(self, values: Mapping[str, Any]) -> Fitted:
        """What scores a lead with these feature values: the trees of its level, else the parent's."""
        if self.segments is None:
            return self.parent
        return self.segments.own.get(values.get(self.segments.by), self.parent)  # type: ignore[arg-type]

    def shares(self, inputs: Floats) -> Iterator[tuple[Any, Fitted]]:
        """Which rows of the inputs (rows x features, as `matrix` gives them) each of the fitted scores; all together.

        A level is read by the parent's codes: one that was rare or never seen has no trees of its own.
        """
        if self.segments is None:
            yield slice(None), self.parent
            return
        codes, levels = inputs[:, self.names.index(self.segments.by)], self.categories[self.segments.by]
        rest = np.ones(len(inputs), dtype=np.bool_)
        for level, own in self.segments.own.items():
            rows = codes == levels.index(level)
            rest &= ~rows
            if rows.any():
                yield rows, own
        if rest.any():
            yield rest, self.parent

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
        """The canonical JSON beside the boosters."""
        segments = {} if self.segments is None else {"segments": self.segments.to_json()}
        return canonical(
            {
                **segments,
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

    @property
    def files(self) -> dict[str, bytes]:
        """Every file of the model's folder by its name."""
        own = () if self.segments is None else self.segments.own.values()
        trees = {SEGMENT_FILE.format(number): one.booster.encode() for number, one in enumerate(own, 1)}
        return {TEXT_FILE: self.booster.encode(), JSON_FILE: self.document, **trees}

    @cached_property
    def model_hash(self) -> str:
        """`sha256:` over the hashes of all files."""
        return _hash_of(self.files)

    @property
    def folder_name(self) -> str:
        """The name of the model's folder: the first 16 hex digits of its hash."""
        return self.model_hash.removeprefix("sha256:")[:16]

    def save(self, directory: Path) -> None:
        """Write model.txt, model.json and the trees of segments into the folder, made where it is missing."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, body in self.files.items():
            (directory / name).write_bytes(body)


def load(directory: Path, expected_hash: str | None = None) -> Model:
    """The model of a folder; raises ModelDamaged where a file is missing or it does not have the expected hash."""
    named = (TEXT_FILE, JSON_FILE, *sorted(path.name for path in directory.glob(SEGMENT_FILE.format("*"))))
    if not all((directory / name).is_file() for name in named):
        raise ModelDamaged(directory, str(expected_hash), "missing")
    files = {name: (directory / name).read_bytes() for name in named}
    found = _hash_of(files)
    if expected_hash is not None and found != expected_hash:
        raise ModelDamaged(directory, expected_hash, found)
    return _from_json(json.loads(files[JSON_FILE]), {name: body.decode() for name, body in files.items()})


def _hash_of(files: Mapping[str, bytes]) -> str:
    return digest({name: digest(body) for name, body in files.items()})


def _calibration(value: dict[str, Any]) -> Calibration:
    return Calibration(**{**value, "knots": tuple(value["knots"]), "values": tuple(value["values"])})


def _segments(value: dict[str, Any] | None, trees: Mapping[str, str]) -> Segments | None:
    if value is None:
        return None
    own = {
        one["level"]: Fitted(trees[SEGMENT_FILE.format(number)], one["base_margin"], _calibration(one["calibration"]))
        for number, one in enumerate(value["own"], 1)
    }
    return Segments(value["by"], own)


def _from_json(value: dict[str, Any], trees: Mapping[str, str]) -> Model:
    reference = value["reference"]
    return Model(
        features=tuple(FeatureInfo(**feature) for feature in value["features"]),
        categories={name: tuple(levels) for name, levels in value["categories"].items()},
        booster=trees[TEXT_FILE],
        base_margin=value["base_margin"],
        calibration=_calibration(value["calibration"]),
        reference=Reference(
            part=reference["part"],
            probabilities=tuple(reference["probabilities"]),
            fit_quartiles=tuple(reference["fit_quartiles"]),
            engagement_quartiles=tuple(reference["engagement_quartiles"]),
        ),
        feature_set_hash=value["feature_set_hash"],
        facts=value["facts"],
        segments=_segments(value.get("segments"), trees),
    )
