import ast
from pathlib import Path

from tests.house.rules import breaches, engine_breaches, size_breaches


def test_breaches_are_found_in_app_core_and_pages(tmp_path):
    for room in ("app", "core", "pages"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "long.py").write_text("x = 1\n" * 301)
    assert [breach.path.as_posix() for breach in breaches(tmp_path)] == ["app/long.py", "core/long.py", "pages/long.py"]


def test_an_engine_away_from_home_is_named():
    found = list(engine_breaches(Path("core/policy/store.py"), ast.parse("def f():\n    import duckdb\n")))
    assert [(b.line, "duckdb" in b.what) for b in found] == [(2, True)]


def test_a_heavy_engine_at_module_level_is_refused_even_at_home():
    found = list(engine_breaches(Path("core/models/training.py"), ast.parse("import lightgbm\n")))
    assert ["inside the function" in b.what for b in found] == [True]


def test_a_function_of_sixty_one_lines_is_refused():
    text = "def f():\n" + "    pass\n" * 60
    assert [b.line for b in size_breaches(Path("core/x.py"), ast.parse(text), 61)] == [1]
    shorter = "def f():\n" + "    pass\n" * 59
    assert list(size_breaches(Path("core/x.py"), ast.parse(shorter), 60)) == []


def test_policies_are_pure_outside_their_store():
    tree = ast.parse("import polars\n")
    assert [b.line for b in engine_breaches(Path("core/policy/deciding.py"), tree)] == [1]
    assert list(engine_breaches(Path("core/policy/store.py"), tree)) == []
