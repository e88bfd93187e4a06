"""Texts that nobody would write: the parser names what is wrong and never breaks."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.policy import checker, parser
from tests.policy.conftest import example_text

LINES = example_text().splitlines(keepends=True)
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "null",
    "true",
    "1e9",
    "-1",
    '""',
    "''",
    "&a",
    "*a",
    "!!x",
    "NaN",
    "yes",
    "~",
    "\t",
]


def mutated(line, column, cut, token):
    place = line % len(LINES)
    text = LINES[place]
    column = column % (len(text) or 1)
    return "".join([*LINES[:place], text[:column] + token + text[column + cut :], *LINES[place + 1 :]])


@given(line=st.integers(0, 500), column=st.integers(0, 200), cut=st.integers(0, 12), token=st.sampled_from(TOKENS))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_text_is_read_or_refused_with_a_place(line, column, cut, token):
    text = mutated(line, column, cut, token)
    report = checker.check(text, "damaged.yaml").to_json()
    rows = text.count("\n") + 2
    assert report["ok"] or report["diagnostics"]
    for found in report["diagnostics"]:
        assert 1 <= found["line"] <= rows
        assert found["column"] >= 1
        assert found["message"]
        assert found["code"]


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_refused(text):
    policy, found = parser.read(text, "any.yaml")
    assert policy is not None or found


@given(line=st.integers(0, 500))
@settings(max_examples=80, deadline=None)
def test_a_document_that_lost_a_line_is_read_or_refused(line):
    text = "".join([*LINES[: line % len(LINES)], *LINES[line % len(LINES) + 1 :]])
    policy, found = parser.read(text, "any.yaml")
    assert policy is not None or found
