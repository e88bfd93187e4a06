"""Every back end gives the same answer on every row: random schemas, texts and rows, missing values and corners."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.expressions import Field, Kind, Schema, parse
from core.kernel.expressions.duckdb_sql import comparable
from core.kernel.expressions.python_closure import compose
from core.kernel.times import naive

TEXTS = [
    "",
    "a",
    "b",
    "ab",
    "aab",
    "a%",
    "%",
    "_",
    "\\",
    "a\\b",
    "it's",
    "é",
    "e\u0301",
    "ÄB",
    "a\nb",
    "😀",
    "A",
    " a",
    "5",
    "true",
]
PATTERNS = [
    "",
    "%",
    "_",
    "a%",
    "%b",
    "a_b",
    "%a%b%",
    "__",
    "%_",
    "\\%",
    "a\\%",
    "%'%",
    "é",
    "%%",
    "%\n%",
    "a%a%b",
    "_é%",
]
INTS = [-(2**63), -(2**53) - 1, -1, 0, 1, 2, 5, 6, 999_999, 1_000_000, 2**53, 2**53 + 1, 2**63 - 1]
FLOATS = [
    -math.inf,
    -1e308,
    -5.0,
    -0.1,
    -5e-324,
    -0.0,
    0.0,
    5e-324,
    0.1,
    0.3,
    0.1 + 0.2,
    1.0,
    2.5,
    1e16,
    1e308,
    math.inf,
    math.nan,
]
SCORES = [
    0.0,
    -0.0,
    0.00005,
    0.00004999,
    0.5,
    0.73995,
    0.74,
    0.7999499,
    0.8,
    0.80005,
    0.99999,
    1.0,
    1.1,
    -0.3,
    1e15,
    1e300,
    math.inf,
    math.nan,
]
TIMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 23, tzinfo=UTC),
    datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    datetime(2026, 11, 23, 9, 30, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]
JSON = [
    None,
    True,
    False,
    0,
    1,
    5,
    -0.0,
    0.5,
    2**53 + 1,
    10**30,
    2**64 - 1,
    1e308,
    "",
    "5",
    "a",
    "true",
    "null",
    'é"\\\n',
    "😀",
    [],
    [1],
    {},
    {"a": 1},
]
NAMES = [
    "f",
    "page",
    "properties.plan",
    "Lead Source",
    "order",
    "größe",
    "in",
    'a"b',
    "and",
    "x.y.z",
    "2nd",
    "NOT",
    "null",
]


@dataclass(frozen=True)
class Column:
    field: Field
    type: str
    values: list


def _column(name, kind, optional, wide):
    if kind is Kind.INT:
        return Column(Field(name, kind, optional), "BIGINT", INTS)
    if kind is Kind.NUMBER:
        return Column(Field(name, kind, optional), "DOUBLE", FLOATS)
    if kind is Kind.DECIMAL and wide:
        exact = [Decimal(str(value)).quantize(Decimal("0.0000")) for value in SCORES if abs(value) < 1e9]
        return Column(Field(name, kind, optional, scale=4), "DECIMAL(18, 4)", exact)
    if kind is Kind.DECIMAL:
        return Column(Field(name, kind, optional, scale=4), "DOUBLE", SCORES)
    if kind is Kind.BOOL:
        return Column(Field(name, kind, optional), "BOOLEAN", [True, False])
    if kind is Kind.TIME:
        return Column(Field(name, kind, optional), "TIMESTAMP", TIMES)
    if kind is Kind.ANY:
        return Column(Field(name, kind, optional), "VARCHAR", JSON)
    if kind is Kind.ENUM:
        return Column(Field(name, kind, optional, values=tuple(TEXTS[:12])), "VARCHAR", TEXTS)
    return Column(Field(name, kind, optional), "VARCHAR", TEXTS)


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    kinds = [draw(st.sampled_from(list(Kind))) for _ in names]
    kinds[1] = kinds[0]
    columns = [
        _column(name, kind, draw(st.booleans()), draw(st.booleans())) for name, kind in zip(names, kinds, strict=True)
    ]
    rows = draw(
        st.lists(st.tuples(*(st.sampled_from([None, *column.values]) for column in columns)), min_size=1, max_size=12)
    )
    return columns, rows


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def text(value):
    return "'" + value.replace("'", "''") + "'"


def _usable(value):
    return not isinstance(value, float) or (math.isfinite(value) and abs(value) < 1e300)


def _constants(column):
    field = column.field
    if field.kind is Kind.DECIMAL:
        return ["0", "-0.0", "0.5", "0.74", "0.7999", "0.8", "0.8000", "1", "-0.3", "100000000000000"]
    if field.kind is Kind.BOOL:
        return ["TRUE", "FALSE"]
    if field.kind is Kind.TIME:
        return [text(value.isoformat()) for value in TIMES] + ["'2026-11-23'", "'2026-11-23T10:30:00+01:00'"]
    if field.kind is Kind.NUMBER:
        return [repr(value) for value in FLOATS if _usable(value)] + ["1e308", "-1E308", "5e-324", "7"]
    if field.kind is Kind.INT:
        return [str(value) for value in INTS] + ["5.0", "1e3"]
    if field.kind is Kind.ANY:
        return [
            *map(text, ["", "5", "a", "true", "é", "😀"]),
            "TRUE",
            "FALSE",
            "0",
            "5",
            "0.5",
            "1e30",
            "9007199254740993",
        ]
    return [text(value) for value in (field.values or TEXTS)]


def _orders(field, constant):
    if field.kind in (Kind.TEXT, Kind.ENUM, Kind.BOOL):
        return False
    return field.kind is not Kind.ANY or (not constant.startswith("'") and constant not in ("TRUE", "FALSE"))


def _type(constant):
    return "text" if constant.startswith("'") else "flag" if constant in ("TRUE", "FALSE") else "number"


@st.composite
def atoms(draw, columns):
    column = draw(st.sampled_from(columns))
    field, name = column.field, quoted(column.field.name)
    constant = draw(st.sampled_from(_constants(column)))
    ordered = _orders(field, constant)
    operators = ["=", "<>", "!="] + (["<", "<=", ">", ">="] if ordered else [])
    forms = ["compare", "compare", "flip", "in", "null"]
    forms += ["between"] if ordered else []
    forms += ["like"] if field.kind in (Kind.TEXT, Kind.ENUM, Kind.ANY) else []
    forms += ["bare"] if field.kind is Kind.BOOL else []
    forms += ["fields"] if len(columns) > 1 and field.kind is not Kind.ANY else []
    form, no, operator = (
        draw(st.sampled_from(forms)),
        draw(st.sampled_from(["", "NOT "])),
        draw(st.sampled_from(operators)),
    )
    alike = [value for value in _constants(column) if _type(value) == _type(constant)]
    if form == "in":
        items = draw(st.lists(st.sampled_from(alike), min_size=1, max_size=4))
        return f"{name} {no}IN ({', '.join(items)})"
    if form == "between":
        return f"{name} {no}BETWEEN {constant} AND {draw(st.sampled_from(alike))}"
    if form == "like":
        return f"{name} {no}LIKE {text(draw(st.sampled_from(PATTERNS)))}"
    if form == "fields":
        other = draw(
            st.sampled_from([c for c in columns if (c.field.kind, c.field.scale) == (field.kind, field.scale)])
        )
        return f"{name} {operator} {quoted(other.field.name)}"
    return {
        "compare": f"{name} {operator} {constant}",
        "flip": f"{constant} {operator} {name}",
        "null": f"{name} IS {no}NULL",
        "bare": name,
    }[form]


def conditions(columns):
    def joined(inner):
        pairs = st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join)
        return st.one_of(pairs, pairs.map("({})".format), inner.map("NOT ({})".format), inner.map("NOT {}".format))

    return st.recursive(atoms(columns), joined, max_leaves=6).filter(lambda condition: len(condition) <= 512)


@st.composite
def experiments(draw):
    columns, rows = draw(tables())
    return columns, rows, draw(st.lists(conditions(columns), min_size=1, max_size=6))


def stored(column, value):
    if column.field.kind is Kind.ANY:
        return None if value is None and len(column.field.name) % 2 else json.dumps(value)
    return naive(value) if isinstance(value, datetime) else value


def table(connection, columns, rows):
    definition = ", ".join(f"c{index} {column.type}" for index, column in enumerate(columns))
    connection.execute(f"CREATE OR REPLACE TABLE rows (i INTEGER, {definition})")
    marks = ", ".join("?" for _ in range(len(columns) + 1))
    kept = [[i, *map(stored, columns, row)] for i, row in enumerate(rows)]
    connection.executemany(f"INSERT INTO rows VALUES ({marks})", kept)


def answers(connection, sqls):
    selected = ", ".join(sqls)
    return list(zip(*connection.execute(f"SELECT {selected} FROM rows ORDER BY i").fetchall(), strict=True))


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        opened.execute("SET threads = 1")
        yield opened


def agree(connection, experiment):
    columns, rows, texts = experiment
    table(connection, columns, rows)
    schema = Schema(column.field for column in columns)
    raw = {column.field.name: f"c{index}" for index, column in enumerate(columns)}
    parsed = [parse(condition, schema) for condition in texts]
    named = [{column.field.name: value for column, value in zip(columns, row, strict=True)} for row in rows]
    expected = [tuple(test(row) for row in named) for test in (expression.to_python() for expression in parsed)]
    assert answers(connection, [e.to_sql(lambda f: raw[f.name]) for e in parsed]) == expected
    ready = {
        c.field.name: f"({comparable(c.field, f'c{i}')})" for i, c in enumerate(columns) if c.field.kind is not Kind.ANY
    }
    prepared = [e.to_sql(lambda f: ready.get(f.name, raw[f.name]), prepared=True) for e in parsed]
    assert answers(connection, prepared) == expected
    for expression in parsed:
        again = parse(expression.canonical[:512], schema) if len(expression.canonical) <= 512 else expression
        assert (again.node, again.canonical) == (expression.node, expression.canonical)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(experiment=experiments())
def test_python_and_duckdb_agree_on_every_row(connection, experiment):
    agree(connection, experiment)


def every_atom(column):
    name, kind = quoted(column.field.name), column.field.kind
    yield from (f"{name} IS NULL", f"{name} IS NOT NULL")
    for constant in _constants(column):
        ordered = ["<", "<=", ">", ">="] if _orders(column.field, constant) else []
        yield from (f"{name} {operator} {constant}" for operator in ["=", "<>", *ordered])
        yield from (f"{name} {no}IN ({constant}, {constant})" for no in ("", "NOT "))
        yield from (f"{name} {no}BETWEEN {constant} AND {constant}" for no in ("", "NOT ") if ordered)
    if kind in (Kind.TEXT, Kind.ENUM, Kind.ANY):
        yield from (f"{name} {no}LIKE {text(pattern)}" for pattern in PATTERNS for no in ("", "NOT "))
    if kind is not Kind.ANY:
        ordered = [] if kind in (Kind.TEXT, Kind.ENUM, Kind.BOOL) else ["<", "<=", ">", ">="]
        yield from (f'{name} {operator} "g"' for operator in ["=", "<>", *ordered])


@pytest.mark.parametrize(("kind", "exact"), [(Kind.DECIMAL, True), *((kind, False) for kind in Kind)])
def test_every_comparison_agrees_on_every_corner_value(connection, kind, exact):
    columns = [_column("f", kind, True, exact), _column("g", kind, True, exact)]
    values = [None, *columns[0].values]
    rows = [(a, b) for a in values for b in (values if kind is not Kind.ANY else [None])]
    texts = list(every_atom(columns[0]))
    for start in range(0, len(texts), 40):
        agree(connection, (columns, rows, texts[start : start + 40]))


@pytest.mark.campaign
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(experiment=experiments())
def test_python_and_duckdb_agree_in_a_long_campaign(connection, experiment):
    agree(connection, experiment)


def test_rounding_to_scaled_integers_is_the_same_to_the_last_bit(connection):
    around = [k / 20000 for k in range(-40, 40)]
    corners = [math.nextafter(v, way) for v in around for way in (-math.inf, math.inf)] + around
    corners += [9.2233720368547e14, 9.3e14, -9.223372036854776e14, 4503599627370497.5 / 1e4]
    columns = [_column("f", Kind.DECIMAL, True, False), _column("g", Kind.DECIMAL, True, False)]
    rows = [(value, other) for value in corners for other in (value, 0.0003)]
    texts = ['"f" = "g"', '"f" < "g"', '"f" IS NULL', *(f'"f" = {k / 10000:.4f}' for k in range(-20, 20))]
    agree(connection, (columns, rows, texts))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.DECIMAL, Kind.INT, Kind.ANY])
def test_nan_and_infinity_are_missing(kind, value):
    schema = Schema([Field("f", kind, scale=4 if kind is Kind.DECIMAL else 0)])
    for condition in ("f > 0", "f < 0", "f <> 0", "f NOT IN (0, 1)", "f NOT BETWEEN 0 AND 1", "f IS NOT NULL"):
        assert parse(condition, schema).to_python()({"f": value}) is False
    assert parse("f IS NULL", schema).to_python()({"f": value}) is True


def test_an_infinite_timestamp_is_missing(connection):
    expression = parse("f IS NULL AND NOT f > '2026-01-01'", Schema([Field("f", Kind.TIME)]))
    statement = f"SELECT {expression.to_sql()} FROM (SELECT 'infinity'::TIMESTAMP AS f)"
    assert connection.execute(statement).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.INT, ["5", True, 2.5, Decimal("2.5"), Decimal("NaN"), [5], datetime(2026, 1, 1, tzinfo=UTC)]),
        (Kind.DECIMAL, ["0.8", True, 10**400, Decimal("1e400"), Decimal("sNaN")]),
        (Kind.NUMBER, ["0.8", False, 10**400]),
        (Kind.TEXT, [5, True, b"x"]),
        (Kind.BOOL, ["true", 1, 0]),
        (Kind.TIME, ["2026-01-01", 5]),
    ],
)
def test_a_value_of_another_type_is_missing_never_converted(kind, values):
    test = parse("f IS NULL", Schema([Field("f", kind, scale=4)])).to_python()
    assert [value for value in values if not test({"f": value})] == []


@pytest.mark.parametrize(
    ("kind", "value", "condition"),
    [
        (Kind.DECIMAL, 0.8, "f = 0.8"),
        (Kind.DECIMAL, Decimal("0.80"), "f = 0.8"),
        (Kind.DECIMAL, 1, "f = 1"),
        (Kind.DECIMAL, 0.1 + 0.2, "f = 0.3"),
        (Kind.INT, 5.0, "f = 5"),
        (Kind.INT, Decimal(5), "f = 5"),
        (Kind.TIME, datetime(2026, 1, 1), "f = '2026-01-01'"),
        (Kind.TIME, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1), "f > '2026-01-01'"),
    ],
)
def test_floats_decimals_ints_and_naive_times_are_taken_for_what_they_are(kind, value, condition):
    assert parse(condition, Schema([Field("f", kind, scale=4 if kind is Kind.DECIMAL else 0)])).to_python()(
        {"f": value}
    )


def test_a_field_that_the_row_does_not_have_is_missing():
    test = parse("f IS NULL AND NOT f > 5", Schema([Field("f", Kind.INT)])).to_python()
    assert test({}) is True


@pytest.mark.parametrize(
    ("value", "true", "false"),
    [
        (
            5,
            ["f = 5", "f > 4.5", "f IN (5, 6)", "f <> 6"],
            ["f = '5'", "f <> '6'", "f = TRUE", "f <> TRUE", "f LIKE '5'"],
        ),
        ("5", ["f = '5'", "f LIKE '_'", "f <> '6'"], ["f = 5", "f <> 6", "f > 4", "f NOT IN (6)", "f = TRUE"]),
        (True, ["f = TRUE", "f <> FALSE"], ["f = 1", "f <> 0", "f = 'true'", "f <> 'x'"]),
        ([5], ["f IS NOT NULL"], ["f = 5", "f <> 5", "f <> 'x'", "f = TRUE"]),
    ],
)
def test_strings_are_never_silently_numbers(connection, value, true, false):
    schema = Schema([Field("f", Kind.ANY)])
    for condition in [*true, *false]:
        expression = parse(condition, schema)
        sql = expression.to_sql(lambda field: f"'{json.dumps(value)}'")
        assert connection.execute(f"SELECT {sql}").fetchall() == [(condition in true,)]
        assert expression.to_python()({"f": value}) is (condition in true)


def test_a_json_number_that_no_double_holds_is_missing(connection):
    expression = parse("f IS NULL AND NOT f > 5 AND NOT f <> 5", Schema([Field("f", Kind.ANY)]))
    for raw in ("1e400", "-1e400", "9" * 400):
        sql = expression.to_sql(lambda field, raw=raw: f"'{raw}'")
        assert connection.execute(f"SELECT {sql}").fetchall() == [(True,)]
        assert expression.to_python()({"f": json.loads(raw)}) is True


def test_a_hostile_like_pattern_cannot_stall_the_python_back_end():
    test = parse(f"f LIKE '{'%a' * 100}%b'", Schema([Field("f", Kind.TEXT)])).to_python()
    assert test({"f": "a" * 5000}) is False


def test_closures_are_composed_and_no_code_is_generated():
    tree = parse("NOT (f > 5 OR f IS NULL)", Schema([Field("f", Kind.INT)])).node
    assert compose(tree)({"f": 5}) is True
