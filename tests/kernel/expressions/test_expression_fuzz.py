"""Whatever is typed, the answer is a condition that runs or a located refusal, never another error."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.expressions import ExpressionInvalid, parse
from core.kernel.expressions.diagnostics import CODES
from tests.kernel.expressions.expression_cases import FOLDER, SCHEMA, cases

TYPES = {
    "int": "BIGINT",
    "decimal": "DOUBLE",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "enum": "VARCHAR",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "any": "VARCHAR",
}
WORDS = [*(FOLDER / "words.txt").read_text(encoding="utf-8").split(), "\n", "\t", "\u00a0", "\u200b"]
TYPED = [case["text"] for name in ("accepted", "refused", "hostile") for case in cases(name)]


@pytest.fixture(scope="module")
def connection():
    columns = ", ".join('"' + field.name.replace('"', '""') + '" ' + TYPES[field.kind] for field in SCHEMA)
    with duckdb.connect() as opened:
        opened.execute(f"CREATE TABLE rows ({columns})")
        opened.execute(f"INSERT INTO rows VALUES ({', '.join('NULL' for _ in SCHEMA)})")
        yield opened


def runs_or_is_refused(connection, text):
    try:
        expression = parse(text, SCHEMA)
    except ExpressionInvalid as error:
        lines = text.split("\n")
        for found in error.diagnostics:
            assert found.code in CODES
            assert 1 <= found.line <= len(lines)
            assert 1 <= found.column <= len(lines[found.line - 1]) + 1
            assert found.message.endswith(".")
            assert found.hint
        return
    answer = connection.execute(f"SELECT {expression.to_sql()} FROM rows").fetchall()
    assert answer == [(expression.to_python()({}),)]
    assert parse(expression.canonical, SCHEMA).node == expression.node


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(st.sampled_from(WORDS), max_size=14), glue=st.sampled_from(["", " "]))
def test_any_row_of_words_runs_or_is_refused(connection, words, glue):
    runs_or_is_refused(connection, glue.join(words))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=40))
def test_any_text_runs_or_is_refused(connection, text):
    runs_or_is_refused(connection, text)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_known_text_with_a_slip_runs_or_is_refused(connection, data):
    text = data.draw(st.sampled_from(TYPED))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    runs_or_is_refused(connection, text[:start] + data.draw(st.sampled_from(WORDS)) + text[end:])
