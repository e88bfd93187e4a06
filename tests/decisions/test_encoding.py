"""The fast canonical writer gives the kernel's bytes."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.decisions.encoding import encode, number, vectors
from core.kernel.canonical import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | WHOLE | FLOATS | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30)


@settings(max_examples=300)
@given(VALUES)
@example({"é": 1, "\U0001f600": 2, "ﬁ": 3, "a\n\x7f\x00": "\b"})
def test_any_value_has_the_kernels_bytes(value):
    assert encode(value).encode() == canonical(value)


@settings(max_examples=500)
@given(FLOATS)
@example(-0.0)
@example(5e-324)
@example(1e-6)
@example(9.999999e-7)
@example(-1.25e-05)
@example(1e16)
@example(123456789012345680000.0)
@example(1e21)
@example(9007199254740992.0)
@example(1.7976931348623157e308)
def test_any_float_has_the_kernels_digits(value):
    assert number(value).encode() == canonical(value)
    assert float(number(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**53, -(2**60)])
def test_a_number_without_a_canonical_form_is_refused(value):
    with pytest.raises(ValueError, match=r"nan|inf|\d"):
        encode([value])


def test_a_lone_surrogate_is_refused_as_the_kernel_refuses_it():
    with pytest.raises(UnicodeEncodeError):
        encode(["\ud800"]).encode()


COLUMNS = st.sampled_from([FLOATS, WHOLE, st.booleans(), TEXT]).flatmap(
    lambda kind: st.lists(st.none() | kind, min_size=7, max_size=7)
)


@settings(max_examples=300)
@given(st.lists(st.tuples(TEXT, COLUMNS), min_size=1, max_size=6))
def test_vectors_by_column_have_the_bytes_of_vectors_by_row(columns):
    names, values = [name for name, _ in columns], [column for _, column in columns]
    rows = [list(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    assert vectors(names, values) == [encode(row) for row in rows]
