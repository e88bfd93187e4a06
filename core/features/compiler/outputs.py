"""Every aggregate of the language as SQL over its branch."""

import math
from collections.abc import Callable

from core.features.aggregates import DECAY_UNIT, MICRO
from core.features.compiler.branch import Branch
from core.features.compiler.columns import real
from core.features.document import Feature
from core.kernel.expressions import Field, Kind
from core.kernel.times import DAY_US

EXACT_DAYS = 62
DAY_WORDS = 4
EVENT_ID = Field("event_id", Kind.TEXT)
EARLY_US = 400_000 * DAY_US
_BIGINT_LIMIT = 2.0**62


def output(branch: Branch, feature: Feature) -> str:
    """The SQL of the feature's value over the branch's columns."""
    return _OUTPUTS[feature.aggregate or "count"](branch, feature)


def _of(feature: Feature) -> Field:
    assert feature.of is not None
    return feature.of


def _count(branch: Branch, feature: Feature) -> str:
    return branch.counter(feature.window, branch.condition(feature.where))


def _exists(branch: Branch, feature: Feature) -> str:
    return f"{_count(branch, feature)} > 0"


def _over(branch: Branch, feature: Feature, template: str, value: str) -> str:
    return branch.over(template, feature.window, branch.condition(feature.where), value)


def _exact(total: str, unit: float) -> str:
    """An integer total as the nearest DOUBLE, over its unit; beyond 64 bits the text is converted, which is exact."""
    small, large = f"CAST(TRY_CAST({total} AS BIGINT) AS DOUBLE)", f"CAST(CAST({total} AS VARCHAR) AS DOUBLE)"
    return f"coalesce({small}, {large}) / {real(unit)}"


def _whole(branch: Branch, feature: Feature, sql: str, unit: float) -> str:
    """The multiple of a field's number in whole units, in 64 bits where no such number needs more."""
    wide = branch.events.bound(_of(feature)) * unit > _BIGINT_LIMIT
    return f"CAST(round({sql} * {real(unit)}) AS {'HUGEINT' if wide else 'BIGINT'})"


def _total(branch: Branch, feature: Feature) -> str:
    micro = branch.computed(_whole(branch, feature, branch.number(_of(feature)), MICRO))
    return _exact(_over(branch, feature, "sum({})", micro), MICRO)


def _sum(branch: Branch, feature: Feature) -> str:
    return f"coalesce({_total(branch, feature)}, 0e0)"


def _mean(branch: Branch, feature: Feature) -> str:
    count = _over(branch, feature, "count({})", branch.number(_of(feature)))
    return f"{_total(branch, feature)} / nullif({count}, 0)"


def _least(branch: Branch, feature: Feature) -> str:
    return _over(branch, feature, "min({})", branch.number(_of(feature)))


def _greatest(branch: Branch, feature: Feature) -> str:
    return _over(branch, feature, "max({})", branch.number(_of(feature)))


def _distinct(branch: Branch, feature: Feature) -> str:
    of = _of(feature)
    bit = f"{of.name}_bit" if of.name in branch.bits else branch.events.bit(of)
    if bit is not None:
        return f"coalesce(bit_count({_over(branch, feature, 'bit_or({})', bit)}), 0)"
    key = "lead_no" if of.name == "lead_id" else branch.events.distinct(of)
    value = key if key == "lead_no" else branch.computed(key)
    return f"coalesce({_over(branch, feature, 'count(DISTINCT {})', value)}, 0)"


