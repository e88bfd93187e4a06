"""What falls due by itself: scheduled publishings, expiries, the judge's word over rollouts; and what is overdue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.governance.judging import Verdicts
from core.governance.releases import Releases
from core.governance.rollouts import UnderWay
from core.governance.users import SYSTEM
from core.kernel.errors import LeadbenchError
from core.kernel.times import from_text, to_text
from core.policy.states import State
from core.policy.store import StoredVersion
from core.policy.windows import window_of

SOON = timedelta(days=14)
HUMAN_GATE = 50
"""From this share of the units on, a step is entered by a person."""
SILENT = timedelta(hours=2)


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

    What is refused meanwhile (a stale parent, say) is noted with its reason and not tried again.
    """
    return [*_publish(releases), *_expire(releases), *_roll(releases)]


def alarms(releases: Releases) -> list[Alarm]:
    """What is overdue or soon due, the most pressing first."""
    now = releases.clock.now()
    found = [*_windows(releases, now), *_open_glass(releases), *_waiting(releases), *_reviews(releases)]
    return sorted(found, key=lambda one: (not one.is_due, one.at, one.name))


def _publish(releases: Releases) -> Iterator[str]:
    now = releases.clock.now()
    for row in releases.emergencies.schedules.waiting().iter_rows(named=True):
        if row["due_at"].replace(tzinfo=now.tzinfo) > now:
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
        back = releases.rollback(row["name"], SYSTEM, "the emergency expired", row["before_hash"])
        yield f"{back.version.ref} decides again: an emergency expired"
    for version in _active(releases):
        window = window_of(version.policy.document)
        if window.until and window.at(now) == "expired" and version.parent:
            why = f"it was meant to decide until {to_text(window.until)}"
            back = releases.rollback(version.name, SYSTEM, why, left=State.EXPIRED)
            yield f"{version.ref} expired; {back.version.ref} decides again"


def _roll(releases: Releases) -> Iterator[str]:
    for version in _active(releases):
        found = releases.rollouts.open(version.name)
        if found is None:
            continue
        verdicts = releases.rollouts.judged(version.name)
        if why := rolls_back(found, verdicts, releases.clock.now()):
            back = releases.rollback(version.name, SYSTEM, f"the judge: {why}")
            yield f"{back.version.ref} decides again: {why}"
        elif goes_on(releases, found, verdicts):
            releases.rollouts.advance(version.name, SYSTEM, f"the judge: {verdicts.reason}")
            yield f"{version.ref} went on to its next step"


def rolls_back(found: UnderWay, verdicts: Verdicts, now: datetime) -> str | None:
    """Why the plan's automatic rollback goes back now; None where it does not, or has none."""
    plan = found.plan.auto_rollback
    if plan is None:
        return None
    if verdicts.ratio and verdicts.ratio.verdict == "fail":
        return verdicts.reason
    critical = [one.metric for one in verdicts.failed if one.critical]
    others = [one.metric for one in verdicts.failed if not one.critical]
    if critical and "any_critical" in plan.on:
        return f"{', '.join(critical)} failed"
    if len(others) >= 2 and "two_noncritical" in plan.on:
        return f"{', '.join(others)} failed"
    silent = now - found.row.entered_at > SILENT and not any(one.leads for one in verdicts.guards)
    if silent and verdicts.guards and "judge_nodata_2h" in plan.on:
        return "no decision came for two hours"
    return None


def goes_on(releases: Releases, found: UnderWay, verdicts: Verdicts) -> bool:
    """Whether the step is left without a person: every guard passed, its time is over, and the next is below half."""
    after = found.ladder[min(found.row.step + 1, len(found.ladder) - 1)]
    passed = verdicts.verdict == "pass" and releases.rollouts.waits(found, verdicts) is None
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


def _open_glass(releases: Releases) -> Iterator[Alarm]:
    for row in releases.emergencies.glass.all().iter_rows(named=True):
        if row["ended_at"] is None:
            at = _aware(row["expires_at"])
            text = f"{row['name']} decides without its approvals, by {row['actor']}: {row['reason']}"
            yield Alarm("broken_glass", row["name"], text, at, True)


def _waiting(releases: Releases) -> Iterator[Alarm]:
    for row in releases.emergencies.schedules.waiting().iter_rows(named=True):
        at = _aware(row["due_at"])
        yield Alarm("scheduled", row["name"], f"{row['name']} is published then, by {row['actor']}", at, False)


def _reviews(releases: Releases) -> Iterator[Alarm]:
    """Versions that came back by a rollback are reviewed afterwards; a comment on them since then is that review."""
    for version in _active(releases):
        actions = releases.policies.actions(version.content_hash)
        back = [one for one in actions if one.kind == "returned"]
        if back and not any(one.kind == "commented" and one.at >= back[-1].at for one in actions):
            text = f"The review after the rollback to {version.ref} is due"
            yield Alarm("post_review", version.name, text, back[-1].at, True)


def _active(releases: Releases) -> list[StoredVersion]:
    names = releases.policies.active_names()
    return [version for name in names if (version := releases.policies.active(name))]


def _aware(moment: Any) -> datetime:
    return from_text(to_text(moment))
