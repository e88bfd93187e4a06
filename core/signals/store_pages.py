"""What the pages read of the signals: who a lead is, what it did, what came in and what was held back."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from core.kernel.database import Database
from core.kernel.times import naive

VALUE = """coalesce(a.text,
    CASE WHEN a.number = trunc(a.number) AND abs(a.number) < 1e15
        THEN CAST(CAST(a.number AS BIGINT) AS VARCHAR) ELSE CAST(a.number AS VARCHAR) END,
    CAST(a.flag AS VARCHAR), strftime(a.moment, '%Y-%m-%d %H:%M'))"""
ATTRIBUTES = f"""
    SELECT l.lead_id, a.name, {VALUE} AS value, a.sealed, s.lead_id AS subject_id, a.valid_from, a.received_at
    FROM attributes a JOIN identity_at($known) USING (lead_no) JOIN leads s USING (lead_no)
    JOIN leads l ON l.lead_no = root_no JOIN wanted w ON w.lead_id = l.lead_id
    WHERE ($names IS NULL OR list_contains($names, a.name))
        AND ($until IS NULL OR a.valid_from IS NULL OR a.valid_from <= $until)
        AND ($known IS NULL OR a.received_at IS NULL OR a.received_at <= $known)
    QUALIFY row_number() OVER (PARTITION BY root_no, a.name
        ORDER BY a.valid_from DESC NULLS LAST, a.received_at DESC NULLS LAST, a.batch_id DESC) = 1
    ORDER BY l.lead_id, a.name
"""
TIMELINE = """
    SELECT event_id, source, type, occurred_at, received_at, session_id, region, properties, batch_id
    FROM event_rows JOIN identity_at($known) USING (lead_no)
    WHERE root_no = (SELECT lead_no FROM leads WHERE lead_id = $lead) AND ($until IS NULL OR occurred_at < $until)
        AND CASE WHEN $known IS NULL THEN superseded_at IS NULL
            ELSE received_at <= $known AND (superseded_at IS NULL OR superseded_at > $known) END
    ORDER BY occurred_at DESC, received_at DESC, event_id LIMIT $most
"""
NEWEST = """
    SELECT e.received_at, e.occurred_at, e.source, e.type, e.subject_id AS lead_id, b.path,
        e.superseded_at IS NULL AS is_seen
    FROM event_rows e LEFT JOIN batches b USING (batch_id)
    WHERE e.event_no > (SELECT max(event_no) FROM events) - $most ORDER BY e.event_no DESC
"""
TOTALS = """
    SELECT (SELECT count(*) FROM root_leads) AS leads, (SELECT count(*) FROM events) AS events,
        (SELECT count(DISTINCT root_no) FROM outcomes JOIN identity_at(NULL) USING (lead_no) WHERE outcome = 'won')
            AS won,
        (SELECT count(DISTINCT root_no) FROM outcomes JOIN identity_at(NULL) USING (lead_no) WHERE outcome = 'lost')
            AS lost,
        (SELECT count(*) FROM quarantine WHERE state = 'waiting') AS quarantined,
        (SELECT count(*) FROM batches) AS batches, (SELECT max(occurred_at) FROM events) AS last_event_at,
        (SELECT max(received_at) FROM events) AS last_received_at, (SELECT max(imported_at) FROM batches) AS imported_at
"""
SOURCES = """
    SELECT k.source, k.type, count(*) AS events, count(DISTINCT e.lead_no) AS leads, min(e.occurred_at) AS first_at,
        max(e.occurred_at) AS last_at,
        median(epoch_us(e.received_at) - epoch_us(e.occurred_at)) / 1e6 AS delay_seconds
    FROM events e JOIN event_kinds k USING (kind_no) GROUP BY k.source, k.type ORDER BY events DESC, k.source, k.type
"""
BY_DAY = """
    SELECT k.source, date_trunc('day', e.occurred_at) AS day, count(*) AS events
    FROM events e JOIN event_kinds k USING (kind_no) GROUP BY ALL ORDER BY day, k.source
"""
NUMBERED = "no-"
"""How a lead is called whose id is an address: by its number."""
BY_REF = "SELECT lead_id FROM leads WHERE lead_id = $ref OR lead_no = $number ORDER BY lead_id <> $ref LIMIT 1"
BY_DAY_OF = """
    SELECT date_trunc('day', e.occurred_at) AS day, count(*) AS events
    FROM events e JOIN identity_at(NULL) USING (lead_no) JOIN leads l ON l.lead_no = root_no
    SEMI JOIN wanted w ON w.lead_id = l.lead_id GROUP BY ALL ORDER BY day
