"""Every aggregate against values worked out by hand (tests/cases/features/aggregates.yaml), in oracle and build."""

import json
from pathlib import Path

import pytest
import yaml

from core.features.aggregates import AGGREGATES
from core.features.engine import build, resolve
from core.features.parser import read
from tests.features.logs import fill, spine_of
from tests.features.oracle import AttributeValue, Event, Log, Membership, Row, compute

FILE = Path(__file__).parents[1] / "cases" / "features" / "aggregates.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text())
CASES = DOCUMENT["cases"]
DAY = 86_400_000_000
NOW = 20_006 * DAY
ENVELOPE = ("id", "lead", "source", "type", "before", "late")


def event(body):
    occurred = NOW - int(body["before"] * DAY)
    received = occurred + int(body.get("late", 0) * DAY)
    given = {key: value for key, value in body.items() if key not in ENVELOPE}
    return Event(body["id"], body["lead"], body["source"], body["type"], occurred, received, properties=given)


def attribute(body):
    begun = NOW - body["from"] * DAY
    return AttributeValue(body["lead"], body["name"], float(body["value"]), begun, begun + body.get("late", 0) * DAY)


LOG = Log(
    tuple(map(event, DOCUMENT["log"])),
    tuple(Membership(lead, account, None, None, "leads") for lead, account in DOCUMENT["accounts"].items()),
    tuple(map(attribute, DOCUMENT["attributes"])),
)


@pytest.fixture(scope="module")
def built(db):
    fill(db, LOG)
    lines = []
    for place, case in enumerate(CASES):
        body = {"name": f"c{place}"} | {key: value for key, value in case.items() if key != "is"}
        lines.append("  - {" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in body.items()) + "}")
    feature_set = read("schema: leadbench/features/v1\nname: cases\nfeatures:\n" + "\n".join(lines) + "\n", "cases")
    resolved = resolve(db, feature_set)
    return resolved, build(db, feature_set, spine_of([Row("ada", NOW)]))


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda place: json.dumps(CASES[place]))
def test_the_value_is_the_one_worked_out_by_hand(built, place):
    feature_set, frame = built
    want = CASES[place]["is"]
    decayed = str(CASES[place].get("aggregate")).startswith("decayed")
    for got in (compute(LOG, feature_set.features[place], Row("ada", NOW)), frame[f"c{place}"][0]):
        assert got == (pytest.approx(want, rel=1e-9) if decayed else want)
        assert type(got) is type(want)


def test_every_aggregate_has_a_case():
    assert {case.get("aggregate") for case in CASES} == {*AGGREGATES, None}
