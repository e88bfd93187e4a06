"""A full simulation as tables for the page: both modes side by side, harm, service by the reps, groups."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from app.queries import policies, versions
from app.queries.access import cells, database, revision
from core.policy.document import Policy
from core.policy.store import StoredVersion
from core.signals import store_reps
from core.simulation.capacity.slots import WITHIN_MIN
from core.simulation.evidence import Evidence, Kept
from core.simulation.store_evidence import EvidenceStore
from core.simulation.study import ONE_STEP, ROLLED, Study

OUTPUTS = ("disposition", "band", "pool", "action", "sla_min", "next_state")
NEWLY = ("newly_eligible", "newly_held", "newly_denied")


@st.cache_resource(max_entries=8, show_spinner=False)
def told(subject: str, _study: Study) -> tuple[dict[str, Any], Evidence]:
    """What a study found, as JSON, and its evidence."""
    evidence = _study.evidence()
    return dict(evidence.result), evidence


def kept(base: StoredVersion, draft: Policy) -> list[Kept]:
    """The evidence that is kept about the draft against the version, newest first."""
    return _kept(revision("governance"), base.content_hash, draft.content_hash)


@st.cache_data(max_entries=8, show_spinner=False)
def _kept(revision: str, before: str, after: str) -> list[Kept]:
    return EvidenceStore(database()).about(after, before)


def both(result: Mapping[str, Any]) -> pl.DataFrame:
    """What differs, one step, rolled forward: the numbers of leads of both modes, those that were counted."""
    sides = {name: result["numbers"][name] for name in (ONE_STEP, ROLLED)}
    rows = [("Decided otherwise", *(_count(one, "changed") for one in sides.values()))]
    rows += [(_words(name), *(_count(one, name) for one in sides.values())) for name in NEWLY]
    rows += [
        (
            f"Another {versions.output_name(name)}",
            *(_count(one and one["by_output"], name) for one in sides.values()),
        )
        for name in OUTPUTS
    ]
    kinds = {"what": pl.String, "one_step": pl.Int64, "rolled": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


WAYS = {
    "timed_out": "Decisions after a time-out",
    "breached": "Decisions that carry out a breach",
    "capped": "Actions that caps took away",
    "overdue": "Leads overdue at the end",
}


def way(history: Mapping[str, Any]) -> pl.DataFrame:
    """what, before, after: what happened while both versions were rolled forward."""
    rows = [(words, history[f"{name}_before"], history[f"{name}_after"]) for name, words in WAYS.items()]
    return pl.DataFrame(rows, schema={"what": pl.String, "before": pl.Int64, "after": pl.Int64}, orient="row")


def _count(told: Mapping[str, Any] | None, name: str) -> int | None:
    return told[name] if told else None


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def harm(result: Mapping[str, Any]) -> pl.DataFrame:
    """dimension, group, verdict, leads, before, after and change with their intervals as texts; the worst first."""
    order = {"worse": 0, "unclear": 1, "better": 2, "unchanged": 3, "not_enough_leads": 4}
    rows = sorted(result["harm"], key=lambda one: (order[one["verdict"]], one["dimension"], -one["leads"]))
    shown = [
        (
            one["dimension"].replace("_", " "),
            one["group"],
            one["verdict"].replace("_", " "),
            one["leads"],
            _share(one["before"]),
            _share(one["after"]),
            _range(one["change"], one["change_low"], one["change_high"], "+.1%"),
        )
        for one in rows
    ]
    names = ["dimension", "group", "verdict", "leads", "before", "after", "change"]
    kinds = dict.fromkeys(names, pl.String) | {"leads": pl.Int64}
    return cells(pl.DataFrame(shown, schema=kinds, orient="row"), "dimension", "group")


def _share(side: Mapping[str, float] | None) -> str | None:
    return _range(side["share"], side["low"], side["high"], ".1%") if side else None


def _range(value: float | None, low: float | None, high: float | None, form: str) -> str | None:
    """`12.0 % (9.1 % – 15.4 %)` in the form that is given; None where there is no value."""
    if value is None or low is None or high is None:
        return None
    return f"{format(value, form)} ({format(low, form)} – {format(high, form)})"


def pools(result: Mapping[str, Any]) -> pl.DataFrame:
    """pool, reps, per_week, sla_before, sla_after, utilisation, erlang_late, one_more: the staffed pools."""
    capacity = result["capacity"]
    before = {one["pool"]: one["sla_attainment"] for one in capacity["before"]["pools"]}
    more = {one["pool"]: one["sla_attainment"] for one in capacity["one_more_rep"]}
    rows = [
        (
            one["pool"], one["reps"], one["per_week"], before.get(one["pool"]), one["sla_attainment"],
            one["utilisation"], one["erlang_late"], more.get(one["pool"]),
        )
        for one in capacity["after"]["pools"]
    ]  # fmt: skip
    names = ["pool", "reps", "per_week", "sla_before", "sla_after", "utilisation", "erlang_late", "one_more"]
    kinds = dict.fromkeys(names, pl.Float64) | {"pool": pl.String, "reps": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def groups(result: Mapping[str, Any]) -> pl.DataFrame:
    """dimension, group, leads, changed, newly eligible, held and denied, sla_delta (minutes)."""
    kinds = {"dimension": pl.String, "group": pl.String} | dict.fromkeys(
        ("leads", "changed", *NEWLY, "sla_delta"), pl.Int64
    )
    rows = [{**one, "dimension": one["dimension"].replace("_", " ")} for one in result["by_group"]]
    return cells(pl.DataFrame(rows, schema=kinds), "dimension", "group")


def slots_today(draft: Policy) -> float | None:
    """The leads a day that reps may take in pools with an agreed time of under a day; None where no limit is known."""
    routes = [row.then for row in draft.document.routing.rules]
    urgent = {route.pool for route in routes if route.sla_min is not None and route.sla_min < WITHIN_MIN}
    return _slots(revision("signals"), tuple(sorted(urgent)))


@st.cache_data(max_entries=8, show_spinner=False)
def _slots(revision: str, pools: tuple[str, ...]) -> float | None:
    known = store_reps.current(database()).filter(pl.col("pool").is_in(pools))["per_day"].drop_nulls()
    return float(known.sum()) if len(known) else None


def as_json(study: Study) -> bytes:
    """What `policy simulate --json` prints of the same question."""
    return json.dumps(study.to_json(), ensure_ascii=False, indent=1).encode()


def about(study: Study, base: StoredVersion, evidence: Evidence) -> dict[str, str]:
    """What an exported table says of itself."""
    asked = study.question
    return {
        "List": f"A simulation, {asked.mode}",
        "Before": f"{policies.title(base)} {asked.before.content_hash}",
        "After": f"{asked.after.ref} {asked.after.content_hash}",
        "Seed": str(asked.seed),
        "Evidence": evidence.hash,
    }
