"""What people said over decisions: which words stand, what they make of the board, and what became of such leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries import contests
from app.queries.access import cells, database, revision, role, rooms, seen
from core.decisions.handing import REST, standing_at
from core.decisions.store_overrides import Kind, OverrideStore
from core.governance.overrides import Reach
from core.governance.permissions import Role
from core.kernel.times import naive

FEW = 30
KINDS = {Kind.ROUTE.value: "Routed", Kind.ASSIGN.value: "Assigned", Kind.SNOOZE.value: "Snoozed"}
WIDE = {
    "lead_id": pl.String, "hands": pl.List(pl.String), "by_hand": pl.String, "is_placed": pl.Boolean,
    "hand_pool": pl.String, "hand_assignee": pl.String, "snoozed_until": pl.Datetime("us"), "hand_by": pl.String,
    "hand_reason": pl.String, "hand_until": pl.Datetime("us"),
}  # fmt: skip


def of_lead(lead_id: str, moment: datetime | None = None) -> pl.DataFrame:
    """Every word said of a lead by the moment, newest first, as the store lists it; masked for who is looking."""
    found = _all(revision("decisions", "signals", "policy"), role().value).filter(lead_id=lead_id)
    return found.filter(pl.col("placed_at") <= naive(moment)) if moment else found


@st.cache_data(max_entries=4, show_spinner=False)
def _all(revision: str, role: str) -> pl.DataFrame:
    """Masked but for the lead's id, by which words find their lead where it is an address, too."""
    found = OverrideStore(database()).listed()
    return seen(found, Role(role)).with_columns(found["lead_id"])


@dataclass(frozen=True)
class Turn:
    """What moves the words that count besides the revisions that they are read at.

    `ends_at` is the next moment (naive UTC) at which one is over by itself; on `contested` leads none has an effect.
    """

    ends_at: datetime | None
    contested: tuple[str, ...]


def turn() -> Turn:
    """So long as this is the same, and the revisions too, what is read of the words that stand holds."""
    ends = _all(revision("decisions", "signals", "policy"), Role.VIEWER.value)["over_at"]
    return Turn(ends.filter(ends > _now()).min(), contests.contested())  # type: ignore[arg-type]


def standing(words: pl.DataFrame, moment: datetime | None = None) -> list[dict[str, Any]]:
    """Of a lead's words those that stood at the moment (None: now): who has it, its pool, and that it rests."""
    return standing_at(words, naive(moment) if moment else _now()).to_dicts()


def _now() -> datetime:
    return naive(database().clock.now())


def sentence(word: Mapping[str, Any]) -> str:
    """A word in short: what, by whom, until when."""
    where = {
        Kind.ROUTE.value: f"Routed to {word['pool']}" + (f", {word['assignee']}" if word["assignee"] else ""),
        Kind.ASSIGN.value: f"Assigned to {word['assignee']}" + (f" in {word['pool']}" if word["pool"] else ""),
        Kind.SNOOZE.value: "Snoozed",
    }
    return f"{where[word['kind']]} by {word['actor']} until {word['until']:%d %b %Y, %H:%M} UTC"


def _brief(word: Mapping[str, Any]) -> str:
    return f"{KINDS[word['kind']]} by {word['actor']} to {word['until']:%d %b}: {word['reason']}"


def ended(word: Mapping[str, Any], moment: datetime | None = None) -> str:
    """How a word came to be over by the moment (None: now), or that it stood."""
    if word["over_at"] > (naive(moment) if moment else _now()):
        return "stands"
    if word["over_at"] == word["ended_at"]:
        return f"undone by {word['ended_by']}"
    return "its time was over" if word["over_at"] == word["until"] else "the lead closed"