"""


class SignalPages:
    """Reads over events, leads, batches and quarantine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attributes(
        self,
        lead_ids: Sequence[str],
        names: Sequence[str] | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pl.DataFrame:
        """The values of `until` as known then, or at `known_at`.

        lead_id, name, value (unsealed text), personal, valid_from, received_at.
        """
        wanted = pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String})
        limits = {"names": None if names is None else list(names), **_limits(until, known_at)}
        with self._database.scratch() as cursor:
            cursor.load("wanted", wanted)
            found = cursor.read(ATTRIBUTES, limits)
        return self._opened(found)

    def _opened(self, found: pl.DataFrame) -> pl.DataFrame:
        sealed = found["sealed"].is_not_null()
        opened = self._database.unseal(found["subject_id"].to_list(), found["sealed"].to_list()) if sealed.any() else []
        texts = [None if value is None else value.decode() for value in opened] or [None] * found.height
        return found.with_columns(
            pl.coalesce(pl.col("value"), pl.Series("opened", texts, dtype=pl.String)).alias("value"),
            sealed.alias("personal"),
        ).drop("sealed", "subject_id")

    def attribute_types(self) -> pl.DataFrame:
        """name, type and whether it is personal, of every attribute that leads have."""
        return self._database.read("SELECT name, type, personal FROM attribute_types ORDER BY name")

    def lead(self, lead_id: str) -> pl.DataFrame:
        """The lead's own row (lead_id, created_at), empty where there is no such lead; merged ids are followed."""
        return self._database.read(
            """SELECT r.lead_id, r.created_at FROM leads l JOIN identity_at(NULL) USING (lead_no)
               JOIN leads r ON r.lead_no = root_no WHERE l.lead_id = $lead LIMIT 1""",
            {"lead": lead_id},
        )

    def numbers(self, lead_ids: Sequence[str]) -> pl.DataFrame:
        """lead_id and lead_no, the number that the store gave it, for those that are known."""
        with self._database.scratch() as cursor:
            cursor.load("wanted", pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}))
            return cursor.read("SELECT l.lead_id, l.lead_no FROM leads l JOIN wanted USING (lead_id)")

    def id_of(self, ref: str) -> str:
        """The id of the lead that the text calls by its id, else by `no-` and its number; else the text."""
        number = ref.removeprefix(NUMBERED)
        if number == ref or not (number.isascii() and number.isdecimal() and len(number) < 10):
            return ref
        return self._database.scalar(BY_REF, {"ref": ref, "number": int(number)}) or ref

    def erased(self) -> list[str]:
        """The ids of the persons who were erased."""
        found = self._database.read("SELECT DISTINCT lead_id FROM erased_ids")
        return found["lead_id"].to_list()

    def timeline(
        self, lead_id: str, until: datetime | None = None, most: int = 500, known_at: datetime | None = None
    ) -> pl.DataFrame:
        """The lead's events before `until` as known then, or at `known_at`; newest first, at most `most` of them."""
        return self._database.read(TIMELINE, {"lead": lead_id, "most": most, **_limits(until, known_at)})

    def outcomes(self, lead_id: str) -> pl.DataFrame:
        """outcome, closed_at and amount of a lead."""
        return self._database.read(
            """SELECT o.outcome, o.closed_at, o.amount FROM outcomes o JOIN identity_at(NULL) USING (lead_no)
               JOIN leads l ON l.lead_no = root_no WHERE l.lead_id = ? ORDER BY o.closed_at""",
            [lead_id],
        )

    def totals(self) -> dict[str, object]:
        """Counts of leads, events, won, lost, quarantined and batches, and the newest moments."""
        return self._database.read(TOTALS).row(0, named=True)

    def newest(self, most: int) -> pl.DataFrame:
        """The events that came last, newest first: received_at, occurred_at, source, type, lead_id, path of the batch,
        and whether features see it.
        """
        return self._database.read(NEWEST, {"most": most})

    def sources(self) -> pl.DataFrame:
        """source, type, events, leads, first_at, last_at and delay_seconds (median), commonest first."""
        return self._database.read(SOURCES)

    def by_day(self) -> pl.DataFrame:
        """source, day and events, oldest first."""
        return self._database.read(BY_DAY)

    def by_day_of(self, leads: pl.DataFrame) -> pl.DataFrame:
        """day and events of these leads (lead_id) together, oldest first."""
        with self._database.scratch() as cursor:
            cursor.load("wanted", leads.select("lead_id"))
            return cursor.read(BY_DAY_OF)

    def every_lead(self) -> pl.DataFrame:
        """lead_id of the leads that stand for themselves."""
        return self._database.read("SELECT lead_id FROM root_leads ORDER BY lead_no")

    def mappings(self) -> list[tuple[str, str]]:
        """Each loaded file's batch id and its mapping as JSON text."""
        return self._database.read("SELECT batch_id, mapping FROM batches ORDER BY batch_id").rows()

    def batches(self) -> pl.DataFrame:
        """Every loaded file with its counts, newest first."""
        return self._database.read(
            """SELECT batch_id, kind, path, adapter, read, accepted, duplicate, quarantined, imported_at, actor
               FROM batches ORDER BY imported_at DESC, batch_id DESC"""
        )


def _limits(until: datetime | None, known_at: datetime | None) -> dict[str, datetime | None]:
    """Up to when something happened, and up to when it was known: by default the same moment."""
    known = until if known_at is None else known_at
    return {name: None if moment is None else naive(moment) for name, moment in (("until", until), ("known", known))}
