"""Who is decided, and when: the rows (lead, as_of, known_at) of a batch or of a history."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from core.decisions.errors import NobodyToDecide, PopulationUnknown
from core.decisions.population import PopulationStore
from core.kernel.database import Database
from core.kernel.times import naive, to_text

POPULATIONS = ("open", "all", "test")
SCHEMA = {"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")}


@dataclass(frozen=True)
class Population:
    """The rows to decide, in order of time and lead, and which leads they are in the end."""

    spine: pl.DataFrame
    leads: str
    as_of: datetime | None


def population(
    db: Database,
    *,
    as_of: datetime | None = None,
    leads: str = "open",
    every_us: int | None = None,
    last_us: int | None = None,
    test_leads: Collection[str] = (),
) -> Population:
    """The spine of a decide block; as_of None means the latest moment that the store knows.

    `every` and `last` give slices from the oldest to as_of. Where no lead is open, the test leads are decided, and
    all where there are none. On a store without any date as_of stays null and `as_learnt` says what was known. Raises
    NobodyToDecide, PopulationUnknown.
    """
    if leads not in POPULATIONS:
        raise PopulationUnknown(leads)
    store = PopulationStore(db)
    moment = naive(as_of) if as_of else store.latest_moment()
    chosen = leads
    for chosen in dict.fromkeys((leads, *(("test", "all") if leads == "open" else ()))):
        spine = _spine(store, _moments(moment, every_us, last_us), chosen, test_leads)
        if not spine.is_empty():
            return Population(as_learnt(db, spine), chosen, moment.replace(tzinfo=UTC) if moment else None)
    raise NobodyToDecide(leads, to_text(moment) if moment else None)


def as_learnt(db: Database, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows; those without as_of get as known_at the moment at which the store last learnt something of their lead.

    It is null where nothing was added to what was first told of a lead. So a changed attribute is another decision, and
    the same knowledge again is the same one.
    """
    if not rows["as_of"].null_count():
        return rows
    found = rows.join(PopulationStore(db).learnt(), on="lead_id", how="left", maintain_order="left")
    known = pl.when(pl.col("as_of").is_null()).then("learnt_at").otherwise("known_at")
    return found.with_columns(known.alias("known_at")).drop("learnt_at")


def _moments(last: datetime | None, every_us: int | None, last_us: int | None) -> list[datetime | None]:
    if last is None or not every_us or not last_us:
        return [last]
    slices = max(last_us // every_us, 1)
    return [last - timedelta(microseconds=every_us * back) for back in range(slices - 1, -1, -1)]


def _spine(
    store: PopulationStore, moments: list[datetime | None], leads: str, test_leads: Collection[str]
) -> pl.DataFrame:
    slices = [_slice(store.leads(moment, only_open=leads == "open"), moment) for moment in moments]
    spine = pl.concat(slices)
    return spine.filter(pl.col("lead_id").is_in(list(test_leads))) if leads == "test" else spine


def _slice(lead_ids: list[str], moment: datetime | None) -> pl.DataFrame:
    column = [moment] * len(lead_ids)
    return pl.DataFrame({"lead_id": lead_ids, "as_of": column, "known_at": column}, schema=SCHEMA)
