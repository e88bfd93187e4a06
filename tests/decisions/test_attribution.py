"""Why a decision came out otherwise than an earlier one: exact parts by cause, and the cause that flipped it."""

import random
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import pytest

from core.decisions.attribution import CAUSES, DECIDED, attribute
from core.decisions.engine import decide
from core.decisions.record import Record
from core.decisions.replay import Loaders
from core.decisions.store import DecisionStore
from core.features import parser
from core.features.document import FeatureSet
from core.models.calibration import Calibration
from core.models.model import Model
from core.policy import parser as policy_parser
from core.policy.default import propose, thresholds_from
from core.policy.document import Policy
from tests.decisions.conftest import FEATURES, fill, lead_id, open_store

FIRST, SECOND, LAST = datetime(2026, 9, 20), datetime(2026, 10, 10), datetime(2026, 11, 1)
PAGES = "window: 7d}\n  - {name: views_30d"
WIDER = FEATURES.replace("name: small", "name: wider").replace(PAGES, PAGES.replace("7d", "14d"))
ARRIVED = datetime(2026, 10, 15)
LEADS = [lead_id(number) for number in range(20)]


@dataclass(frozen=True)
class Versions:
    """What decisions can be made by, as (feature set, model, policy)."""

    sets: tuple[FeatureSet, ...]
    models: tuple[Model, ...]
    policies: tuple[Policy, ...]

    @property
    def loaders(self) -> Loaders:
        models = {one.model_hash: one for one in self.models}
        policies = {one.content_hash: one for one in self.policies}
        return Loaders(models.__getitem__, policies.__getitem__, {s.behaviour_hash: s for s in self.sets}.__getitem__)


@pytest.fixture(scope="module")
def versions(model, policy, feature_set) -> Versions:
    wider = parser.read(WIDER, "wider.yaml")
    assert wider.behaviour_hash != feature_set.behaviour_hash
    shifted = replace(model, calibration=Calibration("sigmoid", 1.3, 0.4))
    other = replace(model, base_margin=model.base_margin + 0.4, feature_set_hash=wider.behaviour_hash)
    cuts = {band: cut / 3 for band, cut in thresholds_from(model.reference.probabilities).items()}
    easier = policy_parser.load(propose("easier", cuts, {"region": ["NA", "DACH", "APAC"]}), "easier.yaml")
    return Versions((feature_set, wider), (model, shifted, other), (policy, easier))


def spine(moment, leads=LEADS) -> pl.DataFrame:
    return pl.DataFrame({"lead_id": leads, "as_of": [moment] * len(leads), "known_at": [moment] * len(leads)})


def decided(database, versions, moment, by=(0, 0, 0), leads=LEADS) -> dict[str, Record]:
    """The records of the leads as of the moment, by the versions at these places."""
    chosen = versions.sets[by[0]], versions.models[by[1]], versions.policies[by[2]]
    known = set(DecisionStore(database).all_ids())
    names = dict(zip(("feature_set", "model", "policy"), chosen, strict=True))
    decide(database, spine(moment, leads), **names, arm="trial", actor="ana")
    store = DecisionStore(database)
    return {one.lead_id: one for one in map(store.get, store.all_ids()) if one.decision_id not in known}


@pytest.fixture(scope="module")
def past(tmp_path_factory, versions):
    """A store in which every lead was decided at three moments, and by other versions at the last one."""
    with open_store(tmp_path_factory.mktemp("attributed")) as database:
        fill(database)
        ways = [(FIRST, (0, 0, 0)), (SECOND, (0, 0, 0)), (LAST, (0, 0, 0)), (LAST, (0, 1, 0)), (LAST, (1, 2, 1))]
        yield database, {(moment, by): decided(database, versions, moment, by) for moment, by in ways}


def pairs(past, count, seed=5):
    chance, found = random.Random(seed), past[1]
    keys = list(found)
    for _ in range(count):
        first, second = sorted(chance.choices(range(len(keys)), k=2), key=lambda place: keys[place][0])
        lead = chance.choice(LEADS)
        yield found[keys[first]][lead], found[keys[second]][lead]


def check(database, versions, before, after):
    told = attribute(database, versions.loaders, before, after)
    found = told.to_json()
    assert sum(part["points"] for part in found["parts"]) == pytest.approx(found["change"], abs=1e-9)
    assert [part["cause"] for part in found["parts"]] == list(CAUSES)
    for record, end in ((before, found["before"]), (after, found["after"])):
        assert round(end["probability"], 4) == record.score
    assert found["after"]["probability"] - found["before"]["probability"] == pytest.approx(found["change"], abs=1e-12)
    assert told.steps[-1].decided == {name: getattr(after, name) for name in DECIDED}
    for cause in ("decay", "new_behaviour", "corrected_data", "attributes"):
        assert sum(move.points for move in told.moves(cause)) == pytest.approx(told.parts[cause], abs=1e-9)
    return told


def test_the_parts_of_random_pairs_sum_to_the_change_exactly(past, versions):
    for before, after in pairs(past, 10):
        check(past[0], versions, before, after)


