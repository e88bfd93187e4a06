import duckdb
import pytest
import sqlglot

from core.kernel.expressions import ExpressionInvalid, parse
from core.kernel.expressions.diagnostics import CODES
from tests.kernel.expressions.expression_cases import SCHEMA, cases


def refusal(text, **options):
    with pytest.raises(ExpressionInvalid) as caught:
        parse(text, SCHEMA, **options)
    return caught.value


@pytest.mark.parametrize("case", cases("accepted"), ids=lambda case: case["text"])
def test_an_accepted_text_has_one_normal_text_and_one_sql(case):
    expression = parse(case["text"], SCHEMA)
    assert expression.canonical == case["canonical"]
    assert expression.to_sql() == case["sql"]
    assert parse(expression.canonical, SCHEMA).node == expression.node
    assert parse(expression.canonical, SCHEMA).canonical == expression.canonical


@pytest.mark.parametrize("case", cases("accepted"), ids=lambda case: case["text"])
def test_spark_sql_is_well_formed(case):
    assert sqlglot.parse_one(parse(case["text"], SCHEMA).to_spark(), read="spark") is not None


@pytest.mark.parametrize("case", cases("refused"), ids=lambda case: case["text"])
def test_a_refused_text_says_what_is_wrong_where_and_what_to_write(case):
    error = refusal(case["text"])
    assert [f"{found.code}@{found.line}:{found.column}" for found in error.diagnostics] == case["findings"]
    assert case.get("hint", "") in error.diagnostics[0].hint
    assert error.code == "invalid_expression"
    assert (error.where.line, error.where.column) == (error.diagnostics[0].line, error.diagnostics[0].column)


@pytest.mark.parametrize("case", cases("hostile"), ids=lambda case: case["text"])
def test_a_hostile_text_is_refused(case):
    assert refusal(case["text"]).diagnostics[0].code == case["code"]


@pytest.mark.parametrize("case", cases("strict_missing"), ids=lambda case: case["text"])
def test_policies_must_say_what_a_missing_value_under_not_means(case):
    parse(case["text"], SCHEMA)
    if case["unguarded"]:
        found = refusal(case["text"], strict_missing=True).diagnostics
        assert [finding.message.split("`")[1] for finding in found] == case["unguarded"]
        assert {finding.code for finding in found} == {"optional_under_not"}
    else:
        parse(case["text"], SCHEMA, strict_missing=True)


def test_every_code_of_the_closed_list_is_exercised():
    texts = [case["text"] for name in ("refused", "hostile") for case in cases(name)]
    texts += ["demo" + " " * 600, "(" * 30 + "demo" + ")" * 30]
    found = {diagnostic.code for text in texts for diagnostic in refusal(text).diagnostics}
    found |= {diagnostic.code for diagnostic in refusal("NOT pql", strict_missing=True).diagnostics}
    assert found == set(CODES)


def test_length_is_limited_to_512_characters():
    text = "page = '" + "x" * 503 + "'"
    assert len(text) == 512
    parse(text, SCHEMA)
    assert refusal(text + " ").diagnostics[0].code == "too_long"


@pytest.mark.parametrize(
    ("build", "levels"),
    [
        (lambda n: "(" * n + "demo" + ")" * n, 24),
        (lambda n: "NOT " * n + "demo", 24),
        (lambda n: "NOT (" * n + "demo" + ")" * n, 12),
        (lambda n: "(demo AND (pql OR " * n + "demo" + "))" * n, 11),
    ],
    ids=["parentheses", "nots", "not-parentheses", "and-or"],
)
def test_depth_is_limited_to_24_levels(build, levels):
    parse(build(levels), SCHEMA)
    assert refusal(build(levels + 2)).diagnostics[0].code == "too_deep"


def test_a_long_chain_is_not_deep():
    text = " OR ".join(f"opens = {number}" for number in range(35))
    assert len(parse(text, SCHEMA).node.parts) == 35


def test_depth_is_refused_also_where_the_stack_is_nearly_full():
    def call(levels):
        return parse("(" * 24 + "demo" + ")" * 24, SCHEMA) if levels == 0 else call(levels - 1)

    with pytest.raises(ExpressionInvalid) as caught:
        parse.__globals__["_parse"].cache_clear()
        call(700)
    assert caught.value.diagnostics[0].code == "too_deep"


@pytest.mark.parametrize("case", cases("accepted"), ids=lambda case: case["text"])
def test_the_fields_read_are_named(case):
    expression = parse(case["text"], SCHEMA)
    assert expression.fields <= {field.name for field in SCHEMA}
    assert all(name in expression.canonical.replace('""', '"') for name in expression.fields)


def test_a_column_may_be_any_sql():
    expression = parse("properties.plan = 'pro' AND clicks > 1", SCHEMA)
    columns = {"properties.plan": """json_extract('{"plan": "pro"}', '$."plan"')""", "clicks": "1 + 1"}
    statement = f"SELECT {expression.to_sql(lambda field: columns[field.name])}"
    assert duckdb.connect().execute(statement).fetchall() == [(True,)]


def test_parsing_the_same_text_twice_gives_the_same_object():
    assert parse("clicks > 7", SCHEMA) is parse("clicks > 7", SCHEMA)
