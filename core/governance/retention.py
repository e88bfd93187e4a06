"""How long decisions are kept: their deletion is asked for by one person and approved as exactly that by another.

Nothing goes by itself. Raw events are counted and never deleted: models are trained on them, and features read them.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from core.decisions import store_retention as decisions
from core.governance.errors_retention import NothingToRetire, PlanMoved, PlanOwn, PlanUnknown
from core.governance.permissions import Permission
from core.governance.users import Users
from core.kernel.canonical import canonical, digest
from core.kernel.database import Cursor, Database
from core.kernel.errors import ReasonMissing
from core.kernel.signing import SigningKey
from core.kernel.times import from_text, naive, to_text
from core.monitoring import store_performance
from core.policy.document import Document
from core.policy.overlays import DECISION_LOG, EXPLORATION_LOG, RAW_EVENTS
from core.policy.store import PolicyStore
from core.signals import store_retention as signals

ASKED, REFUSED, RETIRED = "retention.asked", "retention.refused", "decisions.retired"
LEAST = timedelta(days=8)
"""Younger decisions stay whatever a policy says: caps count the touches of seven days."""
GOES = {"arm": pl.String, "decisions": pl.Int64, "leads": pl.Int64, "first": pl.String, "last": pl.String}
NOT_REFUSED = """kind = 'retention.asked' AND NOT EXISTS (
    SELECT 1 FROM ledger r
    WHERE r.kind = 'retention.refused' AND r.body->>'$.plan_hash' = a.body->>'$.plan_hash' AND r.seq > a.seq)"""
ASKED_FOR = f"""SELECT body, actor FROM ledger a WHERE {NOT_REFUSED} AND body->>'$.plan_hash' = ?
    ORDER BY seq DESC LIMIT 1"""
WAITING = f"""SELECT body->>'$.plan_hash' AS plan, actor AS asked_by, "at" AS asked_at,
        (body->>'$.plan.leaves.count')::BIGINT AS decisions
    FROM ledger a WHERE {NOT_REFUSED}
        AND seq > (SELECT coalesce(max(seq), 0) FROM ledger WHERE kind = 'decisions.retired')
    ORDER BY seq DESC"""


@dataclass(frozen=True)
class Plan:
    """What would go: as of a moment (text), by the days of each kind, of the decisions up to a ledger entry.

    `leaves` is the count and Merkle root of the records that go, so the hash is that of exactly these.
    """

    at: str
    days: dict[str, int]
    cutoffs: dict[str, str]
    upto: int
    leaves: dict[str, Any]

    @property
    def hash(self) -> str:
        """The hash that is approved."""
        return digest(asdict(self))

    @property
    def limits(self) -> decisions.Limits:
        """What the store is asked with."""
        before, drawn = (
            naive(from_text(self.cutoffs[kind])) if kind in self.cutoffs else None
            for kind in (DECISION_LOG, EXPLORATION_LOG)
        )
        return decisions.limits(self.upto, before, drawn)


@dataclass(frozen=True)
class Asked:
    """What was asked for as it was counted then, whatever came since: consent alone counts anew.

    goes: by arm how many decisions of how many leads, the first and the last moment (naive UTC); stays: see `stays`.
    """

    plan: Plan
    goes: pl.DataFrame
    stays: dict[str, int]


def days_kept(documents: Iterable[Document]) -> dict[str, int]:
    """The fewest days that the documents name for each kind."""
    found: dict[str, int] = {}
    for document in documents:
        for kind, days in (document.privacy.retention_days if document.privacy else {}).items():
            found[kind] = min(days, found.get(kind, days))
    return found


def plan(db: Database) -> Plan:
    """What would go now."""
    return _plan(db, db, db.clock.now(), decisions.newest_entry(db))


def stays(reader: Cursor | Database, planned: Plan) -> dict[str, int]:
    """Rows older than their time that stay, by table: decisions that something still needs, and all raw events."""
    counts = {"decisions": decisions.stays(reader, planned.limits)}
    if RAW_EVENTS in planned.cutoffs:
        counts |= signals.count_old(reader, naive(from_text(planned.cutoffs[RAW_EVENTS])))
    return counts


def waiting(db: Database) -> list[dict[str, Any]]:
    """What was asked for since decisions last went and refused by nobody, newest first: plan (its hash), asked_by,
    asked_at, decisions.
    """
    return db.read(WAITING).to_dicts()


def ask(db: Database, actor: str, users: Users) -> Plan:
    """Ask for what would go now; raises Forbidden and NothingToRetire."""
    with db.change("governance", ASKED, actor) as change:
        users.require(actor, Permission.ERASE, change)
        planned = _plan(db, change, db.clock.now(), decisions.newest_entry(change))
        if not planned.leaves["count"]:
            raise NothingToRetire
        change.body.update(plan=asdict(planned), plan_hash=planned.hash, counted=_counted(change, planned))
    return planned


def asked(db: Database, plan_hash: str) -> Asked:
    """What was asked for, as it was counted then; raises PlanUnknown.

    Where an older leadbench was asked, which did not keep that, it is counted now.
    """
    planned, _, body = _asked(db, plan_hash)
    counted = body.get("counted") or _counted(db, planned)
    goes = pl.DataFrame(counted["goes"], schema=GOES, orient="row")
    moments = pl.col("first", "last").str.to_datetime(time_unit="us")
    return Asked(planned, goes.with_columns(moments), counted["stays"])


def _counted(reader: Cursor | Database, planned: Plan) -> dict[str, Any]:
    """What a plan comes to, as the ledger keeps it."""
    rows = decisions.told(reader, planned.limits).select(list(GOES)).iter_rows()
    goes = [[value.isoformat() if isinstance(value, datetime) else value for value in row] for row in rows]
    return {"goes": goes, "stays": stays(reader, planned)}


def refuse(db: Database, plan_hash: str, comment: str, actor: str, users: Users) -> Plan:
    """Say that what somebody asked for is not to be deleted; raises Forbidden, ReasonMissing and PlanUnknown."""
    if not comment.strip():
        raise ReasonMissing("refuse")
    with db.change("governance", REFUSED, actor) as change:
        users.require(actor, Permission.APPROVE, change)
        planned, _, _ = _asked(change, plan_hash)
        if plan_hash not in change.read(WAITING)["plan"]:
            raise PlanUnknown(plan_hash)
        change.body.update(plan_hash=plan_hash, comment=comment.strip())
    return planned


def apply(db: Database, plan_hash: str, actor: str, users: Users) -> tuple[Plan, dict[str, Any]]:
    """Approve a plan that somebody else asked for, and delete exactly what it names; the plan and its certificate.

    Raises Forbidden, PlanUnknown, PlanOwn, and PlanMoved where it would delete anything else by now.
    """
    with db.change("decisions", RETIRED, actor) as change:
        users.require(actor, Permission.APPROVE, change)
        planned, asker, _ = _asked(change, plan_hash)
        if asker == actor:
            raise PlanOwn(plan_hash, actor)
        if _plan(db, change, from_text(planned.at), planned.upto).hash != plan_hash:
            raise PlanMoved(plan_hash)
        told = {"kind": RETIRED, "retired_at": to_text(db.clock.now()), "asked_by": asker, "actor": actor}
        stated = told | asdict(planned) | {"plan_hash": plan_hash, "deleted": decisions.drop(change, planned.limits)}
        store_performance.forget_decided(change)
        signature, public_key = SigningKey(db.directory / "keys" / "signing.key").sign(canonical(stated))
        certificate = {"certificate": stated, "signature": signature, "public_key": public_key}
        change.body.update(certificate)
    return planned, certificate


def _asked(reader: Cursor | Database, plan_hash: str) -> tuple[Plan, str, dict[str, Any]]:
    """The plan, who asked for it, and the body of that entry."""
    found = reader.read(ASKED_FOR, [plan_hash]).rows()
    if not found:
        raise PlanUnknown(plan_hash)
    body = json.loads(found[0][0])
    return Plan(**body["plan"]), found[0][1], body


def _plan(db: Database, reader: Cursor | Database, now: datetime, upto: int) -> Plan:
    days = days_kept(PolicyStore(db).in_force())
    cutoffs = {kind: to_text(now - max(timedelta(days=count), LEAST)) for kind, count in days.items()}
    bare = Plan(to_text(now), days, cutoffs, upto, {})
    return replace(bare, leaves=decisions.seal(decisions.may_go(reader, bare.limits)))
