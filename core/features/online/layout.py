"""What is kept of each event in memory: its times and number, the values that features read, and bits of conditions."""

from dataclasses import dataclass, field

from core.features.compiler.columns import typed_sql
from core.features.document import Feature
from core.kernel.expressions import Expression, Field, Kind

OCCURRED, RECEIVED, SUPERSEDED, EVENT_NO, FIXED = 0, 1, 2, 3, 4
WORD_BITS = 62
LEAD_ID = "lead_id"
NEVER = 2**63 - 1
MISSING = -1


@dataclass(frozen=True)
class Text:
    """A column of codes: the values of a field as a first or last value of `dtype`, or as the keys of `distinct`."""

    of: Field
    dtype: str = ""

    def sql(self, column: str) -> str:
        """The SQL of the value that is coded."""
        return typed_sql(self.of, column, self.dtype) if self.dtype else _key(self.of, column)


@dataclass
class Layout:
    """The columns of a row of 64-bit words: the fixed ones, one word a value, then one bit a condition.

    The fixed ones: when it occurred, was received and was superseded (NEVER: not), in microseconds, and its number.
    A number is the bits of a DOUBLE, NaN where missing; a text is a code, MISSING where it is.
    """

    values: list[Field | Text] = field(default_factory=list)
    conditions: dict[str, Expression] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """How many words the bits of the conditions take."""
        return -(-len(self.conditions) // WORD_BITS)

    @property
    def width(self) -> int:
        """How many words a row has."""
        return FIXED + len(self.values) + self.words

    def condition(self, expression: Expression | None) -> int:
        """The number of a condition; -1 where there is none."""
        if expression is None:
            return -1
        self.conditions.setdefault(expression.canonical, expression)
        return list(self.conditions).index(expression.canonical)

    def value(self, value: Field | Text) -> int:
        """The place of a value in the row."""
        if value not in self.values:
            self.values.append(value)
        return FIXED + self.values.index(value)

    def bit(self, condition: int) -> tuple[int, int]:
        """The place of the word and the number of the bit of a condition; only once every value has its place."""
        word, bit = divmod(condition, WORD_BITS)
        return FIXED + len(self.values) + word, bit


def edge_text(feature: Feature) -> Field | Text:
    """What a first or last value is read from: a number, or a code of the feature's type."""
    assert feature.of is not None
    return feature.of if feature.dtype == "number" else Text(feature.of, feature.dtype)


def _key(field: Field, column: str) -> str:
    """The field as the text by which values differ: numbers by value, everything else as it is written."""
    if field.kind is not Kind.ANY:
        return column
    return f"coalesce(CAST(TRY_CAST({column} AS DOUBLE) + 0e0 AS VARCHAR), {column})"
