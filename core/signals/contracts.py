"""The data contract of a source: bounds on what it sends, learned from its past, and the gates that they make."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from core.signals.errors import ContractInvalid

LATENESS_HOURS = 72.0
SHARES = ("most_duplicate", "most_late", "most_skewed", "most_unknown_types", "most_unknown_values")
COUNTS = ("most_per_day", "least_per_day", "burst_per_minute", "least_rows")
HOURS = ("lateness_hours", "max_silence_hours")
SLACK = 0.05


@dataclass(frozen=True)
class Contract:
    """Bounds; null: not judged. Shares are from 0 to 1, of the events of one batch.

    `missing` is by field the most share without a value, `types` and `values` (by field) what is known to come. A batch
    of fewer than `least_rows` events is not judged. `burst_per_minute` is how many events of one lead in one minute
    count; `bots` says whether events of known robots are kept out of features.
    """

    lateness_hours: float = LATENESS_HOURS
    max_silence_hours: float | None = None
    most_per_day: int | None = None
    least_per_day: int | None = None
    most_duplicate: float | None = None
    most_late: float | None = None
    most_skewed: float | None = None
    missing: Mapping[str, float] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    most_unknown_types: float | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most_unknown_values: float | None = None
    burst_per_minute: int | None = None
    bots: bool = True
    least_rows: int = 50

    def to_json(self) -> dict[str, Any]:
        """The contract as it is stored and edited."""
        return asdict(self) | {
            "types": list(self.types),
            "values": {name: list(known) for name, known in self.values.items()},
        }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Contract":
        """The contract that a document says; raises ContractInvalid."""
        known = {one.name for one in fields(cls)}
        for name in given:
            if name not in known:
                raise ContractInvalid(name, given[name], f"one of {', '.join(sorted(known))}")
        for name in (*SHARES, *COUNTS, *HOURS):
            if name in given:
                _require_number(name, given[name], 1.0 if name in SHARES else None)
        _require_shapes(given)
        return cls(**{name: _frozen(name, value) for name, value in given.items()})


def _require_number(name: str, value: object, most: float | None) -> None:
    if value is None and name not in ("lateness_hours", "least_rows"):
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value < 0 or (most is not None and value > most):  # type: ignore[operator]
        raise ContractInvalid(name, value, f"a number from 0{' to 1' if most else ' on'}")


def _require_shapes(given: Mapping[str, Any]) -> None:
    missing, values = given.get("missing", {}), given.get("values", {})
    if not isinstance(missing, Mapping):
        raise ContractInvalid("missing", missing, "a table of field: share")
    for name, share in missing.items():
        _require_number(f"missing.{name}", share, 1.0)
    if not _texts(given.get("types", ())):
        raise ContractInvalid("types", given["types"], "a list of names")
    if not isinstance(values, Mapping) or not all(_texts(known) for known in values.values()):
        raise ContractInvalid("values", values, "a table of field: list of texts")
    if not isinstance(given.get("bots", True), bool):
        raise ContractInvalid("bots", given["bots"], "true or false")


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _frozen(name: str, value: Any) -> Any:
    if name == "types":
        return tuple(value)
    return {field: tuple(known) for field, known in value.items()} if name == "values" else value


@dataclass(frozen=True)
class Facts:
    """What one source sends in one batch: counts of events, and by field the shares that a contract bounds."""

    rows: int
    duplicate: int = 0
    late: int = 0
    skewed: int = 0
    busiest_day: int = 0
    missing: Mapping[str, float] = field(default_factory=dict)
    unknown_types: float = 0.0
    unknown_values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A gate that a batch does not pass: what was seen and what the contract allows."""

    gate: str
    seen: float
    bound: float

    def __str__(self) -> str:
        return f"{self.gate} {self.seen:.4g}, at most {self.bound:.4g}"


def failures(contract: Contract, facts: Facts) -> tuple[Failure, ...]:
    """The gates that fail; none where the batch is too small to be judged."""
    if facts.rows < contract.least_rows:
        return ()
    return tuple(Failure(*one) for one in _judged(contract, facts) if one[2] is not None and one[1] > one[2])


def _judged(contract: Contract, facts: Facts) -> Iterator[tuple[str, float, Any]]:
    yield "events a day", facts.busiest_day, contract.most_per_day
    yield "share of duplicates", facts.duplicate / (facts.rows + facts.duplicate), contract.most_duplicate
    yield "share that is late", facts.late / facts.rows, contract.most_late
    yield "share ahead of its receipt", facts.skewed / facts.rows, contract.most_skewed
    for name, share in facts.missing.items():
        yield f"share without `{name}`", share, contract.missing.get(name)
    yield "share of unknown types", facts.unknown_types, contract.most_unknown_types
    for name, share in facts.unknown_values.items():
        yield f"share of unknown values of `{name}`", share, contract.most_unknown_values


@dataclass(frozen=True)
class Past:
    """What a source's history shows; shares are the highest of any batch or day, delays and gaps in hours."""

    busiest_day: int
    quietest_day: int
    duplicate: float
    late: float
    skewed: float
    delay_hours: float
    longest_gap_hours: float
    missing: Mapping[str, float]
    types: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]


def learned(past: Past) -> Contract:
    """The bounds that the history suggests, with room above what was seen; a person confirms or changes them."""
    return Contract(
        lateness_hours=round(max(past.delay_hours * 2, 1.0), 1),
        max_silence_hours=round(max(past.longest_gap_hours * 2, 1.0), 1),
        most_per_day=past.busiest_day * 2,
        least_per_day=past.quietest_day // 2,
        most_duplicate=_above(past.duplicate),
        most_late=_above(past.late),
        most_skewed=_above(past.skewed),
        missing={name: bound for name, share in past.missing.items() if (bound := _above(share)) < 1},
        types=past.types,
        most_unknown_types=SLACK,
        values=past.values,
        most_unknown_values=SLACK,
    )


def _above(share: float) -> float:
    return round(min(share * 1.5 + SLACK, 1.0), 4)
