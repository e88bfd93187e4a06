"""From what moved to what to do: silent sources, changed events, causes, and the report as a test suite."""

from dataclasses import replace
from xml.etree import ElementTree

import polars as pl
import pytest

from core.monitoring.alerts import alerts_of
from core.monitoring.arrivals import schema_changes, source_states
from core.monitoring.junit import to_junit
from core.monitoring.report import DriftReport, DriftSpec, FeatureDrift, Moves, SourceDrift

VISITS = FeatureDrift("visits", "Visits", 0.4, 0.1, "drift", 900, 900, moves=Moves(60, 50, 20, 3.5))
QUIET = replace(VISITS, name="quiet", label="Quiet", moves=Moves())
RARE = FeatureDrift("rare", "Rare", None, None, "not_enough_data", 3, 900)
SILENT = SourceDrift("crm", "missing", 0.8, 0.0, ("visits",), Moves(60, 50, 20, 3.5))
REPORT = DriftReport(DriftSpec(), (QUIET, VISITS, RARE), None, None, None, Moves(60, 50, 20, 3.5), 900, {}, b"")


def reached(**leads: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(name, *both) for name, both in leads.items()], schema=["source", "reference", "current"], orient="row"
    )


def test_a_source_that_falls_silent_is_missing_and_one_that_thins_out_is_said_to():
    rows = reached(crm=(400, 0), mobile=(400, 100), new=(0, 90), web=(900, 880))
    states = {one.source: one.state for one in source_states(rows, (1_000, 1_000), {"crm": ["visits"]})}
    assert states == {"crm": "missing", "mobile": "thin", "new": "new", "web": "delivers"}


@pytest.mark.parametrize(("before", "leads"), [(2, 1_000), (30, 12)])
def test_few_leads_do_not_make_a_source_missing(before, leads):
    rows = reached(crm=(before, 0))
    assert source_states(rows, (1_000, leads), {})[0].state == "delivers"


def test_a_property_that_goes_comes_or_is_retyped_is_found():
    rows = pl.DataFrame(
        [
            ("reference", "form", 500, "plan", "VARCHAR", 480),
            ("current", "form", 400, "tier", "VARCHAR", 390),
            ("reference", "form", 500, "seats", "BIGINT", 500),
            ("current", "form", 400, "seats", "VARCHAR", 400),
            ("reference", "form", 500, "page", "VARCHAR", 500),
            ("current", "form", 400, "page", "VARCHAR", 398),
            ("current", "form", 400, "odd", "DOUBLE", 2),
            ("reference", "call", 100, None, None, 0),
        ],
        schema=["side", "type", "events", "key", "kind", "n"],
        orient="row",
    )
    found = {(one.event_type, one.property): one.change for one in schema_changes(rows)}
    assert found == {
        ("call", None): "gone",
        ("form", "plan"): "gone",
        ("form", "tier"): "new",
        ("form", "seats"): "retyped",
    }


def test_the_alert_of_a_feature_names_the_silent_source_as_its_cause_and_not_retraining():
    found = alerts_of(replace(REPORT, sources=(SILENT,)))
    assert [one.subject for one in found] == ["crm", "visits", "quiet"]
    assert "source `crm`, which is silent" in found[1].cause and "Repair the source" in found[1].action
    assert found[2].severity == "low" and "Nothing to do" in found[2].action


def test_without_a_cause_in_the_data_a_challenger_is_proposed():
    (first, _) = alerts_of(REPORT)
    assert first.severity == "high" and "challenger" in first.action and "second person" in first.action


def test_features_are_ranked_by_decisions_moved():
    assert [one["name"] for one in REPORT.to_json()["features"]] == ["visits", "quiet", "rare"]


def test_the_test_suite_fails_what_drifted_and_skips_what_cannot_be_judged():
    suite = ElementTree.fromstring(to_junit(replace(REPORT, sources=(SILENT,)).to_json())).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "4",
        "failures": "3",
        "skipped": "1",
    }
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["Visits", "Quiet", "crm"]
