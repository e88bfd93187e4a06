"""The values of leads' attributes with their two times, and the last one known."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from core.features.online.dictionary import Dictionary
from core.features.online.segments import by_lead

NAME, VALID_FROM, KNOWN_FROM, VALUE, WIDTH = 0, 1, 2, 3, 4
_COLUMNS = {"number": "number", "boolean": "flag", "time": "moment", "category": "text"}
_GIVEN = {"category": 1, "time": 2}


class Attributes:
    """Each lead's values, the one that counts most first; numbers and truths as bits of doubles, texts as codes."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.names = tuple(types)
        self.types = types
        self.dictionaries = {name: Dictionary() for name, kind in types.items() if kind == "category"}
        self._blocks: dict[int, np.ndarray] = {}
        self._empty = np.empty((0, WIDTH), dtype=np.int64)
        self.kinds = np.array([_GIVEN.get(kind, 0) for kind in types.values()], dtype=np.int64)

    def rows(self, lead_nos: Sequence[int]) -> np.ndarray:
        """The values of a lead, or of the leads that are one, in the order in which they count."""
        blocks = [self._blocks[lead_no] for lead_no in lead_nos if lead_no in self._blocks]
        if len(blocks) < 2:
            return blocks[0] if blocks else self._empty
        return self._joined(blocks)

    def prepared(self, frame: pl.DataFrame, *, whole: bool) -> dict[int, np.ndarray]:
        """The values by lead with those of the frame added; nothing changes before `publish`."""
        parts = [self._part(place, name, frame) for place, name in enumerate(self.names)]
        rows = pl.concat(parts).sort("lead_no", maintain_order=True)
        block = rows.select("name", "valid_from", "known_from", "value").to_numpy()
        found = dict(by_lead(rows["lead_no"].to_numpy(), np.ascontiguousarray(block)))
        held = {} if whole else {lead_no: self._blocks[lead_no] for lead_no in found if lead_no in self._blocks}
        return found | {lead_no: self._joined([held[lead_no], found[lead_no]]) for lead_no in held}

    def publish(self, prepared: dict[int, np.ndarray], *, whole: bool) -> None:
        """Let readers see the values; `whole`: there are no others."""
        if whole:
            self._blocks = prepared
        else:
            self._blocks.update(prepared)

    def _joined(self, blocks: Sequence[np.ndarray]) -> np.ndarray:
        rows = np.concatenate(blocks)
        return rows[sorted(range(len(rows)), key=lambda place: self._rank(rows[place]), reverse=True)]

    def _rank(self, row: np.ndarray) -> tuple[int, int, int, object]:
        name, valid_from, known_from, value = row.tolist()
        dictionary = self.dictionaries.get(self.names[name])
        number = value if self.types[self.names[name]] == "time" else float(row[VALUE:].view(np.float64)[0])
        return name, valid_from, known_from, dictionary.values[value] if dictionary else number

    def _part(self, place: int, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        column = _COLUMNS[self.types[name]]
        found = frame.filter((pl.col("name") == name) & pl.col(column).is_not_null())
        found = found.sort("lead_no", "valid_from", "known_from", column, descending=[False, True, True, True])
        value = pl.Series("value", self._words(name, found[column]), dtype=pl.Int64)
        return found.select("lead_no", pl.lit(place, pl.Int64).alias("name"), "valid_from", "known_from", value)

    def _words(self, name: str, column: pl.Series) -> np.ndarray:
        if name in self.dictionaries:
            return self.dictionaries[name].codes(column)
        kind = self.types[name]
        return column.to_numpy() if kind == "time" else column.cast(pl.Float64).to_numpy().view(np.int64)
