"""Compiled code has a place also where the program's own folder cannot be written."""

import os
from pathlib import Path

import pytest

from core.kernel import compiling


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(compiling.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "room").mkdir()
    return str(tmp_path / "room" / "kernels.py")


def read_only(monkeypatch):
    monkeypatch.setattr(compiling.os, "access", lambda path, mode: False)


def test_beside_the_source_where_that_can_be_written(module):
    assert compiling.cache_folder(module) == ""
    compiling.settle(module)
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_read_only_installation_compiles_into_a_folder_of_this_user_alone(module, monkeypatch):
    read_only(monkeypatch)
    kept = Path(compiling.cache_folder(module))
    assert kept.is_dir() and kept.stat().st_mode & 0o077 == 0
    assert compiling.cache_folder(module) == str(kept)
    kept.chmod(0o777)
    assert compiling.cache_folder(module) != str(kept)


def test_a_folder_that_was_given_counts(module, monkeypatch):
    read_only(monkeypatch)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/given")
    assert compiling.cache_folder(module) == "/given"
