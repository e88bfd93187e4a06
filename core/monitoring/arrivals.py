"""Sources that fall silent and events that change their shape, judged with the number of leads and events seen."""

from collections.abc import Mapping, Sequence

import polars as pl

from core.monitoring.report import SchemaChange, SourceDrift, State

SURE = 0.001
"""Chance, over all sources or properties, that one that did not change is called changed."""
LEAST_REACHED = 0.02
HALF = 0.5
OFTEN = 0.2
FEW_VALUES = 20
NEARLY_ALL = 0.9
NUMBERS = ("UBIGINT", "BIGINT", "HUGEINT", "DOUBLE")


def source_states(
    reached: pl.DataFrame, leads: tuple[int, int], features: Mapping[str, Sequence[str]]
) -> list[SourceDrift]:
    """Each source with its state; reached: source, reference, current (leads with an event of it)."""
    found = []
    for source, before, after in reached.select("source", "reference", "current").iter_rows():
        shares = before / max(leads[0], 1), after / max(leads[1], 1)
        state = _state(*shares, leads, reached.height)
        found.append(
            SourceDrift(source, state, round(shares[0], 6), round(shares[1], 6), tuple(features.get(source, ())))
        )
    return found


def _state(before: float, after: float, leads: tuple[int, int], sources: int) -> State:
    sure = SURE / max(sources, 1)
    if before >= LEAST_REACHED and after < HALF * before and _chance(before, after, leads) < sure:
        return "missing" if after == 0 else "thin"
    if before == 0 and after >= LEAST_REACHED and _chance(before, after, leads) < sure:
        return "new"
    return "delivers"


def _chance(before: float, after: float, counts: tuple[int, int]) -> float:
    """Two-sided p-value of two shares being one, by the normal approximation with pooled variance."""
    from scipy.stats import norm

    pooled = (before * counts[0] + after * counts[1]) / max(sum(counts), 1)
    error = (pooled * (1 - pooled) * (1 / max(counts[0], 1) + 1 / max(counts[1], 1))) ** 0.5
    return float(2 * norm.sf(abs(before - after) / error)) if error > 0 else 1.0


def schema_changes(properties: pl.DataFrame) -> list[SchemaChange]:
    """What came, went or changed its type between the sides; properties: side, type, events, key, kind, n."""
    events = {(side, kind): total for side, kind, total in properties.select("side", "type", "events").unique().rows()}
    types = sorted({kind for _, kind in events})
    totals = {kind: (events.get(("reference", kind), 0), events.get(("current", kind), 0)) for kind in types}
    whole = tuple(sum(total[place] for total in totals.values()) for place in (0, 1))
    names = {(kind, key) for kind, key in properties.select("type", "key").rows() if key is not None}
    found = [_type_change(kind, totals[kind], whole, len(types)) for kind in types]  # type: ignore[arg-type]
    both = [name for name in sorted(names) if min(totals[name[0]]) > 0]
    found += [_property_change(properties, *name, totals[name[0]], len(both)) for name in both]
    return [one for one in found if one]


def _type_change(kind: str, counts: tuple[int, int], whole: tuple[int, int], tests: int) -> SchemaChange | None:
    if min(counts) > 0 or min(whole) == 0:
        return None
    shares = counts[0] / whole[0], counts[1] / whole[1]
    if max(shares) < LEAST_REACHED or _chance(*shares, whole) > SURE / tests:
        return None
    return SchemaChange(kind, None, "gone" if counts[1] == 0 else "new", f"{shares[0]:.1%}", f"{shares[1]:.1%}")


def _property_change(
    properties: pl.DataFrame, kind: str, key: str, counts: tuple[int, int], tests: int
) -> SchemaChange | None:
    rows = properties.filter(pl.col("type") == kind, pl.col("key") == key, pl.col("kind") != "NULL")
    sides = [rows.filter(pl.col("side") == side) for side in ("reference", "current")]
    shares = [float(side["n"].sum()) / count for side, count in zip(sides, counts, strict=True)]
    if min(shares) == 0:
        if max(shares) < OFTEN or _chance(shares[0], shares[1], counts) > SURE / tests:
            return None
        return SchemaChange(kind, key, "gone" if shares[1] == 0 else "new", f"{shares[0]:.0%}", f"{shares[1]:.0%}")
    before, after = (_kind(side) for side in sides)
    return None if None in (before, after) or before == after else SchemaChange(kind, key, "retyped", before, after)  # type: ignore[arg-type]


def _kind(rows: pl.DataFrame) -> str | None:
    """The JSON type that nearly all of the property's values have, None where there is none or few values."""
    named = rows.with_columns(pl.col("kind").replace(dict.fromkeys(NUMBERS, "number") | {"VARCHAR": "text"}))
    counts = named.group_by("kind").agg(pl.col("n").sum()).sort("n", "kind", descending=[True, False])
    total = int(counts["n"].sum())
    if total < FEW_VALUES or counts["n"][0] < NEARLY_ALL * total:
        return None
    return str(counts["kind"][0]).lower()
