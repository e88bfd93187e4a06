"""Steps and sequences in the default set: how far a lead has come, how fast, and what it did after what."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from core.features.aggregates import CATEGORY
from core.features.document import Feature
from core.features.naming import humanised
from core.features.profile import TypeProfile
from core.features.schema import OPEN_SCHEMA
from core.features.sequences import Sequence as Mined
from core.kernel.expressions import Expression, parse
from core.kernel.expressions.words import LENGTH_LIMIT
from core.kernel.times import duration_text

ONCE = 1.2
FEWEST_STAGES = 3


def condition(text: str) -> Expression | None:
    """The condition, None where it is too long or holds what no document may."""
    return parse(text, OPEN_SCHEMA) if len(text) <= LENGTH_LIMIT and text.isprintable() else None


def quoted(value: str) -> str:
    """A text as a condition writes it."""
    return "'" + value.replace("'", "''") + "'"


def stages(telling: Sequence[TypeProfile], window: int) -> Iterator[Feature]:
    """The last stage, stages passed, days since, days a stage and pace; a stage is what happens about once a lead."""
    found = sorted(kind.type for kind in telling if kind.events <= ONCE * kind.leads)
    where = condition(f"type IN ({', '.join(quoted(name) for name in found)})") if len(found) >= FEWEST_STAGES else None
    if where is None:
        return
    yield Feature(
        "last_stage", "last", of=OPEN_SCHEMA.find("type"), type=CATEGORY, where=where, given_label="Latest stage"
    )
    yield Feature("stages", "count", where=where, given_label="Stages passed")
    yield Feature("days_since_stage", "days_since_last", where=where, given_label="Days since the latest stage")
    yield Feature("days_a_stage", "gap_mean", where=where, given_label="Average days from stage to stage")
    span = duration_text(window)
    yield Feature(
        f"stage_pace_{span}",
        "velocity",
        where=where,
        window=window,
        against=3 * window,
        given_label=f"Pace of stages, last {span} against the {duration_text(3 * window)} before",
    )


def sequences(
    mined: Sequence[Mined], ladder: Sequence[int], names: Mapping[str, str], identifier: Callable[[str], str]
) -> Iterator[Feature]:
    """For each sequence how often A was followed by B in the time that it usually takes."""
    for one in mined:
        where, then = (condition(f"type = {quoted(name)}") for name in (one.first, one.then))
        if where is None or then is None:
            continue
        within = next((length for length in ladder if length >= one.span_us), ladder[-1])
        first, last = (names.get(name) or humanised(name) for name in (one.first, one.then))
        stem = f"{identifier(one.first)[:20]}_then_{identifier(one.then)[:20]}"
        label = f"{first}, then {last} within {duration_text(within)}"
        yield Feature(stem, "followed_by", where=where, then=then, within=within, given_label=label)