def laid_over(rows: pl.DataFrame, by: Role) -> pl.DataFrame:
    """The board's rows with pool and assignee as people said, where they did; `policy_pool`, `policy_assignee` beside.

    What is denied or waits for a reviewer stays as the policy has it. Besides: hands (kinds that stand), by_hand (in
    brief), is_placed, snoozed_until, hand_by, hand_reason, hand_until.
    """
    found = standing_at(_all(revision("decisions", "signals", "policy"), by.value), _now())
    rows = rows.join(_wide(found), on="lead_id", how="left", maintain_order="left")
    waits = pl.col("lead_id").is_in(list(contests.contested()))
    is_placed = pl.col("is_placed").fill_null(False) & (pl.col("disposition") != "DENY") & ~waits
    pool = pl.when(is_placed).then(pl.coalesce("hand_pool", "pool")).otherwise("pool")
    kept = pl.when(pool.eq_missing(pl.col("pool"))).then("assignee")
    who = pl.when(is_placed).then(pl.coalesce("hand_assignee", kept)).otherwise("assignee")
    columns = {"policy_pool": "pool", "policy_assignee": "assignee", "pool": pool, "assignee": who}
    return rows.with_columns(**columns, is_placed=is_placed).drop("hand_pool", "hand_assignee")


def _wide(found: pl.DataFrame) -> pl.DataFrame:
    """One row a lead of the words that stand; by whom, why and until when are those of the first of them."""
    rows: dict[str, dict[str, Any]] = {}
    for word in found.to_dicts():
        row = rows.setdefault(word["lead_id"], dict.fromkeys(WIDE) | {"lead_id": word["lead_id"], "hands": []})
        row["hands"].append(word["kind"])
        row["by_hand"] = "; ".join(part for part in (row["by_hand"], _brief(word)) if part)
        if row["hand_by"] is None:
            row |= {"hand_by": word["actor"], "hand_reason": word["reason"], "hand_until": word["until"]}
        if word["slot"] == REST:
            row["snoozed_until"] = word["until"]
        else:
            row["is_placed"] = True
            row["hand_pool"] = word["pool"]
            row["hand_assignee"] = row["hand_assignee"] or word["assignee"]
    return pl.DataFrame(list(rows.values()), schema=WIDE)


def reach(kind: Kind, lead_ids: Sequence[str]) -> Reach:
    """Which of these leads can be spoken of now, and why the others can not."""
    return _reach(revision("decisions", "signals", "governance"), kind.value, hash(tuple(lead_ids)), lead_ids)


@st.cache_resource(max_entries=2, show_spinner=False)
def _reach(revision: str, kind: str, asked: int, _lead_ids: Sequence[str]) -> Reach:
    """Kept by a hash of the ids: a dialog asks at every letter of its reason, of a hundred thousand leads maybe."""
    return rooms().overrides.reach(Kind(kind), _lead_ids)


def pools() -> list[str]:
    """The pools that a person may route to."""
    return _pools(revision("policy", "decisions"))


@st.cache_data(max_entries=2, show_spinner=False)
def _pools(revision: str) -> list[str]:
    return rooms().overrides.pools()


def reps() -> dict[str, list[str]]:
    """The pools of each rep, by the rep's name."""
    return _reps(revision("signals"))


@st.cache_data(max_entries=2, show_spinner=False)
def _reps(revision: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for who, pool in OverrideStore(database()).reps():
        found.setdefault(who, []).append(pool)
    return found


def overruled() -> pl.DataFrame:
    """band, rule, kind, leads, closed, won and what can be said of it, small cells as policies want them."""
    return _overruled(revision("decisions", "signals", "policy"))


@st.cache_data(max_entries=2, show_spinner=False)
def _overruled(revision: str) -> pl.DataFrame:
    found = OverrideStore(database()).overruled()
    few = pl.format("too few to say: {} closed of {} needed", "closed", pl.lit(FEW))
    share = pl.format("{} % won", (100 * pl.col("won") / pl.col("closed")).round().cast(pl.Int64))
    said = pl.when(pl.col("closed") < FEW).then(few).otherwise(share)
    told = found.with_columns(said=said, kind=pl.col("kind").replace(KINDS))
    return cells(told, "band", "rule", "kind")
