"""The gate of a group of parcels: the same checks as for a file, over all their records at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import polars as pl

from core.signals import event_rows
from core.signals.adapters.plain import PLAIN
from core.signals.adapters.records import LINKS
from core.signals.adapters.segment import PERSONAL
from core.signals.event_rows import dated
from core.signals.ingest.parcels import COLUMNS, Parcel, Refused, cut
from core.signals.ingest.sound import Place, sound_rows
from core.signals.mapping import Mapping
from core.signals.raw import ROW, Raw, no_rejects
from core.signals.trait_rows import Traits, traits_of

MAPPING = Mapping(columns={name: (name,) for name in COLUMNS}, keep=(), personal=PERSONAL)
BATCH_MAPPING = {"map": {}, "format": "jsonl"}


@dataclass(frozen=True)
class Gated:
    """The group after the gate: checked rows, the place (parcel number, record) of each row number from 1, refusals."""

    rows: pl.DataFrame
    places: Sequence[Place]
    refused: Sequence[tuple[int, Refused]]

    def links_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What the rows' records say about ids, as statements."""
        said = [
            (row, link.from_id, link.into_id, link.origin)
            for row in rows[ROW]
            for link in self.places[row - 1][1].links
        ]
        return dated(pl.DataFrame(said, schema=LINKS, orient="row"), rows)

    def traits_of(self, rows: pl.DataFrame) -> Traits | None:
        """The attributes that the rows' records carry."""
        found = [(row, dict(traits)) for row in rows[ROW] if (traits := self.places[row - 1][1].traits)]
        return traits_of(found, rows, PERSONAL)

    def says_more(self, rows: pl.DataFrame) -> bool:
        """Whether a row's record says something of ids or of its lead."""
        records = (self.places[row - 1][1] for row in rows[ROW])
        return any(record.links or record.traits for record in records)

    def rows_of(self, parcels: Sequence[int]) -> pl.DataFrame:
        """The checked rows of these parcels."""
        wanted = set(parcels)
        numbers = [row for row, (number, _) in enumerate(self.places, 1) if number in wanted]
        return self.rows if len(numbers) == len(self.places) else self.rows.filter(pl.col(ROW).is_in(numbers))

    def refusal(self, row: int, code: str, detail: str, lead_id: str | None) -> tuple[int, Refused]:
        """The refusal of a row's item."""
        number, record = self.places[row - 1]
        return number, Refused(record.index, code, detail, cut(record.raw), lead_id)


def gate(parcels: Sequence[Parcel], now: datetime, *, shortly: bool = True) -> Gated:
    """Check every record of the parcels, `shortly` where all are sound; those refused already are passed on."""
    places = [(number, record) for number, parcel in enumerate(parcels) for record in parcel.records]
    refused = [(number, one) for number, parcel in enumerate(parcels) for one in parcel.refused]
    if not places:
        return Gated(pl.DataFrame(), places, refused)
    if shortly and (sound := sound_rows(places, now)) is not None:
        return Gated(_steady(sound, places), places, refused)
    rows, rejects, _ = event_rows.event_rows(_raw(places, now), PLAIN, MAPPING, now, "the request")
    gated = Gated(_steady(rows, places), places, refused)
    found = [gated.refusal(*one) for one in rejects.select("row_no", "code", "detail", "lead_id").iter_rows()]
    return Gated(gated.rows, places, list(chain(refused, found)))


def _raw(places: Sequence[Place], now: datetime) -> Raw:
    columns = zip(*(record.values for _, record in places), strict=True)
    frame = pl.DataFrame(
        [pl.Series(name, values, dtype=COLUMNS[name]) for name, values in zip(COLUMNS, columns, strict=True)]
    )
    moment = now.replace(tzinfo=None)
    frame = frame.with_columns(
        pl.col("occurred_at").fill_null(moment), pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW)
    )
    return Raw(frame, no_rejects(), "jsonl", textual=False)


def _steady(rows: pl.DataFrame, places: Sequence[Place]) -> pl.DataFrame:
    """Repeats of an event whose time was corrected take the time of the first: the correction differs by the way."""
    shifted = [row for row, (_, record) in enumerate(places, 1) if record.shifted]
    if not shifted:
        return rows
    first = pl.col("occurred_at").first().over("event_id")
    return rows.with_columns(
        occurred_at=pl.when(pl.col(ROW).is_in(shifted)).then(first).otherwise(pl.col("occurred_at"))
    )
