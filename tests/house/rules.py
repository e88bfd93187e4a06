"""The house rules that no linter knows: sizes, one home an engine, heavy engines inside functions."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_FUNCTION_LINES = 60
MOST_MODULE_LINES = 300
MOST_PAGE_LINES = 80
HOMES = {
    "duckdb": ("core.kernel.database",),
    "numba": ("core.features.online.kernels", "core.models.kernels"),
    "lightgbm": ("core.models.training", "core.models.scoring", "core.exports.portable"),
    "shap": ("core.models.rationale",),
    "statsmodels": ("core.models.scorecard", "core.simulation.comparison", "core.monitoring.performance"),
    "evidently": ("core.monitoring.drift",),
    "optuna": ("core.models.tuning",),
    "z3": ("core.policy.prover",),
    "pyspark": ("core.simulation.on_spark",),
    "onnx": ("core.exports.onnx_graph",),
    "onnxruntime": ("core.exports.onnx_folder",),
    "plotly": ("app.charts",),
    "streamlit": ("app", "pages"),
}
PURE = {"polars", "duckdb", "numpy", "pandas", "streamlit"}
"""What the policy room may not import outside its store: a policy decides from plain values."""
LATE = {
    "lightgbm",
    "shap",
    "statsmodels",
    "evidently",
    "sklearn",
    "scipy",
    "pandas",
    "optuna",
    "pyspark",
    "onnx",
    "onnxruntime",
}


@dataclass(frozen=True)
class Breach:
    """One place that breaks a rule."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def module_name(path: Path) -> str:
    """Dotted name of a source file, relative to the root."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Top-level package and line of every absolute import under a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno


def outside_functions(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported."""
    for node in tree.body:
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not typing_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def engine_breaches(path: Path, tree: ast.Module) -> Iterator[Breach]:
    """Engines imported away from home, and heavy engines imported with their module."""
    name = module_name(path)
    for engine, line in imports(tree):
        homes = HOMES.get(engine, ())
        if homes and not any(name == home or name.startswith(f"{home}.") for home in homes):
            yield Breach(path, line, f"`{engine}` is imported outside its home ({', '.join(homes)})")
        if name.startswith("core.policy.") and "store" not in name and engine in PURE:
            yield Breach(path, line, f"`{engine}` is imported by a policy module that is no store: policies are pure")
    for node in outside_functions(tree):
        for engine, line in imports(node):
            if engine in LATE:
                yield Breach(path, line, f"`{engine}` is heavy: import it inside the function that needs it")


def size_breaches(path: Path, tree: ast.Module, lines: int) -> Iterator[Breach]:
    """Functions, modules and pages that grew too long."""
    most = MOST_PAGE_LINES if path.parts[0] == "pages" else MOST_MODULE_LINES
    if lines > most:
        yield Breach(path, 1, f"{lines} lines in one module; the most is {most}: split it")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_FUNCTION_LINES:
                yield Breach(path, node.lineno, f"`{node.name}` has {length} lines; the most is {MOST_FUNCTION_LINES}")


def breaches(root: Path = ROOT) -> list[Breach]:
    """Every breach in app, core and pages, by file."""
    found: list[Breach] = []
    for source in sorted(p for room in ("app", "core", "pages") for p in (root / room).rglob("*.py")):
        text, path = source.read_text(encoding="utf-8"), source.relative_to(root)
        tree = ast.parse(text)
        found += [*size_breaches(path, tree, text.count("\n")), *engine_breaches(path, tree)]
    return found


if __name__ == "__main__":
    found = breaches()
    sys.stderr.writelines(f"{breach}\n" for breach in found)
    sys.exit(bool(found))
