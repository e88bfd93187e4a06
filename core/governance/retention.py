"""How long what is kept: rows whose time under `privacy.retention_days` is over go, with a signed certificate."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.decisions import store_retention as decisions
from core.governance.permissions import Permission
from core.governance.users import SYSTEM, Users
from core.kernel.canonical import canonical
from core.kernel.database import Change, Database
from core.kernel.signing import SigningKey
from core.kernel.times import from_text, naive, to_text
from core.policy.document import Document
from core.policy.overlays import DECISION_LOG, EXPLORATION_LOG, RAW_EVENTS
from core.policy.store import PolicyStore
from core.signals import store_retention as signals

EVENTS_RETIRED, DECISIONS_RETIRED = "events.retired", "decisions.retired"
EVERY = timedelta(days=1)
LAST = "SELECT max(\"at\") FROM ledger WHERE kind IN ('events.retired', 'decisions.retired')"
Counts = dict[str, int]


@dataclass(frozen=True)
class Due:
    """What goes at a moment: the days by kind, the moments before which rows go (text), and the rows by table."""

    days: Mapping[str, int]
    cutoffs: Mapping[str, str]
    rows: Counts

    def to_json(self) -> dict[str, Any]:
        """The object that `policy retain` prints, but for certificates."""
        return {"days": dict(self.days), "cutoffs": dict(self.cutoffs), "deleted": self.rows}


def days_kept(documents: Iterable[Document]) -> dict[str, int]:
    """The fewest days that the documents name for each kind."""
    found: dict[str, int] = {}
    for document in documents:
        for kind, days in (document.privacy.retention_days if document.privacy else {}).items():
            found[kind] = min(days, found.get(kind, days))
    return found


def plan(db: Database) -> Due:
    """What would go now."""
    days, now = days_kept(PolicyStore(db).in_force()), db.clock.now()
    cutoffs = {kind: now - timedelta(days=count) for kind, count in days.items()}
    rows: Counts = {}
    if RAW_EVENTS in cutoffs:
        rows |= signals.count_old(db, naive(cutoffs[RAW_EVENTS]))
    rows |= decisions.count_old(db, _limits(cutoffs))
    return Due(days, {kind: to_text(moment) for kind, moment in cutoffs.items()}, rows)


def retain(db: Database, actor: str = SYSTEM, users: Users | None = None) -> tuple[Due, list[dict[str, Any]]]:
    """Delete what goes now; what that was, and a certificate for the signals and for the decisions, where any went.

    A person needs the permission to erase: raises Forbidden.
    """
    if actor != SYSTEM:
        (users or Users(db)).require(actor, Permission.ERASE)
    due = plan(db)
    cutoffs = {kind: from_text(text) for kind, text in due.cutoffs.items()}
    certificates = []
    if any(due.rows.get(table) for table in signals.OLD):
        drop = partial(signals.drop_old, before=naive(cutoffs[RAW_EVENTS]))
        certificates.append(_certified(db, "signals", EVENTS_RETIRED, actor, due, drop))
    if due.rows.get("decisions"):
        drop = partial(decisions.drop_old, limits=_limits(cutoffs))
        certificates.append(_certified(db, "decisions", DECISIONS_RETIRED, actor, due, drop))
    return due, certificates


def retain_daily(db: Database) -> None:
    """Delete what goes now, unless something went within the last day."""
    last = db.scalar(LAST)
    if last is None or db.clock.now() - from_text(last) >= EVERY:
        retain(db)


def _certified(
    db: Database, stream: str, kind: str, actor: str, due: Due, drop: Callable[[Change], Counts]
) -> dict[str, Any]:
    """The deletion in one transaction, with its signed certificate as the ledger entry."""
    with db.change(stream, kind, actor) as change:
        stated = {
            "at": to_text(db.clock.now()), "actor": actor, "kind": kind, "days": dict(due.days),
            "cutoffs": dict(due.cutoffs), "deleted": drop(change),
        }  # fmt: skip
        signature, public_key = SigningKey(db.directory / "keys" / "signing.key").sign(canonical(stated))
        certificate = {"certificate": stated, "signature": signature, "public_key": public_key}
        change.body.update(certificate)
    return certificate


def _limits(cutoffs: Mapping[str, datetime]) -> decisions.Limits:
    def naive_or_none(kind: str) -> datetime | None:
        return naive(cutoffs[kind]) if kind in cutoffs else None

    return {"before": naive_or_none(DECISION_LOG), "drawn_before": naive_or_none(EXPLORATION_LOG)}
