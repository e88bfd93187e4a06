"""Drift as a test suite in JUnit's XML, for pipelines that show test results (formats.md, CI)."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

SUITE = "leadbench drift"
Case = tuple[str, str, str, str]
"""Group, name, state (passed, failed or skipped) and the message."""


def cases(told: Mapping[str, Any]) -> Iterator[Case]:
    """The `drift` object as tests: a column fails where it drifted, and is skipped where data were too few."""
    columns = [*told["features"], *({"label": name, **told[name]} for name in ("score", "label") if told.get(name))]
    for one in columns:
        yield "columns", one["label"], *_column(one)
    for one in told.get("sources", ()):
        failed = one["state"] in ("missing", "thin")
        yield "sources", one["source"], "failed" if failed else "passed", f"state: {one['state']}"
    for one in told.get("schema_changes", ()):
        name = ".".join(part for part in (one["event_type"], one["property"]) if part)
        state = "passed" if one["change"] == "new" else "failed"
        yield "schema", name, state, f"{one['change']}: {one['reference']} before, {one['current']} now"


def to_junit(told: Mapping[str, Any]) -> bytes:
    """The `drift` object as one JUnit test suite."""
    found = list(cases(told))
    counts = {"tests": len(found), "failures": _count(found, "failed"), "skipped": _count(found, "skipped")}
    attributes = {"name": SUITE, "errors": "0", **{name: str(count) for name, count in counts.items()}}
    suite = ElementTree.Element("testsuite", attributes)
    for group, name, state, message in found:
        case = ElementTree.SubElement(suite, "testcase", {"classname": f"leadbench.drift.{group}", "name": name})
        if state != "passed":
            kind = "failure" if state == "failed" else "skipped"
            ElementTree.SubElement(case, kind, {"message": message})
    root = ElementTree.Element("testsuites", {"name": SUITE})
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _column(one: Mapping[str, Any]) -> tuple[str, str]:
    if one["verdict"] == "not_enough_data":
        return "skipped", "not enough data"
    moved = f"; it moves {one['decisions_moved']:,} decisions" if "decisions_moved" in one else ""
    message = f"stability index {one['statistic']:.3f}, threshold {one['threshold']:.3f}{moved}"
    return ("failed" if one["verdict"] == "drift" else "passed"), message


def _count(found: list[Case], state: str) -> int:
    return sum(one[2] == state for one in found)
