"""Properties that the log keeps in columns of their own: read without parsing JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.features.aggregates import BOOLEAN, CATEGORY, NUMBER
from core.kernel.database import Cursor
from core.kernel.expressions import Kind

_KINDS = {NUMBER: Kind.NUMBER, CATEGORY: Kind.TEXT, BOOLEAN: Kind.BOOL}
_COLUMNS_SQL = """
SELECT property AS name, column_name AS "column", CASE type WHEN 'text' THEN 'category' ELSE type END AS dtype,
       greatest(abs(coalesce(low, 0)), abs(coalesce(high, 0))) AS bound,
       coalesce(words, []) AS words
FROM event_properties LEFT JOIN (SELECT property, list(word ORDER BY code) AS words FROM event_words GROUP BY property)
    USING (property) WHERE column_name IS NOT NULL AND misfits = 0 ORDER BY property
"""


@dataclass(frozen=True)
class StoredColumn:
    """A property's column in the log: number, category or boolean.

    No number in it is larger than `bound`; `words` are its texts, of which more than 62 are not all listed.
    """

    name: str
    column: str
    dtype: str
    bound: float = 0.0
    words: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """How conditions compare its values."""
        return _KINDS[self.dtype]


def stored_columns(cursor: Cursor) -> Mapping[str, StoredColumn]:
    """The columns by the field name of their property, such as `properties.amount`.

    A column counts only while every value of its property fits it.
    """
    rows = cursor.rows(_COLUMNS_SQL)
    return {
        f"properties.{name}": StoredColumn(name, column, dtype, bound, tuple(words))
        for name, column, dtype, bound, words in rows
    }
