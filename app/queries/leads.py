"""The ranked board: filtering, what changed, and the short reasons beside each lead."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

import polars as pl
import streamlit as st

from app import session
from app.queries import desk, funnel, overrides, people, queue, versions
from app.queries.access import database, revision, role
from core.decisions.store_board import DecisionBoard
from core.governance.permissions import Permission, Role, allowed
from core.kernel.times import to_text

MOST_SHOWN = 1_000
RISING = 5
CHIPS = 3
WAITING = ~pl.col("closed_since")
SNOOZED = pl.col("snoozed_until").is_not_null()
OPEN = ~pl.col("is_closed")
CHIP_LEAST = 0.005
VIEWS = {
    "queue": "Queue",
    "new": "New in band",
    "rising": "Rising fast",
    "review": "Needs review",
    "snoozed": "Snoozed",
    "all": "All leads",
}

LISTS = {
    "band": "bands",
    "pool": "pools",
    "region": "regions",
    "arm": "arms",
    "feedback": "said",
    "assignee": "assignees",
    "segment": "segments",
    "hand": "hands",
}
"""The lists that narrow the leads: by the parameter (and column of the board, but `hands`), the field of Filter."""
SPOKEN = {"assignee": "owner", "hand": "by hand"}


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; empty tuples narrow nothing."""

    view: str = "queue"
    bands: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    hands: tuple[str, ...] = ()
    stage: str = ""
    first: date | None = None
    last: date | None = None
    text: str = ""

    def lists(self) -> dict[str, tuple[str, ...]]:
        """What each named list is narrowed to, by its parameter in the page's address."""
        return {name: getattr(self, field) for name, field in LISTS.items()}

    def with_lists(self, kept: Mapping[str, tuple[str, ...]]) -> Self:
        """The filter with these lists, by their parameters."""
        return replace(self, **{LISTS[name]: values for name, values in kept.items()})  # type: ignore[arg-type]

    def words(self) -> str:
        """The filter as one line, for exports and captions."""
        parts = [f"view {VIEWS[self.view]}"]
        named = {SPOKEN.get(name, name): values for name, values in self.lists().items()}
        parts += [f"{name} in {', '.join(values)}" for name, values in named.items() if values]
        parts += [self.stage_words()] if self.stage else []
        return "; ".join(parts + ([f"text contains {self.text!r}"] if self.text else []))

    def stage_words(self) -> str:
        """`touched, of those scored 29 Aug to 27 Sep 2026`."""
        days = f"{self.first:%d %b} to {self.last:%d %b %Y}" if self.first and self.last else "at any time"
        return f"{self.stage}, of those scored {days}"


@dataclass(frozen=True)
class Ranked:
    """The first `rows` of `matching` leads that pass the filter, out of `total`; `chips` are all reasons shown.

    `open` counts those that match and are neither won nor lost.
    """

    rows: pl.DataFrame
    matching: int
    total: int
    chips: tuple[str, ...]
    order: str
    open: int


@dataclass(frozen=True)
class Basis:
    """What the board's figures rest on: when, and which versions in which arm."""

    leads: int
    as_of: datetime | None
    models: tuple[str, ...]
    policies: tuple[str, ...]
    arms: tuple[str, ...]

    def words(self) -> str:
        """`policy default v1 · model 2 · as of 24 Nov 2026, 09:30 UTC`."""
        moment = f"as of {self.as_of:%d %b %Y, %H:%M} UTC" if self.as_of else "undated"
        return f"policy **{', '.join(self.policies)}** · **{', '.join(self.models)}** (calibrated) · {moment}"

    def about(self, chosen: Filter) -> dict[str, str]:
        """What an exported list says of itself."""
        return {
            "List": "Leads",
            "Filter": chosen.words(),
            "Policy": ", ".join(self.policies),
            "Model": ", ".join(self.models),
            "As of": f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}" if self.as_of else "undated",
            "Exported at": to_text(database().clock.now()),
            "Exported by": session.identity() or "nobody signed in",
        }


