"""What a policy would change: the leads as they stand, decided by the live version and by a draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from app.queries import leads, policies, versions
from app.queries.access import database, revision
from app.queries.policies import Check
from core.decisions import standing
from core.kernel.canonical import digest
from core.policy import evaluator, inputs
from core.policy.document import Policy
from core.policy.store import StoredVersion
from core.simulation.capacity import slots
from core.simulation.one_step import MATRIX_OUTPUTS, Simulation
from core.simulation.study import ONE_STEP

OUTPUTS = MATRIX_OUTPUTS
NOBODY = "none"
SMALL = 0.03
MOST_GROWTH = 0.2
SHOWN = ("disposition", "band", "pool", "sla_min", "action", "next_state", "priority")


@dataclass(frozen=True)
class Figures:
    """The figures over a simulation; `expected` sums the scores of the best band, before and after."""

    leads: int
    changed: int
    rerouted: int
    up: int
    down: int
    top: str
    top_before: int
    top_after: int
    expected_before: float
    expected_after: float
    stopped_before: int
    stopped_after: int


@dataclass(frozen=True)
class Simulated:
    """A simulation with its figures, its leads as a frame with names and scores, its hash and its seconds."""

    run: Simulation
    figures: Figures
    rows: pl.DataFrame
    result_hash: str
    seconds: float
    mode: str


def subject(base: StoredVersion, draft: Policy) -> str:
    """What a simulation is about: the leads as they stand now, the version and the draft."""
    return "|".join((revision("decisions", "signals", "features"), base.content_hash, draft.content_hash))


@st.cache_resource(max_entries=16, show_spinner=False)
def simulated(subject: str, _run: Simulation, seconds: float, mode: str = ONE_STEP) -> Simulated:
    """A simulation that ran, with its figures, its leads by name and its hash."""
    run, before = _run, _run.before
    known = leads.board().select("lead_id", "percentile", "score")
    rows = run.leads.join(known, on="lead_id", how="left").with_columns(
        rank_before=_rank(before, "band_before"), rank_after=_rank(before, "band_after")
    )
    told = digest(run.leads.write_csv().encode())
    return Simulated(run, _figures(run, rows), rows, told, seconds, mode)


def _rank(policy: Policy, column: str) -> pl.Expr:
    """The place of a band, 0 for the best; a lead without a band or that is not permitted comes last."""
    order = policy.document.bands.order
    places = {band: place for place, band in enumerate(order)}
    held = pl.col(column.replace("band", "disposition")) != "PERMIT"
    place = pl.col(column).replace_strict(places, default=len(order), return_dtype=pl.Int32)
    return pl.when(held).then(len(order) + 1).otherwise(place)


def _figures(run: Simulation, rows: pl.DataFrame) -> Figures:
    top = run.before.document.bands.order[0]
    best = {when: rows.filter(pl.col(f"band_{when}") == top) for when in ("before", "after")}
    stopped = {when: rows.filter(pl.col(f"disposition_{when}") != "PERMIT").height for when in ("before", "after")}
    return Figures(
        leads=rows.height,
        changed=run.changed.height,
        rerouted=rows.filter(pl.col("pool_before").ne_missing(pl.col("pool_after"))).height,
        up=rows.filter(pl.col("rank_after") < pl.col("rank_before")).height,
        down=rows.filter(pl.col("rank_after") > pl.col("rank_before")).height,
        top=top,
        top_before=best["before"].height,
        top_after=best["after"].height,
        expected_before=float(best["before"]["score"].sum()),
        expected_after=float(best["after"]["score"].sum()),
        stopped_before=stopped["before"],
        stopped_after=stopped["after"],
    )


def moves(found: Simulated, output: str) -> tuple[pl.DataFrame, list[str]]:
    """before, after and leads of one output, and the order of its values; small values are drawn as one."""
    matrix = found.run.matrix(output)
    order = _order(found, output, matrix)
    small = _small(found, matrix) if output in ("pool", "action") else set()
    if len(small) < 2:
        return matrix, order
    rest = f"{len(small)} small {output}s"
    folded = matrix.with_columns(
        pl.when(pl.col(side).is_in(small)).then(pl.lit(rest)).otherwise(side).alias(side)
        for side in ("before", "after")
    )
    rows = folded.group_by("before", "after", maintain_order=True).agg(pl.sum("leads"))
    return rows, list(dict.fromkeys(rest if value in small else value for value in order))


def _small(found: Simulated, matrix: pl.DataFrame) -> set[str]:
    """The values that too few leads have on either side to be drawn apart."""
    least = SMALL * found.figures.leads
    sizes: dict[str, int] = {}
    for before, after, count in matrix.iter_rows():
        sizes[before] = sizes.get(before, 0) + count
        sizes[after] = sizes.get(after, 0) + (count if before != after else 0)
    return {value for value, size in sizes.items() if size < least}


def _order(found: Simulated, output: str, matrix: pl.DataFrame) -> list[str]:
    """The values best first: bands as the policy orders them, pools and actions by the mean score of their leads."""
    values = set(matrix["before"]) | set(matrix["after"])
    if output == "band":
        words = [*found.run.before.document.bands.order, *found.run.after.document.bands.order, NOBODY]
        return [word for word in dict.fromkeys(words) if word in values]
    if output == "disposition":
        return [word for word in ("PERMIT", "HOLD", "DENY") if word in values]
    value = pl.col(f"{output}_after").fill_null(NOBODY).alias("value")
    scores = dict(found.rows.group_by(value).agg(pl.mean("score")).iter_rows())
    return sorted(values, key=lambda one: (one == NOBODY, -(scores.get(one) or 0.0), one))


def curve(found: Simulated) -> pl.DataFrame:
    """Wins expected by leads a day that somebody gets to: see `slots.by_slots`."""
    return slots.by_slots(found.run, found.rows)


def wins_at(curve: pl.DataFrame, slots: float) -> tuple[float, float]:
    """Wins expected now and under the draft where so many leads a day are reached, between the points of the curve."""
    before, after = (float(np.interp(slots, curve["slots"], curve[side])) for side in ("before", "after"))
    return before, after


def between(found: Simulated, output: str, before: str, after: str) -> pl.DataFrame:
    """The leads that go from one value of an output to another (or stay in it), as `movers` gives them."""
    sides = {"before": before, "after": after}
    same = [pl.col(f"{output}_{when}").cast(pl.String).fill_null(NOBODY) == value for when, value in sides.items()]
    return _named(found.rows.filter(*same))


def movers(found: Simulated, which: str) -> pl.DataFrame:
    """The leads that move: `up` a band, `down` a band (or are held or denied), all that change in any way, or those
    that are newly PERMIT, HOLD or DENY.
    """
    rows = found.rows.join(found.run.changed.select("lead_id"), on="lead_id", how="semi")
    if which in ("PERMIT", "HOLD", "DENY"):
        rows = rows.filter((pl.col("disposition_after") == which) & (pl.col("disposition_before") != which))
    elif which == "up":
        rows = rows.filter(pl.col("rank_after") < pl.col("rank_before"))
    elif which == "down":
        rows = rows.filter(pl.col("rank_after") > pl.col("rank_before"))
    return _named(rows)


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with names as the person looking may see them, the best score first; outputs that change have arrows."""
    named = leads.board().select("lead_id", "ref", "lead", "company", "region")
    rows = rows.join(named, on="lead_id")
    arrow = [_change(name) for name in ("disposition", "band", "pool", "action")]
    return rows.sort("score", descending=True).select(
        pl.col("ref").alias("lead_id"), "lead", "company", "region", "percentile", "score", *arrow
    )


