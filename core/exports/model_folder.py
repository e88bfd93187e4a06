"""A model as a folder in MLflow's layout, which `mlflow.pyfunc` loads and any Python can score by without leadbench."""

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import yaml

from core.exports.errors import FolderExists
from core.exports.model_card import card
from core.models.encoding import FeatureInfo
from core.models.model import Model
from core.models.store import ModelVersion

LOADER = Path(__file__).with_name("portable") / "leadbench_model.py"
BOOSTER, DOCUMENT, HASHES, EXAMPLE = "model.lgb", "leadbench.json", "leadbench_hashes.json", "input_example.json"
SEGMENT = "segment_{}.lgb"
NEEDED = ("lightgbm", "numpy", "pandas")
PYTHON = "3.11"
Write = Callable[[ModelVersion, Model, Path], dict[str, Any]]
STAMP = (1980, 1, 1, 0, 0, 0)
TYPES = {"count": "long", "boolean": "boolean", "number": "double", "category": "string"}
VALUES: dict[str, Any] = {"count": 0, "boolean": False, "number": 0.0}


def write(version: ModelVersion, model: Model, out: Path) -> dict[str, Any]:
    """Write the folder, whole or not at all; its path, files and the model's hash. Raises FolderExists."""
    with staged(out) as folder:
        _fill(folder, version, model)
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return {"version": version.version, "model_hash": version.model_hash, "out": str(out), "files": files}


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A folder to fill that takes the place of `out` at the end, whole or not at all; raises FolderExists."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderExists(out)
    place = out.resolve()
    folder = place.with_name(f".{place.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
        if place.is_dir():
            place.rmdir()
        folder.rename(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def zipped(version: ModelVersion, model: Model, fill: Write | None = None) -> bytes:
    """The folder as one zip file, the same bytes for the same model; `fill` writes another form of it."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as made, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        root = Path(made) / f"model-{version.version}"
        for name in (fill or write)(version, model, root)["files"]:
            stamped = zipfile.ZipInfo(f"{root.name}/{name}", STAMP)
            archive.writestr(stamped, (root / name).read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _fill(folder: Path, version: ModelVersion, model: Model) -> None:
    (folder / BOOSTER).write_bytes(model.booster.encode())
    for number, one in enumerate(model.segments.own.values() if model.segments else (), 1):
        (folder / SEGMENT.format(number)).write_bytes(one.booster.encode())
    (folder / DOCUMENT).write_bytes(model.document)
    (folder / "code").mkdir()
    shutil.copyfile(LOADER, folder / "code" / LOADER.name)
    needed = [f"{name}=={installed(name)}" for name in NEEDED]
    _write(folder, "requirements.txt", "\n".join(needed) + "\n")
    _write(folder, "python_env.yaml", _yaml({"python": PYTHON, "dependencies": [{"-r": "requirements.txt"}]}))
    _write(folder, EXAMPLE, json.dumps(example(model), ensure_ascii=False))
    _write(folder, "README.md", card(version, model))
    _write(folder, "MLmodel", _yaml(_mlmodel(version, model)))
    hashed = sorted(path for path in folder.rglob("*") if path.is_file())
    told = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in hashed}
    _write(folder, HASHES, json.dumps(told, indent=1))


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def _mlmodel(version: ModelVersion, model: Model) -> dict[str, Any]:
    """MLflow's own file; its time is when the model was registered, so that a folder can be made again alike."""
    inputs = [{"type": TYPES[one.dtype], "name": one.name, "required": True} for one in model.features]
    return {
        "artifact_path": "model",
        "flavors": {
            **({} if model.segments else _lightgbm()),
            "python_function": {
                "loader_module": LOADER.stem,
                "code": "code",
                "data": ".",
                "env": {"virtualenv": "python_env.yaml"},
                "python_version": PYTHON,
            },
        },
        "model_uuid": version.model_hash.removeprefix("sha256:")[:32],
        "run_id": None,
        "saved_input_example_info": {"artifact_path": EXAMPLE, "pandas_orient": "split", "type": "dataframe"},
        "signature": {
            "inputs": json.dumps(inputs, ensure_ascii=False),
            "outputs": json.dumps([{"type": "double", "name": "probability", "required": True}]),
            "params": None,
        },
        "utc_time_created": f"{version.registered_at:%Y-%m-%d %H:%M:%S.%f}",
        "metadata": origin(version, model),
    }


def _lightgbm() -> dict[str, Any]:
    """MLflow's flavour of a single booster; a model with trees of segments is none."""
    told = {"data": BOOSTER, "lgb_version": installed("lightgbm"), "model_class": "lightgbm.basic.Booster"}
    return {"lightgbm": told}


def origin(version: ModelVersion, model: Model) -> dict[str, Any]:
    """What the model was made from."""
    settings = model.facts.get("train") or {}
    return {
        "leadbench_version": version.version,
        "model_hash": version.model_hash,
        "feature_set_hash": version.feature_set_hash,
        "label_hash": model.facts.get("label_hash"),
        "data_revision": version.lineage.get("signals_revision"),
        "recipe_hash": version.lineage.get("recipe_hash"),
        "seed": settings.get("seed"),
    }


def example(model: Model) -> dict[str, Any]:
    """Two made-up leads in pandas' split form: nothing of a real one leaves the store."""
    rows = [[_value(model, one, place) for one in model.features] for place in (0, 1)]
    return {"columns": list(model.names), "data": rows}


def _value(model: Model, feature: FeatureInfo, place: int) -> Any:
    if feature.dtype == "category":
        levels = model.categories.get(feature.name) or ("",)
        return levels[min(place, len(levels) - 1)]
    return type(VALUES[feature.dtype])(place)
