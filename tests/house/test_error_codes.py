"""The closed list of refusal codes is the one in data/error_codes.yaml."""

import importlib
import pkgutil

import yaml

import app
import core
from core.kernel.errors import LeadbenchError
from core.kernel.settings import PROJECT_ROOT

SCRIPTS = {"app.main"}
CLASSES_WITHOUT_USE = {"refused"}


def all_classes(kind: type[LeadbenchError]) -> set[type[LeadbenchError]]:
    return {kind}.union(*(all_classes(child) for child in kind.__subclasses__()))


def codes_in_code() -> set[str]:
    for package in (core, app):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in SCRIPTS and not module.name.endswith("verify"):
                importlib.import_module(module.name)
    ours = {one for one in all_classes(LeadbenchError) if one.__module__.startswith(("core.", "app."))}
    return {one.code for one in ours} - CLASSES_WITHOUT_USE


def test_every_code_is_listed_with_its_meaning():
    listed = yaml.safe_load((PROJECT_ROOT / "data" / "error_codes.yaml").read_text())
    assert codes_in_code() == set(listed)
    assert all(isinstance(meaning, str) and meaning.endswith(".") for meaning in listed.values())
