"""The judge of a rollout: pass, fail or inconclusive, at any look, without more false alarms for looking often.

A metric is a share of leads; the difference of the arms has a confidence sequence by account (`sequential`), of paired
differences where both arms decided the same leads. The sizes of the arms are tested first, by a martingale that may be
looked at as often.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from core.governance.sequential import Arm, Pair, deviation_of, half_width, ratio_p
from core.policy.overlays import GuardMetric, Judge

Verdict = Literal["pass", "fail", "inconclusive"]
RATIO_ALPHA = 0.001
FEWEST = 30
LATENCY = "p95_decision_ms"
SLOW_SHARE = 0.05
NOT_OBSERVED = "leadbench does not observe this metric, and knows no event of its name"
NOT_IN_SHADOW = "nobody works by a shadow: what people did says nothing of it"


@dataclass(frozen=True)
class Counted:
    """One metric in both arms; `pair` where they are of the same leads, as in a shadow."""

    before: Arm
    candidate: Arm
    pair: Pair | None = None

    @property
    def leads(self) -> int:
        """The leads that were seen, each once."""
        return self.pair.leads if self.pair else self.before.leads + self.candidate.leads

    @property
    def accounts(self) -> int:
        """The observations: accounts, those of a pair once."""
        return self.pair.accounts if self.pair else self.before.accounts + self.candidate.accounts

    @property
    def deviation(self) -> float:
        """Of the scores of accounts, whose mean is the change."""
        return math.sqrt(self.pair.variance) if self.pair else deviation_of(self.before, self.candidate)


@dataclass(frozen=True)
class Ratio:
    """Whether the arms have the sizes that the split should give: p holds at every look together."""

    units_before: int
    units_candidate: int
    expected: float
    p: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Judged:
    """A guard metric's verdict: the change (candidate less before), the interval that holds at every look, and why."""

    metric: str
    verdict: Verdict
    critical: bool
    before: float | None
    candidate: float | None
    change: float | None
    low: float | None
    high: float | None
    allowed: float | None
    leads: int
    accounts: int
    reason: str


@dataclass(frozen=True)
class Verdicts:
    """What the judge says of a step, and what of each guard."""

    verdict: Verdict
    ratio: Ratio | None
    guards: tuple[Judged, ...]
    reason: str

    @property
    def failed(self) -> tuple[Judged, ...]:
        """The guards that failed."""
        return tuple(one for one in self.guards if one.verdict == "fail")

    def to_json(self) -> dict[str, object]:
        """The verdict with its numbers, as commands print it and the ledger keeps it."""
        ratio = vars(self.ratio) if self.ratio else None
        guards = [{name: _rounded(value) for name, value in vars(one).items()} for one in self.guards]
        told = {name: _rounded(value) for name, value in ratio.items()} if ratio else None
        return {"verdict": self.verdict, "reason": self.reason, "ratio": told, "guards": guards}


def ratio_of(before: int, candidate: int, share: float, alpha: float = RATIO_ALPHA) -> Ratio:
    """The sample-ratio check: units in each arm against the share that the candidate should have."""
    if before + candidate == 0 or not 0 < share < 1:
        return Ratio(before, candidate, share, None, "inconclusive")
    p = ratio_p(before, candidate, share)
    return Ratio(before, candidate, share, p, "fail" if p < alpha else "pass")


def judge(
    plan: Judge | None,
    counted: Mapping[str, Counted | None],
    ratio: Ratio | None,
    untold: Mapping[str, str] = MappingProxyType({}),
) -> Verdicts:
    """The verdict over a step's guards: the sizes of the arms first, then each guard; no data is inconclusive, and so
    is a metric that is `untold`, for the reason given there.

    alpha is divided among the critical guards (Bonferroni); a guard fails where the harm is both certain (its sequence
    leaves 0 out) and larger than allowed, and passes where it is certain to be smaller than allowed.
    """
    guards = plan.guards if plan else ()
    if ratio and ratio.verdict == "fail":
        return Verdicts("fail", ratio, (), "the arms do not have the sizes that the split should give")
    alpha = float(plan.alpha) if plan else 0.05
    critical = sum(one.critical for one in guards) or 1
    judged = tuple(
        _untold(one, None, untold[one.metric])
        if one.metric in untold
        else judged_of(one, counted.get(one.metric), alpha / (critical if one.critical else 1))
        for one in guards
    )
    return Verdicts(_overall(judged), ratio, judged, _reason(judged))


def judged_of(guard: GuardMetric, counted: Counted | None, alpha: float) -> Judged:
    """One guard metric's verdict at the level alpha."""
    if counted is None:
        return _untold(guard, None, NOT_OBSERVED)
    if min(counted.before.accounts, counted.candidate.accounts) < FEWEST:
        return _untold(guard, counted, f"fewer than {FEWEST} accounts in an arm")
    before, candidate = counted.before.share, counted.candidate.share
    change, allowed = candidate - before, _allowed(guard, before)
    width = half_width(counted.accounts, counted.deviation, alpha, one_sided=guard.direction != "either")
    harm, low, high = _harm(guard, change, width)
    if low > 0 and harm > allowed:
        verdict: Verdict = "fail"
        reason = "worse for certain, and by more than allowed"
    elif high <= allowed:
        verdict, reason = "pass", "the change is certain to be within what is allowed"
    else:
        verdict, reason = "inconclusive", "the interval still reaches beyond what is allowed"
    told = {"before": before, "candidate": candidate, "change": change, "low": change - width, "high": change + width}
    return Judged(guard.metric, verdict, guard.critical, **told, allowed=allowed, **_sizes(counted), reason=reason)


def slower_than(before_ms: Sequence[float], limit_ms: float) -> float:
    """The 95th percentile of the version before plus what is allowed, in milliseconds."""
    ordered = sorted(before_ms)
    return ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)] + limit_ms


def _harm(guard: GuardMetric, change: float, width: float) -> tuple[float, float, float]:
    """How bad the change is, and the bounds of that."""
    if guard.direction == "either":
        return abs(change), abs(change) - width, abs(change) + width
    harm = change if guard.direction == "increase" else -change
    return harm, harm - width, harm + width


def _allowed(guard: GuardMetric, before: float) -> float:
    """How much worse the share may be; a p95 is within its limit while one decision in twenty is slower than that."""
    if guard.metric == LATENCY:
        return SLOW_SHARE - before
    return float(guard.max_abs) if guard.max_abs is not None else float(guard.max_rel_change or 0) * before


def _sizes(counted: Counted | None) -> dict[str, int]:
    return {"leads": counted.leads if counted else 0, "accounts": counted.accounts if counted else 0}


def _untold(guard: GuardMetric, counted: Counted | None, reason: str) -> Judged:
    unknown = dict.fromkeys(("before", "candidate", "change", "low", "high", "allowed"))
    return Judged(guard.metric, "inconclusive", guard.critical, **unknown, **_sizes(counted), reason=reason)


def _overall(judged: Sequence[Judged]) -> Verdict:
    """A critical guard that failed, or two others, fail the step; what leadbench cannot observe is inconclusive."""
    failed = [one for one in judged if one.verdict == "fail"]
    if any(one.critical for one in failed) or len(failed) >= 2:
        return "fail"
    return "pass" if judged and all(one.verdict == "pass" for one in judged) else "inconclusive"


def _reason(judged: Sequence[Judged]) -> str:
    if not judged:
        return "the plan names no guard"
    groups = {word: [one.metric for one in judged if one.verdict == word] for word in ("fail", "inconclusive", "pass")}
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in groups.items() if names)


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
