"""The last value of a lead's attribute as known at each row's time."""

from collections.abc import Mapping

from core.features.compiler.accounts import FIRST_US
from core.features.compiler.columns import quoted
from core.features.document import Feature
from core.kernel.times import DAY_US

_COLUMNS = {"number": "number", "category": "text", "boolean": "flag", "time": "epoch_us(moment)"}
_VISIBLE = (
    "(t.valid_from IS NULL OR s.a IS NULL OR epoch_us(t.valid_from) <= s.a)"
    " AND (t.received_at IS NULL OR epoch_us(t.received_at) <= s.known)"
)


class Attributes:
    """The attributes that a build reads, with their stored types; `leads` is the relation of the rows' leads."""

    def __init__(self, types: Mapping[str, str], leads: str) -> None:
        self._types, self._leads = types, leads
        self._columns: dict[str, str] = {}

    def output(self, feature: Feature) -> str:
        """The SQL of an attribute feature; a time gives the days since that moment."""
        name = feature.attribute or ""
        column = f"attributes_known.{self._columns.setdefault(name, f'a{len(self._columns)}')}"
        if self._types.get(name) == "time":
            return f"CAST(s.a - {column} AS DOUBLE) / {DAY_US}e0"
        return column

    def __bool__(self) -> bool:
        return bool(self._columns)

    def write(self) -> str:
        """The common table expression: one row a spine row that has any of the attributes."""
        columns = ",\n    ".join(["s.row_no", *(self._last(name, column) for name, column in self._columns.items())])
        names = ", ".join(map(quoted, self._columns))
        return (
            f"attributes_known AS (SELECT {columns}\n  FROM {self._leads} s JOIN attributes t"
            f" ON t.lead_no = s.lead_no AND t.name IN ({names}) AND {_VISIBLE} GROUP BY s.row_no)"
        )

    def _last(self, name: str, column: str) -> str:
        value = _COLUMNS[self._types.get(name, "category")]
        key = (
            f"struct_pack(v := coalesce(epoch_us(t.valid_from), {FIRST_US}),"
            f" r := coalesce(epoch_us(t.received_at), {FIRST_US}), x := {value})"
        )
        return f"arg_max({value}, {key}) FILTER (WHERE t.name = {quoted(name)} AND {value} IS NOT NULL) AS {column}"
