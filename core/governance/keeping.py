"""What falls due by itself: scheduled publishings, expiries, the judge's word over rollouts; and what is overdue."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.governance.judging import Verdicts
from core.governance.releases import Releases
from core.governance.rollouts import Look, UnderWay
from core.governance.users import SYSTEM
from core.kernel import telemetry
from core.kernel.errors import LeadbenchError
from core.kernel.times import from_text, to_text, utc
from core.policy.states import State
from core.policy.store import StoredVersion
from core.policy.windows import window_of

SOON = timedelta(days=14)
HUMAN_GATE = 50
"""From this share of the units on, a step is entered by a person."""
SILENT = timedelta(hours=2)
LOOKS_WITHIN = 2
"""How often a rollout is looked at within the seconds in which its plan wants to be back."""


@dataclass(frozen=True)
class Alarm:
    """Something about the policies that somebody has to see to; `is_due` says that it cannot wait."""

    kind: str
    name: str
    text: str
    at: datetime
    is_due: bool


def keep(releases: Releases) -> list[str]:
    """Do what is due now, and say what was done: publish, let expire, roll back, advance.

    A publishing that is refused meanwhile (a stale parent, say) is noted with its reason and not tried again; a way
    back that is refused is told and tried again, and keeps no other policy waiting.
    """
    return [*_publish(releases), *_expire(releases), *_roll(releases)]


def soonest(releases: Releases) -> float | None:
    """In how many seconds `keep` has to be called again for the rollouts under way; None where none says."""
    plans = [found.plan.auto_rollback for one in _active(releases) if (found := releases.rollouts.open(one.name))]
    return min((one.max_seconds / LOOKS_WITHIN for one in plans if one), default=None)


def alarms(releases: Releases) -> list[Alarm]:
    """What is overdue or soon due, the most pressing first."""
    now = releases.clock.now()
    found = [*_windows(releases, now), *_waiting(releases), *_reviews(releases), *_contested(releases, now)]
    return sorted(found, key=lambda one: (not one.is_due, one.at, one.name))


def _publish(releases: Releases) -> Iterator[str]:
    now = releases.clock.now()
    for row in releases.emergencies.schedules.waiting().iter_rows(named=True):
        if utc(row["due_at"]) > now:
            continue
        try:
            standing = releases.publish(row["content_hash"], row["actor"], row["reason"])
        except LeadbenchError as refusal:
            releases.emergencies.settle_schedule(row["seq"], "refused", SYSTEM, refusal.message)
            yield f"{row['name']} was not published: {refusal.message}"
        else:
            releases.emergencies.settle_schedule(row["seq"], "done", SYSTEM, None)
            yield f"{standing.version.ref} decides as scheduled"


def _expire(releases: Releases) -> Iterator[str]:
    now = releases.clock.now()
    for row in releases.emergencies.glass.expired(now).iter_rows(named=True):
        yield from _tried(row["name"], partial(_expire_glass, releases, row))
    for version in _active(releases):
        window = window_of(version.policy.document)
        if window.until and window.at(now) == "expired" and version.parent:
            yield from _tried(version.name, partial(_expire_version, releases, version, to_text(window.until)))


def _expire_glass(releases: Releases, row: Mapping[str, Any]) -> str:
    why, expected = "the emergency expired", row["content_hash"]
    back = releases.rollback(row["name"], SYSTEM, why, row["before_hash"], expected=expected)
    return f"{back.version.ref} decides again: an emergency expired"


def _expire_version(releases: Releases, version: StoredVersion, until: str) -> str:
    why, expected = f"it was meant to decide until {until}", version.content_hash
    back = releases.rollback(version.name, SYSTEM, why, left=State.EXPIRED, expected=expected)
    return f"{version.ref} expired; {back.version.ref} decides again"


def _roll(releases: Releases) -> Iterator[str]:
    for version in _active(releases):
        found = releases.rollouts.open(version.name)
        if found:
            yield from _tried(version.name, partial(_judge, releases, version, found))


def _judge(releases: Releases, version: StoredVersion, found: UnderWay) -> str | None:
    look = releases.rollouts.look(found)
    if why := rolls_back(found, look.verdicts, look.leads, releases.clock.now()):
        told, expected = f"the judge: {why}{_late(releases, found, look)}", found.row.content_hash
        back = releases.rollback(version.name, SYSTEM, told, expected=expected)
        return f"{back.version.ref} decides again: {why}"
    if goes_on(releases, found, look):
        releases.rollouts.advance(version.name, SYSTEM, f"the judge: {look.verdicts.reason}")
        return f"{version.ref} went on to its next step"
    return None


def _late(releases: Releases, found: UnderWay, look: Look) -> str:
    """Says so where the plan wanted to be back sooner, counted from the newest decision that the verdict saw."""
    plan, newest = found.plan.auto_rollback, look.newest
    if plan is None or newest is None:
        return ""
    took = (releases.clock.now() - newest).total_seconds()
    return f" ({took:.0f} s later, {plan.max_seconds} allowed)" if took > plan.max_seconds else ""


def _tried(name: str, step: Callable[[], str | None]) -> Iterator[str]:
    """What the step says that it did, if anything, or why it was refused."""
    try:
        told = step()
    except LeadbenchError as refusal:
        telemetry.log("keeper.refused", code=refusal.code)
        told = f"{name}: {refusal.message}"
    if told:
        yield told


def rolls_back(found: UnderWay, verdicts: Verdicts, leads: int, now: datetime) -> str | None:
    """Why the rollout goes back by itself now; None where it does not.

    leads: how many the new version decided in this step. Arms of the wrong size go back where the plan's check says
    abort; where it says pause the step stays, since the judge lets nobody on.
    """
    plan = found.plan.auto_rollback
    if verdicts.ratio and verdicts.ratio.verdict == "fail":
        check = found.plan.judge.sample_ratio_mismatch if found.plan.judge else None
        return verdicts.reason if (check.action == "abort" if check else plan) else None
    if plan is None:
        return None
    critical = [one.metric for one in verdicts.failed if one.critical]
    others = [one.metric for one in verdicts.failed if not one.critical]
    if critical and "any_critical" in plan.on:
        return f"{', '.join(critical)} failed"
    if len(others) >= 2 and "two_noncritical" in plan.on:
        return f"{', '.join(others)} failed"
    if not leads and now - found.row.entered_at > SILENT and "judge_nodata_2h" in plan.on:
        return "no decision came for two hours"
    return None


def goes_on(releases: Releases, found: UnderWay, look: Look) -> bool:
    """Whether the step is left without a person: every guard passed, its time is over, and the next is below half."""
    after = found.ladder[min(found.row.step + 1, len(found.ladder) - 1)]
    passed = look.verdicts.verdict == "pass" and releases.rollouts.waits(found, look.leads) is None
    return passed and float(after.pct) < HUMAN_GATE


def _windows(releases: Releases, now: datetime) -> Iterator[Alarm]:
    for version in _active(releases):
        metadata = version.policy.document.metadata
        if metadata.review_by:
            at = from_text(metadata.review_by)
            if at - SOON <= now:
                word = "is overdue" if at <= now else "is due soon"
                yield Alarm("review", version.name, f"The review of {version.ref} {word}", at, at <= now)
        at = window_of(version.policy.document).until
        if at and at - SOON <= now:
            yield Alarm("expiry", version.name, f"{version.ref} is meant to decide until then", at, at <= now)


def _waiting(releases: Releases) -> Iterator[Alarm]:
    for row in releases.emergencies.schedules.waiting().iter_rows(named=True):
        at = utc(row["due_at"])
        yield Alarm("scheduled", row["name"], f"{row['name']} is published then, by {row['actor']}", at, False)


def _reviews(releases: Releases) -> Iterator[Alarm]:
    """Open emergencies until they expire, and what is to be looked at afterwards."""
    for one in releases.reviews.due():
        name = one.version.name
        if one.is_open and one.until:
            text = f"{name} decides without its approvals, by {one.by}: {one.reason}"
            yield Alarm("broken_glass", name, text, one.until, True)
        else:
            text = f"The review after the {one.kind} to {one.version.ref} is due"
            yield Alarm("post_review", name, text, one.at, True)


def _contested(releases: Releases, now: datetime) -> Iterator[Alarm]:
    """Decisions that wait for a person."""
    for row in releases.contests.listed(only_open=True).iter_rows(named=True):
        at = utc(row["due_at"])
        text = f"{row['contest_id']} waits for a person in {row['route']}, contested by {row['asked_by']}"
        yield Alarm("contest", row["contest_id"], text, at, at <= now)


def _active(releases: Releases) -> list[StoredVersion]:
    names = releases.policies.active_names()
    return [version for name in names if (version := releases.policies.active(name))]
