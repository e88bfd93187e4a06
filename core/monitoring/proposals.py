"""When to train a challenger: what is known of the champion, held against limits; it proposes and does nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Trigger = Literal["schedule", "labels", "drift", "calibration"]
MISLEADING = frozenset({"source_missing", "source_thin"})
"""Alerts of a broken feed: a model trained meanwhile would learn that silence is normal."""
DRIFTED = frozenset({"feature_drift", "score_drift", "label_drift"})
MISSED = frozenset({"ranking_fell", "calibration_moved"})


@dataclass(frozen=True)
class Limits:
    """From when on a trigger is due: the champion's age, and the growth of labelled rows since it was trained."""

    oldest: timedelta = timedelta(days=90)
    label_growth: float = 0.2


@dataclass(frozen=True)
class Facts:
    """What is known of the champion: when it was trained, labelled rows then (None: its folder is damaged) and now, and
    the newest drift and performance objects under it (None: none was made).
    """

    now: datetime
    trained_at: datetime
    rows_then: int | None
    rows_now: int
    drift: Mapping[str, Any] | None = field(default=None, repr=False)
    performance: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Proposal:
    """One trigger: whether it is due, the figure it went by beside its limit (None: nothing to go by), and why."""

    trigger: Trigger
    is_due: bool
    value: float | None
    limit: float | None
    evidence: str

    def to_json(self) -> dict[str, Any]:
        """The trigger as plain JSON."""
        return asdict(self)


def proposals(facts: Facts, limits: Limits | None = None) -> tuple[Proposal, ...]:
    """Every trigger with its evidence, due or not, in a fixed order."""
    limits = limits or Limits()
    return _schedule(facts, limits), _labels(facts, limits), _drift(facts), _calibration(facts)


def _schedule(facts: Facts, limits: Limits) -> Proposal:
    days, most = (round(one / timedelta(days=1), 1) for one in (facts.now - facts.trained_at, limits.oldest))
    told = f"The champion was trained {days:,.0f} days ago; a challenger is due after {most:,.0f}."
    return Proposal("schedule", days >= most, days, most, told)


def _labels(facts: Facts, limits: Limits) -> Proposal:
    if not facts.rows_then:
        told = "How many labelled rows the champion saw cannot be read: its folder is damaged."
        return Proposal("labels", False, None, limits.label_growth, told)
    growth = round(facts.rows_now / facts.rows_then - 1, 4)
    told = f"{facts.rows_now:,} rows have a label now, {facts.rows_then:,} had one when the champion was trained"
    return Proposal("labels", growth >= limits.label_growth, growth, limits.label_growth, f"{told} ({growth:+.0%}).")


def _drift(facts: Facts) -> Proposal:
    if facts.drift is None:
        told = "No drift report was made of the champion: `leadbench drift`."
        return Proposal("drift", False, None, None, told)
    alerts = [one for one in facts.drift.get("alerts", ()) if one["severity"] == "high"]
    moved = _share(facts.drift.get("decisions_moved"), facts.drift.get("population"))
    broken = [one["message"] for one in alerts if one["code"] in MISLEADING]
    if broken:
        told = f"{broken[0]} Repair it first: a model trained meanwhile learns that silence is normal."
        return Proposal("drift", False, moved, None, told)
    found = [one["message"] for one in alerts if one["code"] in DRIFTED]
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    told = f"{found[0]}{more}" if found else "Nothing drifted that moves enough decisions to be a high alert."
    return Proposal("drift", bool(found), moved, None, told)


def _calibration(facts: Facts) -> Proposal:
    told = facts.performance
    if told is None:
        return Proposal("calibration", False, None, None, "No performance report was made of the champion.")
    missed = [one["message"] for one in told.get("alerts", ()) if one["code"] in MISSED]
    gap = (told.get("realised") or {}).get("calibration_gap")
    if missed:
        return Proposal("calibration", True, gap, None, " ".join(missed))
    if gap is None:
        return Proposal("calibration", False, None, None, "No label of the scored leads is mature yet.")
    text = "What came of the scored leads is inside what the scores promised."
    return Proposal("calibration", False, gap, None, text)


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)