def board(seen_by: Role | None = None) -> pl.DataFrame:
    """One row a lead with its newest decision, best percentile first, as the role (who is signed in) may see it.

    Pool and assignee are those that people said by hand, where they did.
    """
    return _board(revision("signals", "decisions", "policy"), overrides.turn(), (seen_by or role()).value)


@st.cache_resource(max_entries=6, show_spinner=False)
def _board(revision: str, turn: overrides.Turn, role: str) -> pl.DataFrame:
    """Kept as it is, never copied: frames are not changed in place, and copying 300,000 rows a look takes seconds."""
    rows = DecisionBoard(database()).rows()
    cards = people.cards(rows["lead_id"].to_list(), Role(role))
    return overrides.laid_over(rows.join(cards, on="lead_id", how="left"), Role(role)).with_columns(
        change=(pl.col("percentile").floor() - pl.col("percentile_before").floor()).cast(pl.Int32),
        moved=pl.col("band").ne_missing(pl.col("band_before")) & pl.col("before_at").is_not_null(),
    )


def waiting() -> pl.DataFrame:
    """The board without the leads that closed after their newest decision."""
    return _waiting(revision("signals", "decisions", "policy"), overrides.turn(), role().value)


@st.cache_resource(max_entries=6, show_spinner=False)
def _waiting(revision: str, turn: overrides.Turn, role: str) -> pl.DataFrame:
    return board().filter(WAITING)


def names(most: int) -> dict[str, str]:
    """`ref` → `name · ref` of the best ranked leads, for a choice of one."""
    return {
        ref: name if name == ref else f"{name} · {ref}" for ref, name in board().select("ref", "lead").head(most).rows()
    }


def basis() -> Basis:
    """What the board rests on."""
    rows = waiting()
    return Basis(
        rows.height,
        rows["as_of"].max(),  # type: ignore[arg-type]
        tuple(versions.model_name(one) for one in rows["model_hash"].unique().sort()),
        tuple(versions.policy_name(one) for one in rows["policy_hash"].unique().sort()),
        tuple(rows["arm"].unique().sort()),
    )


def choices(column: str) -> list[str]:
    """The values of a column of the board, in alphabetical order."""
    return board()[column].drop_nulls().unique().sort().to_list()


def matching(chosen: Filter, seen_by: Role | None = None) -> pl.DataFrame:
    """The board's rows that pass the filter; the queue is in the order of the policy that decides."""
    said = desk.feedback().select("lead_id", feedback="verdict")
    rows = board(seen_by).join(said, on="lead_id", how="left", maintain_order="left")
    rows = rows.filter(_view(chosen.view), *_narrowed(chosen))
    if chosen.stage:
        came = funnel.members(chosen.stage, chosen.first, chosen.last)
        rows = rows.join(came, on="lead_id", how="semi", maintain_order="left")
    rows = queue.in_order(rows) if chosen.view == "queue" else rows
    if not chosen.text:
        return rows
    columns = [pl.col(name).str.to_lowercase() for name in ("lead", "ref", "company")]
    return rows.filter(pl.any_horizontal(one.str.contains(chosen.text.lower(), literal=True) for one in columns))


def _view(view: str) -> pl.Expr:
    """A lead that rests is on no list of what is to be done; one that is held is routed where a person says so."""
    top, awake = (versions.bands().order or [""])[0], WAITING & ~SNOOZED
    is_routed = (pl.col("disposition") == "PERMIT") | pl.col("is_placed")
    return {
        "queue": awake & pl.col("pool").is_not_null() & is_routed,
        "new": awake & (pl.col("band") == top) & pl.col("moved"),
        "rising": awake & (pl.col("change") >= RISING),
        "review": awake & (pl.col("disposition") == "HOLD") & ~pl.col("is_placed"),
        "snoozed": WAITING & SNOOZED,
    }.get(view, pl.lit(True))


def _narrowed(chosen: Filter) -> list[pl.Expr]:
    return [_among(name, values) for name, values in chosen.lists().items() if values]