def _change(output: str) -> pl.Expr:
    before, after = (pl.col(f"{output}_{when}").cast(pl.String).fill_null("–") for when in ("before", "after"))
    return pl.when(before == after).then(after).otherwise(pl.format("{} → {}", before, after)).alias(output)


def rule_hits(found: Simulated) -> pl.DataFrame:
    """rule, block, before and after: how many leads each rule of the draft had a part in, in the draft's order."""
    document = found.run.after.document
    blocks = {"guard": document.guards.rules, "route": document.routing.rules}
    if document.actions:
        blocks["action"] = document.actions.rules
    rows = [
        (rule.id, block, found.run.hits["before"].get(rule.id, 0), found.run.hits["after"].get(rule.id, 0))
        for block, rules in blocks.items()
        for rule in rules
    ]
    kinds = {"rule": pl.String, "block": pl.String, "before": pl.Int64, "after": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def checks(found: Simulated) -> list[Check]:
    """What the simulation alone can tell: growth of the best band, and leads that no pool takes."""
    told = found.figures
    growth = (told.top_after - told.top_before) / max(told.top_before, 1)
    direction = "grew" if growth >= 0 else "shrank"
    grown = Check(
        "warning" if abs(growth) > MOST_GROWTH else "passed",
        f"{told.top.capitalize()} {direction} by {abs(growth):.0%} (warn above {MOST_GROWTH:.0%})",
        "Simulated on the leads as they stand.",
    )
    permitted = found.rows.filter((pl.col("disposition_after") == "PERMIT") & pl.col("pool_after").is_null()).height
    missing = Check(
        "failed" if permitted else "passed",
        f"{permitted:,} eligible leads without a pool" if permitted else "Every eligible lead has a pool",
        "Simulated on the leads as they stand.",
    )
    return [grown, missing]


def about(found: Simulated, base: StoredVersion) -> dict[str, str]:
    """What an exported simulation says of itself."""
    return {
        "List": f"Leads that a draft would treat differently (simulated, {found.mode})",
        "Before": f"{policies.title(base)} {found.run.before.content_hash}",
        "After": f"{found.run.after.ref} {found.run.after.content_hash}",
        "Leads": f"{found.figures.leads:,}",
        "Result hash": found.result_hash,
    }


@dataclass(frozen=True)
class Tested:
    """One lead under both versions: the outputs side by side, and the draft's inputs and trace."""

    outputs: pl.DataFrame
    given: pl.DataFrame
    trace: Mapping[str, Any]


def test(lead_id: str, base: StoredVersion, text: str, changed: Mapping[str, object]) -> Tested | None:
    """The lead's own inputs under both versions, with some of them `changed`; None where it is not decided."""
    after = policies.checked(text).policy
    if after is None:
        return None
    before = base.policy
    found = _inputs(subject(base, after), lead_id, before, after)
    if lead_id not in found:
        return None
    given = {name: value for name, value in changed.items() if name in after.input_fields}
    mine = {**found[lead_id](after), **given}
    old = {**found[lead_id](before), **{name: value for name, value in given.items() if name in before.input_fields}}
    first, second = evaluator.compile(before).decide(old).to_json(), evaluator.explain(after, mine)
    outcome: Mapping[str, object] = second["outcome"]  # type: ignore[assignment]
    rows = [(versions.output_name(one).capitalize(), _words(first[one]), _words(outcome[one])) for one in SHOWN]
    normal = inputs.normalised(after, mine)
    return Tested(
        pl.DataFrame(rows, schema=["output", "before", "after"], orient="row"),
        pl.DataFrame(
            {"input": list(map(versions.attribute_name, normal)), "value": [_told(value) for value in normal.values()]}
        ),
        second,
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _inputs(subject: str, lead_id: str, _before: Policy, _after: Policy) -> dict[str, Any]:
    return dict(standing.leads(database(), (_before, _after), lead_id=lead_id))


def _words(value: object) -> str:
    return _told(value).replace("_", " ")


def _told(value: object) -> str:
    return "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
