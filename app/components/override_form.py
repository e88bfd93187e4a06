"""Overruling decisions by hand: the dialog that says it, the way back, and the words that stand about a lead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import live, session, work_commands
from app.components import badges, columns, frame_table, glossary, permitted
from app.feedback import done, refusals
from app.queries import overrides as reads
from core.decisions.store_overrides import Kind
from core.governance.overrides import LASTS, MOST_CHARACTERS, Override, Reach
from core.governance.permissions import Permission
from core.kernel.times import naive, utc

TITLES = {Kind.ROUTE: "Route", Kind.ASSIGN: "Assign", Kind.SNOOZE: "Snooze"}
NOBODY = "Nobody in particular"
CONFIRM_OVER = 50
LAST = "override_last"
COLUMNS = {
    "override_id": "Override",
    "said": st.column_config.TextColumn("By hand", width="large"),
    "reason": st.column_config.TextColumn("Reason", width="medium"),
    "placed_at": columns.moment("Said"),
    "state": "How it stands",
}


@dataclass(frozen=True)
class Last:
    """What was done last, in words, and how it is taken back."""

    words: str
    take_back: Callable[[], object]


def remember(words: str, take_back: Callable[[], object]) -> None:
    """Say what was done, and offer to take it back on the page that is drawn next."""
    session.remember(LAST, Last(words, take_back))
    done(words)
    st.rerun()


def undo(key: str) -> None:
    """Draw what was done last with its Undo, until it is taken back or kept."""
    last: Last | None = session.value(LAST)
    if last is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key=f"{key}_last"):
        st.markdown(f":gray[{last.words}]", width="content")
        if st.button("Undo", key=f"{key}_undo", icon=":material/undo:", shortcut="U"):
            with refusals():
                last.take_back()
                session.forget(LAST)
                done("Undone.")
                st.rerun()
        away = {"help": "Put this away.", "on_click": session.forget, "args": (LAST,)}
        st.button("Keep", key=f"{key}_keep", type="tertiary", **away)


def dialog(lead_ids: Sequence[str], key: str, kind: Kind | None = None) -> None:
    """Open the dialog about these leads; without a `kind` it asks which one."""
    title = f"{TITLES[kind] if kind else 'Override'} {counted(len(lead_ids))}"
    st.dialog(title, width="medium")(form)(lead_ids, key, kind)


def counted(leads: int) -> str:
    """`1 lead`, `1,204 leads`."""
    return f"{leads:,} lead{'' if leads == 1 else 's'}"


def confirmed(leads: int, key: str) -> bool:
    """Draw the question whether really so many are meant, where they are; the answer."""
    return leads <= CONFIRM_OVER or st.checkbox(f"Yes, all {leads:,} leads", key=f"{key}_sure")


def form(lead_ids: Sequence[str], key: str, kind: Kind | None = None) -> None:
    """Draw what the dialog holds: where to, until when, why, and the button that says it."""
    kind = kind or _kind(key)
    pool, assignee = _where(kind, key)
    until = st.datetime_input(
        "Comes back at (UTC)" if kind is Kind.SNOOZE else "Until (UTC)", value=_default_end(), key=f"{key}_until",
        help=f"In {LASTS.days} days where nothing else is said. {glossary.term('by_hand')}",
    )  # fmt: skip
    found = reads.reach(kind, lead_ids)
    reached = found.leads.height
    reason = st.text_input("Reason", key=f"{key}_reason", max_chars=MOST_CHARACTERS, live=True, placeholder="Why")
    _left_out(kind, found)
    is_sure = confirmed(reached, key)
    st.caption("The decision stays as it was made, and so do its reasons; this lies on top of it.")
    is_whole = bool(reached and reason.strip()) and is_sure and (kind is Kind.SNOOZE or bool(pool or assignee))
    if st.button(
        f"{TITLES[kind]} {counted(reached)}", type="primary", key=f"{key}_do", disabled=not is_whole,
        shortcut="Mod+Enter",
    ):  # fmt: skip
        with refusals():
            said = Override(kind, reason, pool, assignee, utc(until) if until else None)
            placed = work_commands.override(said, lead_ids)
            remember(_done(said, placed.reach), partial(work_commands.end_override, placed.override_id))


def _left_out(kind: Kind, found: Reach) -> None:
    """Draw before it is done how many leads cannot be spoken of, and why."""
    if found.left_out:
        able = f"can be {reads.KINDS[kind.value].lower()}"
        st.markdown(f":orange[:material/info:] {_counts(found, able)}.", help=glossary.term("left_out"))


def _done(said: Override, found: Reach) -> str:
    """`Routed to sdr.uki: 212 of 215; 2 contested, 1 closed.`"""
    where = said.pool if said.kind is Kind.ROUTE else said.assignee
    told = _counts(found) if found.left_out else counted(found.leads.height)
    return f"{reads.KINDS[said.kind.value]}{f' to {where}' if where else ''}: {told}."


def _counts(found: Reach, able: str = "") -> str:
    """`212 of 215 can be routed; 2 contested, 1 closed`."""
    others = ", ".join(f"{count:,} {why}" for why, count in found.counts.items())
    return f"{found.leads.height:,} of {found.asked:,} {able}".rstrip() + f"; {others}"


def _kind(key: str) -> Kind:
    return Kind(st.segmented_control(
        "What", list(Kind), format_func=TITLES.__getitem__, default=Kind.ROUTE, required=True, key=f"{key}_kind",
        label_visibility="collapsed",
    ) or Kind.ROUTE)  # fmt: skip


def _where(kind: Kind, key: str) -> tuple[str | None, str | None]:
    """Draw the choice of a pool and of somebody; both None for a rest."""
    known = reads.reps()
    if kind is Kind.ROUTE:
        pool = st.selectbox("Pool", reads.pools(), index=None, key=f"{key}_pool", placeholder="Choose a pool")
        there = [who for who, pools in known.items() if pool in pools]
        who = st.selectbox("To whom", [NOBODY, *there], key=f"{key}_who") if there else NOBODY
        return pool, None if who == NOBODY else who
    if kind is Kind.ASSIGN and not known:
        st.info("No sales reps were imported: `leadbench import reps FILE`, or Data, Import.", icon=":material/groups:")
    elif kind is Kind.ASSIGN:
        return None, st.selectbox(
            "To whom", list(known), index=None, key=f"{key}_assignee", placeholder="Choose somebody",
            format_func=lambda who: f"{who} · {', '.join(known[who])}", help="The pool stays as it is.",
        )  # fmt: skip
    return None, None


def _default_end() -> datetime:
    return naive(live.now() + LASTS).replace(minute=0, second=0, microsecond=0)


def words(stands: Sequence[Mapping[str, Any]], key: str, *, ends: bool) -> None:
    """Draw what people said of a lead and how that stands; `ends`: with the way to undo it."""
    for word in stands:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_{word['override_id']}"):
            st.markdown(f"{badges.by_hand()} {reads.sentence(word)}", width="content", help=glossary.term("by_hand"))
            st.text(f"“{word['reason']}”", width="content")
            undo_key = f"{key}_undo_{word['override_id']}"
            if ends and st.button(
                "Undo", key=undo_key, icon=":material/undo:", type="tertiary", **permitted.by(Permission.OVERRIDE)
            ):
                with refusals():
                    work_commands.end_override(word["override_id"], word["lead_id"])
                    done("Undone; what was said before, or else the policy, counts again.")
                    st.rerun()


def history(said: pl.DataFrame, moment: datetime | None, key: str) -> None:
    """Draw every word about a lead, newest first, with how it had ended by the moment (None: now)."""
    rows = [word | {"said": reads.sentence(word), "state": reads.ended(word, moment)} for word in said.to_dicts()]
    frame_table.show(pl.DataFrame(rows), key, columns=COLUMNS, order=list(COLUMNS), alt="What was said by hand.")
