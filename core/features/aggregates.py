"""The closed list of aggregates: what each one needs, what kind of value it gives, and its value of an empty set."""

from dataclasses import dataclass

COUNT, BOOLEAN, NUMBER, CATEGORY = "count", "boolean", "number", "category"
VALUE_TYPES = (NUMBER, CATEGORY, BOOLEAN)
SCOPES = ("lead", "account", "account_others")
FIXED, MORE, LESS, ANY = "fixed", "more", "less", "any"
ACTIONABLE = (FIXED, MORE, LESS, ANY)
"""Which way a person can move a feature's value by doing something: not at all, up, down, or both."""
RAW_NUMBER_LIMIT = 1e24
MICRO = 1e6
DECAY_UNIT = 2.0**32


@dataclass(frozen=True)
class Aggregate:
    """One aggregate: the keys it needs, the type of its value (None: as the data has it), its value of an empty set.

    `actionable` is which way doing something moves it unless a feature says otherwise.
    """

    name: str
    needs: tuple[str, ...] = ()
    dtype: str | None = NUMBER
    empty: int | float | bool | None = None
    numeric: bool = False
    actionable: str = FIXED


_ALL = (
    Aggregate("count", dtype=COUNT, empty=0, actionable=MORE),
    Aggregate("exists", dtype=BOOLEAN, empty=False, actionable=MORE),
    Aggregate("sum", ("of",), empty=0.0, numeric=True, actionable=MORE),
    Aggregate("mean", ("of",), numeric=True),
    Aggregate("min", ("of",), numeric=True),
    Aggregate("max", ("of",), numeric=True),
    Aggregate("distinct", ("of",), dtype=COUNT, empty=0, actionable=MORE),
    Aggregate("active_days", dtype=COUNT, empty=0, actionable=MORE),
    Aggregate("days_since_last", actionable=LESS),
    Aggregate("days_since_first"),
    Aggregate("first", ("of",), dtype=None),
    Aggregate("last", ("of",), dtype=None),
    Aggregate("decayed_count", ("half_life",), empty=0.0, actionable=MORE),
    Aggregate("decayed_sum", ("of", "half_life"), empty=0.0, numeric=True, actionable=MORE),
    Aggregate("velocity", ("window", "against")),
    Aggregate("gap_mean"),
    Aggregate("share", ("where",)),
    Aggregate("followed_by", ("then", "within"), dtype=COUNT, empty=0, actionable=MORE),
)
AGGREGATES = {aggregate.name: aggregate for aggregate in _ALL}

SPECIAL_KEYS = ("of", "half_life", "against", "then", "within", "type")
ABOUT_KEYS = ("name", "label", "description", "owner", "max_age", "actionable")
BEHAVIOUR_KEYS = ("aggregate", "scope", "where", "window")


def allowed_keys(aggregate: str | None) -> tuple[str, ...]:
    """The keys that a feature with this aggregate may have; None stands for an attribute feature."""
    if aggregate is None:
        return (*ABOUT_KEYS, "attribute", "type")
    spec = AGGREGATES[aggregate]
    special = [key for key in SPECIAL_KEYS if key in spec.needs or (key == "type" and spec.dtype is None)]
    return (*ABOUT_KEYS, *BEHAVIOUR_KEYS, *special)
