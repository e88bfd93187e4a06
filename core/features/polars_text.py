"""A feature as Polars code to read: the same calculation on a frame of one lead's events, properties as columns."""

from collections.abc import Callable

from core.features.document import Feature
from core.kernel.times import DAY_US

_AGE = 'pl.lit(as_of) - pl.col("occurred_at")'
_BY_TIME = 'sort_by("occurred_at", "received_at", "event_id")'


def polars_text(feature: Feature) -> str:
    """Polars code whose last expression is the value for (`events`, `as_of`, `known_at`)."""
    if feature.attribute is not None:
        return _attribute(feature.attribute)
    lines = [
        "visible = events.filter(",
        '    pl.col("occurred_at") < as_of,',
        '    pl.col("received_at") <= known_at,',
        ")",
    ]
    lines += [f"chosen = visible{_within(feature.window)}{_where(feature)}"]
    value = _VALUES[feature.aggregate or "count"]
    return "\n".join([*lines, value(feature) if callable(value) else value])


def _attribute(name: str) -> str:
    return f"""known = attributes.filter(
    pl.col("name") == {name!r}, pl.col("valid_from") <= as_of, pl.col("received_at") <= known_at
)
known.sort("valid_from", "received_at")["value"].last()"""


def _within(window: int | None) -> str:
    return "" if window is None else f'.filter(pl.col("occurred_at") >= as_of - {_span(window)})'


def _where(feature: Feature) -> str:
    return "" if feature.where is None else f".filter(pl.sql_expr({_bare(feature.where.canonical)!r}))"


def _bare(condition: str) -> str:
    return condition.replace("properties.", "")


def _span(microseconds: int) -> str:
    days, rest = divmod(microseconds, DAY_US)
    parts = [f"days={days}"] * bool(days) + [f"seconds={rest // 1_000_000}"] * bool(rest)
    return f"timedelta({', '.join(parts)})"


def _of(feature: Feature) -> str:
    assert feature.of is not None
    return f'"{_bare(feature.of.name)}"'


def _over(template: str) -> Callable[[Feature], str]:
    return lambda feature: template.replace("OF", _of(feature))


def _decayed(feature: Feature) -> str:
    assert feature.half_life is not None
    half_life = f"pl.lit({_span(feature.half_life)})"
    weight = f"0.5 ** (({_AGE}) / {half_life})"
    value = weight if feature.of is None else f"pl.col({_of(feature)}) * {weight}"
    return f"chosen.select(({value}).sum()).item()"


def _velocity(feature: Feature) -> str:
    assert feature.window is not None and feature.against is not None
    first, second = feature.window / DAY_US, feature.against / DAY_US
    both = f"visible{_within(feature.window + feature.against)}{_where(feature)}"
    return f"before = {both}.height - chosen.height\n((chosen.height + 1) / {first:g}) / ((before + 1) / {second:g})"


def _followed_by(feature: Feature) -> str:
    assert feature.then is not None and feature.within is not None
    return f"""later = visible.filter(pl.sql_expr({_bare(feature.then.canonical)!r})).select(then_at="occurred_at")
pairs = chosen.join_where(
    later,
    pl.col("then_at") > pl.col("occurred_at"),
    pl.col("then_at") <= pl.col("occurred_at") + {_span(feature.within)},
)
pairs["event_id"].n_unique()"""


_VALUES: dict[str, str | Callable[[Feature], str]] = {
    "count": "chosen.height",
    "exists": "chosen.height > 0",
    "sum": _over("chosen[OF].sum()"),
    "mean": _over("chosen[OF].mean()"),
    "min": _over("chosen[OF].min()"),
    "max": _over("chosen[OF].max()"),
    "distinct": _over("chosen[OF].drop_nulls().n_unique()"),
    "active_days": 'chosen["occurred_at"].dt.date().n_unique()',
    "days_since_last": '(as_of - chosen["occurred_at"].max()) / timedelta(days=1)',
    "days_since_first": '(as_of - chosen["occurred_at"].min()) / timedelta(days=1)',
    "first": _over(f"chosen.select(pl.col(OF).{_BY_TIME}.first()).item()"),
    "last": _over(f"chosen.select(pl.col(OF).{_BY_TIME}.last()).item()"),
    "decayed_count": _decayed,
    "decayed_sum": _decayed,
    "velocity": _velocity,
    "gap_mean": '(chosen["occurred_at"].max() - chosen["occurred_at"].min()) / timedelta(days=1) / (chosen.height - 1)',
    "share": lambda feature: f"chosen.height / visible{_within(feature.window)}.height",
    "followed_by": _followed_by,
}
