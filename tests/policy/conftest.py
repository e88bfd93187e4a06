"""Policies that the tests of this room share."""

from pathlib import Path

import pytest

from core.policy import parser
from core.policy.default import shipped
from core.policy.document import Policy

CASES = Path(__file__).parents[1] / "cases" / "policy"


def example_text() -> str:
    return (CASES / "example.yaml").read_text()


@pytest.fixture(scope="session")
def example() -> Policy:
    return parser.load(example_text(), "example.yaml")


@pytest.fixture(scope="session")
def default() -> Policy:
    return parser.load(shipped(), "default.yaml")
