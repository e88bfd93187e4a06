"""Commands called in this process, as a user would type them, and what they leave."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.cli import run

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "data" / "schemas"


@dataclass(frozen=True)
class Called:
    """What a command left: exit code and both outputs."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: str, user: str | None = None) -> Called:
    """Run a command line here, without the caller's own settings."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("LEADBENCH_")]:
            patch.delenv(name)
        if user:
            patch.setenv("LEADBENCH_USER", user)
        patch.chdir(ROOT)
        code = run(list(arguments))
    return Called(code, out.getvalue(), err.getvalue())


def done(schema: str, *arguments: str, user: str | None = None, code: int = 0) -> dict[str, Any]:
    """The JSON object that a command prints, checked against its schema and exit code."""
    result = call(*arguments, "--json", user=user)
    assert result.returncode == code, result.stdout + result.stderr
    return fits(schema, result.stdout)


def fits(schema: str, text: str) -> dict[str, Any]:
    """The JSON object of a text that fits the schema of that name."""
    found = json.loads(text)
    Draft202012Validator(json.loads((SCHEMAS / f"{schema}.json").read_text())).validate(found)
    return found


def refused(*arguments: str, user: str | None = None) -> dict[str, Any]:
    """The error object of a command that must be refused."""
    return done("error", *arguments, user=user, code=1)["error"]
