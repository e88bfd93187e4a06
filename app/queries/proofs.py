"""What is proved of a policy text, and of two of them."""

import polars as pl
import streamlit as st

from app.queries.policies import FILE, checked
from core.policy import checker
from core.policy.checker import Check, CheckReport
from core.policy.inputs import typical

PROVED_KINDS = ("structure", "proof", "claim")
SCOPES = {"core": "the rules", "effective": "as leads meet them"}
VERDICTS = {"pass": "Proved", "fail": "Refuted", "unknown": "Unknown"}


@st.cache_resource(max_entries=32, show_spinner="Proving …")
def proved(text: str) -> CheckReport:
    """The whole check of a text, proofs included."""
    return checker.check(text, FILE, proofs=True)


def statements(text: str) -> pl.DataFrame:
    """What was to be proved, what is not proved first: verdict, name, scope, detail, line."""
    report = proved(text)
    found = [one for one in report.checks if one.kind in PROVED_KINDS and one not in report.warnings]
    ranked = sorted(found, key=lambda one: one.verdict == "pass")
    rows = [
        (
            VERDICTS[one.verdict],
            one.name.replace("_", " "),
            SCOPES.get(one.scope, one.scope),
            one.detail.replace("`", ""),
            one.line,
        )
        for one in ranked
    ]
    kinds = {"verdict": pl.String, "name": pl.String, "scope": pl.String, "detail": pl.String, "line": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def refuted(text: str) -> list[Check]:
    """The statements that are not proved."""
    return [one for one in proved(text).failed if one.kind in PROVED_KINDS]


def unlike(text: str, lead: dict[str, object]) -> dict[str, object]:
    """The fields in which a lead differs from a typical one, and its arm."""
    policy = checked(text).policy
    fields = policy.input_fields if policy else {}
    return {name: value for name, value in lead.items() if name not in fields or value != typical(fields[name])}


@st.cache_data(max_entries=32, show_spinner="Proving …")
def differences(before: str, after: str) -> dict[str, tuple[str, dict[str, object] | None, object, object]]:
    """By output, and `newly eligible`: the verdict, the plainest lead, and its value before and after.

    Empty where either text is no policy.
    """
    from core.policy.prover import compare

    left, right = checked(before).policy, checked(after).policy
    if left is None or right is None:
        return {}
    found = compare(left, right)
    told = {}
    for name, answer in {**found.outputs, "newly eligible": found.newly_eligible}.items():
        verdict = {True: "differs", False: "equal", None: "unknown"}[answer.exists]
        output = "disposition" if name == "newly eligible" else name
        values = [None if side is None else side[output] for side in (answer.before, answer.after)]
        told[name] = (verdict, None if answer.lead is None else dict(answer.lead), *values)
    return told
