"""A policy check in the formats of other tools: SARIF 2.1.0 for code review, JUnit XML for continuous integration."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.policy.checker import WARNINGS

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"fail": "error", "unknown": "warning", "pass": "note"}
Report = Mapping[str, Any]


def sarif(report: Report) -> dict[str, Any]:
    """The report as a SARIF log: a result for each check that does not pass, with its place and counterexample, and a
    note for each that warns.
    """
    open_checks = [check for check in report["checks"] if check["verdict"] != "pass" or check["code"] in WARNINGS]
    rules = list(dict.fromkeys(check["code"] for check in open_checks))
    driver = {
        "name": "leadbench",
        "version": version("leadbench"),
        "rules": [{"id": code, "shortDescription": {"text": code.replace("_", " ")}} for code in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(check, report["file"], rules) for check in open_checks],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def junit(report: Report) -> str:
    """The report as JUnit XML: a suite a kind of check, a case a check; unknown is an error, fail a failure."""
    root = Element("testsuites", name="leadbench policy check")
    kinds = dict.fromkeys(check["kind"] for check in report["checks"])
    for kind in kinds:
        checks = [check for check in report["checks"] if check["kind"] == kind]
        suite = SubElement(root, "testsuite", _counted(f"policy {kind}", checks))
        for case in _cases(checks, report["file"]):
            suite.append(case)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _result(check: Report, file: str, rules: Sequence[str]) -> dict[str, Any]:
    region = {"startLine": max(check["line"], 1), "startColumn": max(check["column"], 1)}
    place = {"physicalLocation": {"artifactLocation": {"uri": file.replace("\\", "/")}, "region": region}}
    return {
        "ruleId": check["code"],
        "ruleIndex": rules.index(check["code"]),
        "level": LEVELS[check["verdict"]],
        "message": {"text": _message(check)},
        "locations": [place],
        "properties": {name: check[name] for name in ("name", "kind", "scope", "counterexample", "differing")},
    }


def _message(check: Report) -> str:
    differing = check["differing"]
    if not differing:
        return check["detail"]
    return f"{check['detail']} The plainest such lead differs from a typical one in {json.dumps(differing)}."


def _counted(name: str, checks: Sequence[Report]) -> dict[str, str]:
    verdicts = [check["verdict"] for check in checks]
    counts = {"tests": len(checks), "failures": verdicts.count("fail"), "errors": verdicts.count("unknown")}
    return {"name": name, **{key: str(count) for key, count in counts.items()}}


def _cases(checks: Sequence[Report], file: str) -> Iterator[Element]:
    for check in checks:
        case = Element("testcase", name=f"{check['name']} ({check['scope']})", classname=file, line=str(check["line"]))
        if check["verdict"] != "pass":
            kind = "failure" if check["verdict"] == "fail" else "error"
            SubElement(case, kind, type=check["code"], message=check["detail"]).text = _message(check)
        yield case
