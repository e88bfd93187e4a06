"""The first page as one sheet: what the page shows, put into the words of core.exports.one_pager."""

from dataclasses import replace
from typing import Any

import polars as pl

from app import session
from app.queries import alerts, leads, progress, scope, tiles, versions
from app.queries.access import database
from app.queries.scope import Scope
from app.queries.tiles import Figure
from core.exports.one_pager import MOST_QUEUED, OnePager, Tile
from core.exports.origin import Origin
from core.governance.permissions import Role
from core.kernel.times import utc


def sheet(asked: Scope) -> OnePager:
    """Everything of the page but the queue, which `with_queue` adds when a file is made."""
    found, lift = progress.stages(asked.days, asked.segment), progress.lift(asked.days, asked.segment)
    shown = tiles.tiles(asked)
    best = lift.deciles["rate"].to_list() if lift.deciles.height else []
    lift_words = lift.why or f"{best[0]:.0%} of the best tenth, {lift.base_rate:.0%} of all: {lift.whose}."
    return OnePager(
        scope=asked.words(),
        tiles=_tiles(shown, asked),
        funnel=found.shown(),
        funnel_words=f"Leads scored on these days; won counts from the routing on. {progress.funnel_before(asked)}",
        tenths=best,
        base_rate=lift.base_rate,
        lift_words=f"{lift_words} {progress.lift_before(asked)}",
        alerts=[one.text.replace("**", "").replace("`", "") for one in alerts.alerts()],
        queue=(),
        words=(progress.in_words(found), _wins(shown, asked)),
        origin=_origin(asked),
    )


def with_queue(page: OnePager, asked: Scope, seen_by: Role) -> OnePager:
    """The sheet with the top of the queue as the role may see it; a download runs outside the session."""
    rows = leads.matching(replace(asked.segment.chosen, view="queue"), seen_by).head(MOST_QUEUED)
    told = leads.with_reasons(rows, most=2).with_columns(pl.col("why").list.join(", "))
    names = ("lead", "company", "score", "band", "pool", "why")
    return replace(page, queue=[_queued(row) for row in told.select(names).iter_rows(named=True)])


def _queued(row: dict[str, Any]) -> tuple[str, ...]:
    band = versions.bands().label(row["band"])
    return row["lead"], row["company"] or "–", f"{row['score']:.1%}", band, row["pool"] or "–", row["why"] or "–"


def _tiles(shown: tiles.Tiles, asked: Scope) -> list[Tile]:
    best = (versions.bands().order or [""])[0]
    rate = "–" if shown.rate.value is None else f"{shown.rate.value:.1%}"
    moved = shown.rate.change
    counted = {
        "Won leads": shown.won,
        "Open leads decided": shown.decided,
        f"Band {versions.bands().label(best)} leads" if best else "Best band": shown.top,
        "Events": shown.events,
    }
    first = Tile("Win rate", rate, _note(None if moved is None else f"{100 * moved:+.1f} pts", asked))
    return [
        first,
        *(Tile(label, f"{one.value or 0:,.0f}", _note(_moved(one), asked)) for label, one in counted.items()),
    ]


def _moved(figure: Figure) -> str | None:
    return None if figure.change is None else f"{figure.change:+,.0f}"


def _note(change: str | None, asked: Scope) -> str:
    if change is not None:
        return f"{change} {asked.against}"
    return tiles.UNKNOWN_THEN if asked.earlier else ""


def _wins(shown: tiles.Tiles, asked: Scope) -> str:
    if shown.rate.value is None:
        return "No lead closed on these days."
    moved = shown.rate.change
    beside = "" if moved is None else f" ({100 * moved:+.1f} points {asked.against})"
    return f"{shown.rate.value:.1%} of {shown.closed:,} closed leads were won{beside}."


def _origin(asked: Scope) -> Origin:
    basis = leads.basis() if not leads.board().is_empty() else None
    return Origin(
        title="Overview",
        filter="" if asked.segment == scope.EVERYONE else asked.segment.label,
        policy=", ".join(basis.policies) if basis else "",
        model=", ".join(basis.models) if basis else "",
        as_of=utc(basis.as_of) if basis and basis.as_of else None,
        made_at=database().clock.now(),
        actor=session.identity() or "nobody signed in",
    )
