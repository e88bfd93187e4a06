"""Every aggregate of the language as SQL over its branch."""

import math
from collections.abc import Callable

from core.features.aggregates import DECAY_UNIT, MICRO
from core.features.compiler.branch import Branch
from core.features.compiler.columns import EARLY_US, real
from core.features.document import Feature
from core.kernel.expressions import Field
from core.kernel.times import DAY_US

EXACT_DAYS = 62
DAY_WORDS = 4
_BIGINT_LIMIT, _DOUBLE_LIMIT = 2.0**62, 2.0**53


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


def _light(branch: Branch, bound: float, unit: float) -> bool:
    """Whether sums of whole units of numbers up to the bound fit a DOUBLE exactly, in whatever order they are made."""
    return bound * unit * (1 << branch.width) < _DOUBLE_LIMIT


def _units(branch: Branch, sql: str, bound: float, unit: float) -> str:
    """The whole units nearest to a number up to the bound: a DOUBLE where that keeps sums exact, else an integer."""
    whole = f"round({sql} * {real(unit)})"
    if _light(branch, bound, unit):
        return whole
    return f"CAST({whole} AS {'HUGEINT' if bound * unit > _BIGINT_LIMIT else 'BIGINT'})"


def _exact(branch: Branch, total: str, bound: float, unit: float) -> str:
    """A sum of whole units as the nearest DOUBLE, over the unit; beyond 64 bits its text is converted: exact too."""
    if _light(branch, bound, unit):
        return f"{total} / {real(unit)}"
    small, large = f"CAST(TRY_CAST({total} AS BIGINT) AS DOUBLE)", f"CAST(CAST({total} AS VARCHAR) AS DOUBLE)"
    return f"coalesce({small}, {large}) / {real(unit)}"


def _total(branch: Branch, feature: Feature) -> str:
    bound = branch.events.bound(_of(feature))
    micro = branch.computed(_units(branch, branch.number(_of(feature)), bound, MICRO))
    return _exact(branch, _over(branch, feature, "sum({})", micro), bound, MICRO)


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
    bit = branch.bit(of)
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
        kept = branch.events.edge(_of(feature), feature.dtype)
        column = branch.edge(function, kept, feature.window, branch.condition(feature.where))
        return kept.typed(f"{column}.{kept.name}")

    return edge


def _decay(branch: Branch, feature: Feature) -> str:
    assert feature.half_life is not None
    return branch.computed(f"exp(age * {real(-math.log(2) / feature.half_life)})")


def _decayed_count(branch: Branch, feature: Feature) -> str:
    return _decayed(branch, feature, _decay(branch, feature), 1.0)


def _decayed_sum(branch: Branch, feature: Feature) -> str:
    value = f"{branch.number(_of(feature))} * {_decay(branch, feature)}"
    return _decayed(branch, feature, value, branch.events.bound(_of(feature)))


def _decayed(branch: Branch, feature: Feature, value: str, bound: float) -> str:
    total = _over(branch, feature, "sum({})", _units(branch, value, bound, DECAY_UNIT))
    return f"coalesce({_exact(branch, total, bound, DECAY_UNIT)}, 0e0)"


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
