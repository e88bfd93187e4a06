import ast
from pathlib import Path

from tests.house.rules import breaches, engine_breaches, size_breaches


def test_the_tree_keeps_the_house_rules():
    assert [str(breach) for breach in breaches()] == []


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