@pytest.mark.campaign
def test_the_parts_of_a_thousand_random_pairs_sum_to_the_change_exactly(past, versions):
    for before, after in pairs(past, 1000, seed=11):
        check(past[0], versions, before, after)


def test_the_same_decision_has_no_change_and_no_flip(past, versions):
    one = past[1][LAST, (0, 0, 0)][LEADS[3]]
    told = check(past[0], versions, one, one)
    assert set(told.parts.values()) == {0.0} and told.first_flip is None


def test_versions_that_changed_alone_are_the_only_cause(past, versions):
    before, after = (past[1][LAST, by][LEADS[2]] for by in ((0, 0, 0), (0, 1, 0)))
    moving = {cause for cause, points in check(past[0], versions, before, after).parts.items() if abs(points) > 1e-12}
    assert moving == {"calibration"}
    told = [
        check(past[0], versions, past[1][LAST, (0, 0, 0)][lead], past[1][LAST, (1, 2, 1)][lead]) for lead in LEADS[:4]
    ]
    moving = {cause for one in told for cause, points in one.parts.items() if abs(points) > 1e-12}
    assert {"model"} <= moving <= {"feature_set", "model"}


def test_a_policy_that_alone_changed_is_what_flipped_the_decision(past, versions):
    database, found = past
    some = LEADS[:6]
    later = decided(database, versions, LAST, (0, 0, 1), some)
    told = [check(database, versions, found[LAST, (0, 0, 0)][lead], later[lead]) for lead in some]
    flipped = [one.first_flip for one in told if one.first_flip]
    assert flipped and {cause for cause, _, _ in flipped} <= {"policy", "lifecycle_state"}
    assert {points for one in told for points in one.parts.values()} == {0.0}


def test_every_kind_of_news_is_told_apart(tmp_path, versions):
    with open_store(tmp_path) as database:
        fill(database)
        quiet, late, told, busy = LEADS[:4]
        with database.change("signals", "signals.imported", "ana") as change:
            change.execute("DELETE FROM events WHERE occurred_at >= ? OR received_at >= ?", [SECOND, SECOND])
        before = decided(database, versions, SECOND)
        numbers = {lead: number for number, lead in enumerate(LEADS)}
        with database.change("signals", "signals.imported", "ana") as change:
            for place, (lead, at) in enumerate(((late, datetime(2026, 10, 8)), (busy, datetime(2026, 10, 14)))):
                change.execute(
                    "INSERT INTO events SELECT e.* REPLACE ($no AS event_no, $id AS event_id, $lead AS lead_no, "
                    "$occurred AS occurred_at, $received AS received_at) FROM (FROM events LIMIT 1) e",
                    {
                        "no": 90000 + place,
                        "id": f"n-{place}",
                        "lead": numbers[lead],
                        "occurred": at,
                        "received": ARRIVED,
                    },
                )
            change.execute(
                "INSERT INTO attributes (lead_no, name, number, valid_from, received_at, batch_id) "
                "VALUES (?, 'employees', 9000, ?, ?, 'b-2')",
                [numbers[told], datetime(2026, 10, 12), datetime(2026, 10, 12)],
            )
        after = decided(database, versions, LAST)
        found = {lead: check(database, versions, before[lead], after[lead]) for lead in (quiet, late, told, busy)}
        causes = {lead: {cause for cause in CAUSES if one.moves(cause)} for lead, one in found.items()}
        assert causes == {
            quiet: {"decay"},
            late: {"decay", "corrected_data"},
            told: {"decay", "attributes"},
            busy: {"decay", "new_behaviour"},
        }


def test_what_is_no_longer_kept_is_a_cause_of_its_own(tmp_path, versions):
    with open_store(tmp_path) as database:
        fill(database)
        before, after = (decided(database, versions, moment)[LEADS[5]] for moment in (SECOND, LAST))
        with database.change("signals", "signals.erased", "ana") as change:
            change.execute("DELETE FROM events WHERE lead_no = 5")
        told = check(database, versions, before, after)
        assert told.moves("data_removed") and not told.moves("new_behaviour") and not told.moves("corrected_data")


def test_without_dates_only_what_is_known_can_change(tmp_path, versions):
    with open_store(tmp_path) as database:
        fill(database)
        rows = pl.DataFrame(
            {"lead_id": [LEADS[4]] * 2, "as_of": [None, None], "known_at": [FIRST, LAST]},
            schema={"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")},
        )
        with database.change("signals", "signals.imported", "ana") as change:
            change.execute(
                "INSERT INTO attributes (lead_no, name, number, valid_from, received_at, batch_id) "
                "VALUES (4, 'employees', 9000, ?, ?, 'b')",
                [SECOND, SECOND],
            )
        names = {"feature_set": versions.sets[0], "model": versions.models[0], "policy": versions.policies[0]}
        decide(database, rows, **names, arm="trial", actor="ana")
        store = DecisionStore(database)
        before, after = (store.get(one) for one in store.all_ids())
        told = check(database, versions, before, after)
        assert [cause for cause in CAUSES if told.moves(cause)] == ["attributes"]