def _among(name: str, values: tuple[str, ...]) -> pl.Expr:
    if name == "hand":
        return pl.col("hands").list.eval(pl.element().is_in(values)).list.any()
    return pl.col(name).is_in(values)


def open_ids(chosen: Filter) -> list[str]:
    """The ids of all leads that pass the filter and are neither won nor lost."""
    return matching(chosen).filter(OPEN)["lead_id"].to_list()


def ranked(chosen: Filter) -> Ranked:
    """The first thousand leads that pass the filter, with the course of their percentile and their reasons."""
    moved = revision("signals", "decisions", "policy", "features", "governance")
    return _ranked(moved, overrides.turn(), role().value, chosen)


@st.cache_data(max_entries=24, show_spinner=False)
def _ranked(revision: str, turn: overrides.Turn, role: str, chosen: Filter) -> Ranked:
    found = matching(chosen)
    rows = with_reasons(with_course(found.head(MOST_SHOWN)))
    shown = tuple(rows["why"].explode().drop_nulls().unique().sort())
    order = "in the order of the queue" if chosen.view == "queue" else "best percentile first"
    return Ranked(rows, found.height, board().height, shown, order, found.select(OPEN.sum()).item())


def with_course(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `course`, the list of each lead's percentiles over time."""
    courses = DecisionBoard(database()).courses(rows)
    return rows.join(courses, on="lead_id", how="left")


def with_reasons(rows: pl.DataFrame, most: int = CHIPS) -> pl.DataFrame:
    """The rows with `why` (the largest contributions as signed names), `band_chip`, and `step`, the change if any."""
    points = DecisionBoard(database()).points(rows["decision_id"].to_list())
    sets = dict(rows.select("decision_id", "feature_set_hash").iter_rows())
    texts = [chips(json.loads(text), versions.labels(sets[key]), most) for key, text in points.iter_rows()]
    why = pl.DataFrame(
        {"decision_id": points["decision_id"], "why": texts}, schema_overrides={"why": pl.List(pl.String)}
    )
    chip = pl.when(pl.col("band").is_not_null()).then(pl.concat_list("band")).otherwise(pl.lit([], pl.List(pl.String)))
    step = pl.when(pl.col("change") != 0).then("change")
    return rows.join(why, on="decision_id", how="left").with_columns(band_chip=chip, step=step)


def chips(points: Sequence[Sequence], labels: dict[str, str], most: int = CHIPS) -> list[str]:
    """The `most` largest contributions of at least half a point, as `+ Label` or `− Label`."""
    largest = sorted(points, key=lambda pair: -abs(pair[1]))[:most]
    kept = [(name, value) for name, value in largest if abs(value) >= CHIP_LEAST]
    return [f"{'+' if value > 0 else '−'} {labels.get(name, name)}" for name, value in kept]


def to_export(chosen: Filter, seen_by: Role) -> pl.DataFrame:
    """Every lead that passes the filter, in plain columns, with five reasons each; ids that are addresses are masked.

    A download runs outside the session, so the role is given.
    """
    rows = with_reasons(matching(chosen, seen_by), most=5)
    shown = pl.col("lead_id" if allowed(seen_by, Permission.REVEAL) else "ref")
    return rows.select(
        shown.alias("lead_id"), "lead", "company", "region", "percentile", "score", "change", "band",
        pl.col("band").replace_strict(versions.bands().labels, default=None, return_dtype=pl.String).alias("label"),
        "disposition", "pool", "assignee", "sla_min", "action", "priority", "arm", "as_of", "feedback",
        "policy_pool", "policy_assignee", pl.col("hands").list.join(", ").alias("by_hand"), "hand_by", "hand_reason",
        "hand_until", "snoozed_until",
        pl.col("why").list.eval(pl.element().str.slice(2) + " (" + pl.element().str.head(1) + ")").alias("reasons"),
        pl.col("policy_hash"), pl.col("model_hash"), "decision_id",
    )  # fmt: skip