def _active_days(branch: Branch, feature: Feature) -> str:
    day = branch.computed(f"CAST((t + {EARLY_US}) // {DAY_US} AS INTEGER)")
    words = DAY_WORDS + 1 if feature.window is None else -(-(-(-feature.window // DAY_US) + 1) // EXACT_DAYS)
    if words > DAY_WORDS:
        return f"coalesce({_over(branch, feature, 'count(DISTINCT {})', day)}, 0)"
    counts = []
    shifted = branch.computed(f"CAST(1 AS BIGINT) << ({day} % {EXACT_DAYS})")
    for word in range(words):
        own = f"{day} % {EXACT_DAYS * words} // {EXACT_DAYS} = {word}"
        bit = shifted if words == 1 else branch.computed(f"CASE WHEN {own} THEN {shifted} END")
        counts.append(f"coalesce(bit_count({_over(branch, feature, 'bit_or({})', bit)}), 0)")
    return " + ".join(counts)


def _days(sql: str) -> str:
    return f"CAST({sql} AS DOUBLE) / {real(DAY_US)}"


def _days_since_last(branch: Branch, feature: Feature) -> str:
    return _days(_over(branch, feature, "min({})", "age"))


def _days_since_first(branch: Branch, feature: Feature) -> str:
    return _days(_over(branch, feature, "max({})", "age"))


def _edge(function: str) -> Callable[[Branch, Feature], str]:
    def edge(branch: Branch, feature: Feature) -> str:
        identity, tests = branch.events.sql(EVENT_ID), branch.tests(feature.window, branch.condition(feature.where))
        value, typed = branch.events.edge(_of(feature), feature.dtype)
        only = f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""
        kept = branch.aggregate(
            f"{function}(struct_pack(v := {value}), struct_pack(t := t, k := k, i := {identity})){only}"
        )
        return typed(f"{kept}.v")

    return edge


def _decay(branch: Branch, feature: Feature) -> str:
    assert feature.half_life is not None
    return branch.computed(f"exp(age * {real(-math.log(2) / feature.half_life)})")


def _decayed_count(branch: Branch, feature: Feature) -> str:
    term = f"CAST(round({_decay(branch, feature)} * {real(DECAY_UNIT)}) AS BIGINT)"
    return f"coalesce({_exact(_over(branch, feature, 'sum({})', term), DECAY_UNIT)}, 0e0)"


def _decayed_sum(branch: Branch, feature: Feature) -> str:
    value = branch.number(_of(feature))
    term = _whole(branch, feature, f"{value} * {_decay(branch, feature)}", DECAY_UNIT)
    return f"coalesce({_exact(_over(branch, feature, 'sum({})', term), DECAY_UNIT)}, 0e0)"


def _velocity(branch: Branch, feature: Feature) -> str:
    assert feature.window is not None and feature.against is not None
    condition = branch.condition(feature.where)
    recent = branch.counter(feature.window, condition)
    both = branch.counter(feature.window + feature.against, condition)
    recent_rate = f"(CAST({recent} + 1 AS DOUBLE) / {real(feature.window / DAY_US)})"
    return f"{recent_rate} / (CAST({both} - {recent} + 1 AS DOUBLE) / {real(feature.against / DAY_US)})"


def _gap_mean(branch: Branch, feature: Feature) -> str:
    oldest, newest = (_over(branch, feature, template, "age") for template in ("max({})", "min({})"))
    count = _count(branch, feature)
    return f"CASE WHEN {count} > 1 THEN {_days(f'({oldest} - {newest})')} / ({count} - 1) END"


def _share(branch: Branch, feature: Feature) -> str:
    part, whole = _count(branch, feature), branch.counter(feature.window, "")
    return f"CASE WHEN {part} > 0 THEN CAST({part} AS DOUBLE) / {whole} END"


def _followed_by(branch: Branch, feature: Feature) -> str:
    return branch.sequence(
        branch.condition(feature.where), branch.condition(feature.then), feature.within or 0, feature.window
    )


_OUTPUTS: dict[str, Callable[[Branch, Feature], str]] = {
    "count": _count,
    "exists": _exists,
    "sum": _sum,
    "mean": _mean,
    "min": _least,
    "max": _greatest,
    "distinct": _distinct,
    "active_days": _active_days,
    "days_since_last": _days_since_last,
    "days_since_first": _days_since_first,
    "first": _edge("arg_min"),
    "last": _edge("arg_max"),
    "decayed_count": _decayed_count,
    "decayed_sum": _decayed_sum,
    "velocity": _velocity,
    "gap_mean": _gap_mean,
    "share": _share,
    "followed_by": _followed_by,
}
