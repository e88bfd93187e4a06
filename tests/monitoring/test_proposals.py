"""When a challenger is proposed: each trigger by itself, at its limit and below it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.monitoring.proposals import Facts, Limits, proposals

NOW = datetime(2026, 6, 1, tzinfo=UTC)
QUIET = Facts(NOW, NOW - timedelta(days=10), 1_000, 1_100)


def alert(code: str, severity: str = "high") -> dict:
    return {"code": code, "severity": severity, "message": f"told by {code}."}


def drift(*alerts) -> dict:
    return {"alerts": list(alerts), "decisions_moved": 30, "population": 400}


def performance(*alerts, gap: float | None = 0.01) -> dict:
    return {"alerts": list(alerts), "realised": None if gap is None else {"calibration_gap": gap}}


def due(facts: Facts, limits: Limits | None = None) -> list[str]:
    return [one.trigger for one in proposals(facts, limits) if one.is_due]


def test_where_nothing_is_known_nothing_is_proposed_and_every_trigger_says_why():
    found = proposals(QUIET)
    assert [one.trigger for one in found] == ["schedule", "labels", "drift", "calibration"]
    assert not any(one.is_due for one in found) and all(one.evidence for one in found)


@pytest.mark.parametrize(("days", "expected"), [(89, []), (90, ["schedule"])])
def test_a_champion_grows_old(days, expected):
    assert due(replace(QUIET, trained_at=NOW - timedelta(days=days))) == expected


def test_the_age_is_a_limit_that_may_be_set():
    assert due(QUIET, Limits(oldest=timedelta(days=7))) == ["schedule"]


@pytest.mark.parametrize(("rows", "expected"), [(1_199, []), (1_200, ["labels"])])
def test_labels_are_counted_against_those_of_the_champions_training(rows, expected):
    assert due(replace(QUIET, rows_now=rows)) == expected


def test_a_damaged_champion_is_said_where_its_rows_cannot_be_read():
    labels = proposals(replace(QUIET, rows_then=None))[1]
    assert not labels.is_due and labels.value is None and "damaged" in labels.evidence


@pytest.mark.parametrize("code", ["feature_drift", "score_drift", "label_drift"])
def test_drift_that_moves_many_decisions_is_evidence(code):
    found = proposals(replace(QUIET, drift=drift(alert(code), alert("feature_drift", "low"))))[2]
    assert found.is_due and found.value == 0.075 and found.evidence == f"told by {code}."
    assert due(replace(QUIET, drift=drift(alert(code, "medium")))) == []


def test_while_a_source_is_silent_nothing_is_trained_on_the_silence():
    found = proposals(replace(QUIET, drift=drift(alert("feature_drift"), alert("source_missing"))))[2]
    assert not found.is_due and "told by source_missing. Repair it first" in found.evidence


@pytest.mark.parametrize("code", ["ranking_fell", "calibration_moved"])
def test_what_came_outside_of_what_was_promised_is_evidence(code):
    assert due(replace(QUIET, performance=performance(alert(code)))) == ["calibration"]
    assert due(replace(QUIET, performance=performance(alert("segment_differs")))) == []
    assert "mature" in proposals(replace(QUIET, performance=performance(gap=None)))[3].evidence
