"""The decision memo: one decision on one page, as Markdown or JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.exports.origin import Origin

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~$"})


def escaped(value: object) -> str:
    """The value as one line of Markdown text that nothing in it can format."""
    return "—" if value is None else " ".join(str(value).split()).translate(_SPECIAL)


def to_json(explanation: Mapping[str, Any], origin: Origin) -> bytes:
    """The explanation (contracts.md, `explain`) with the facts of its export."""
    facts = {name.lower().replace(" ", "_"): value for name, value in origin.lines()}
    return json.dumps({"memo": facts, **explanation}, ensure_ascii=False, indent=2, default=str).encode()


def to_markdown(explanation: Mapping[str, Any], origin: Origin) -> bytes:
    """The explanation (contracts.md, `explain`) as a page to print: outcome, reasons, versions.

    It may also hold `change` (parts: cause and points since the decision before; flipped_by) and `otherwise` (words,
    changes: option, feature, before, after), each None where there is nothing to tell.
    """
    decision = explanation["decision"]
    parts = [
        f"# Decision memo: {escaped(explanation['lead_id'])}",
        _outcome(explanation, decision),
        "## Why this score\n\n" + _points(explanation),
        "## Why this outcome\n\n" + _reasons(decision.get("reasons") or ()),
        *_told(explanation, "change", "What changed since the decision before", _change),
        *_told(explanation, "otherwise", "What would change it", _otherwise),
        "## Versions\n\n" + _versions(explanation, origin),
    ]
    return ("\n\n".join(parts) + "\n").encode()


def _outcome(explanation: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    rows = [
        ("Percentile", _rank(explanation["percentile"])),
        ("Score", f"{explanation['score']:.4f} (calibrated probability)"),
        ("Fit and engagement", f"{explanation.get('fit')} / {explanation.get('engagement')}"),
        ("Disposition", decision.get("disposition")),
        ("Band", decision.get("band")),
        ("Pool", decision.get("pool")),
        ("Action", decision.get("action")),
        ("As of", explanation["as_of"]),
    ]
    return _table(("", ""), [(name, escaped(value)) for name, value in rows])


def _rank(percentile: float | None) -> str | None:
    return None if percentile is None else str(int(percentile))


def _points(explanation: Mapping[str, Any]) -> str:
    rows = [
        (escaped(point["label"]), escaped(point["value"]), f"{100 * point['points']:+.2f}")
        for point in explanation["points"]
    ]
    base = f"Base {100 * explanation['base']:.2f} points; all points together give the score."
    return base + "\n\n" + _table(("Feature", "Value", "Points"), rows)


def _reasons(reasons: Sequence[Mapping[str, Any]]) -> str:
    rows = [(escaped(reason["rule"]), escaped(reason.get("reason"))) for reason in reasons]
    return _table(("Rule", "Reason"), rows) if rows else "No rule fired."


def _told(explanation: Mapping[str, Any], name: str, title: str, words: Callable[[Any], str]) -> list[str]:
    return [f"## {title}\n\n{words(explanation[name])}"] if name in explanation else []


def _change(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "Nothing to compare it with: it is the first decision, or its versions are not kept any more."
    rows = [(escaped(one["cause"]), f"{100 * one['points']:+.2f}") for one in told["parts"]]
    flipped = f"\n\nThe decision was first flipped by: {escaped(told['flipped_by'])}." if told["flipped_by"] else ""
    return (_table(("Cause", "Points"), rows) if rows else "The score did not move.") + flipped


def _otherwise(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "Not told: its model, policy or features are not kept any more."
    names = ("option", "feature", "before", "after")
    rows = [[escaped(one[name]) for name in names] for one in told["changes"]]
    table = "\n\n" + _table(("Option", "Feature", "Now", "Then"), rows) if rows else ""
    return escaped(told["words"]) + table


def _versions(explanation: Mapping[str, Any], origin: Origin) -> str:
    given = [(name, value) for name, value in origin.lines() if name not in ("List", "Filter", "As of")]
    hashes = [(name.replace("_", " ").capitalize(), explanation.get(name)) for name in ("decision_id", "model_hash")]
    rows = [*given, *hashes, ("Policy hash", explanation.get("policy_hash"))]
    return _table(("", ""), [(name, escaped(value)) for name, value in rows])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
