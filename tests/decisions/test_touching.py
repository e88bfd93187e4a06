"""Caps whose inputs no document declares: the engine counts touches and knows the lead's own minute, replayably."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from core.decisions.context import Deciding
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.touching import Touches, local_minute
from core.policy import parser
from core.policy.default import propose, thresholds_from
from tests.decisions.conftest import AS_OF

DAY = timedelta(days=1)
CAPS = '  otherwise: wait\n  caps: {per_lead_7d: 2, per_account_7d: 8, quiet_hours: "20:00-08:00 lead_tz"}\n'


def test_a_touch_is_a_day_with_an_action_within_seven_days():
    monday = datetime(2026, 11, 23, 10)
    known = [("l", "acme", monday - place * DAY) for place in range(9)] + [("m", "acme", monday)]
    touches = Touches(known, "wait")
    touches.note("l", "acme", monday + timedelta(hours=2), "call_now")
    touches.note("n", "acme", monday, "wait")
    touches.note("n", "acme", monday, None)
    assert touches.inputs("l", "acme", monday) == {"touches_7d": 6, "account_touches_7d": 6}
    assert touches.inputs("l", "acme", monday + timedelta(hours=1)) == {"touches_7d": 7, "account_touches_7d": 8}
    assert touches.inputs("n", "n", monday) == {"touches_7d": 0, "account_touches_7d": 0}
    assert touches.inputs("l", "acme", None) == {}


def test_old_touches_are_forgotten_and_read_again_where_an_earlier_moment_asks(store, feature_set, model, capped):
    monday = datetime(2026, 11, 23, 10)
    touches = Touches([], "wait", monday)
    for place in range(90):
        touches.note("l", "l", monday + place * DAY, "call_now")
        assert touches.inputs("l", "l", monday + place * DAY + DAY / 24)["touches_7d"] == min(place + 1, 7)
    assert len(touches._of_lead["l"]) == 31
    assert touches.begins == monday + (89 - 18) * DAY
    deciding = Deciding(store, feature_set, model, capped, "live", "ana")
    first = deciding.touches(monday)
    assert deciding.touches(monday + DAY) is first
    assert deciding.touches(monday - DAY) is not first


@pytest.mark.parametrize(
    ("zone", "minute"), [("Europe/Berlin", 11 * 60 + 30), ("America/New_York", 330), ("Mars", 630), (None, 630)]
)
def test_the_leads_own_minute(zone, minute):
    assert local_minute(datetime(2026, 11, 23, 10, 30), zone) == minute


@pytest.fixture(scope="module")
def capped(model):
    text = propose("default", thresholds_from(model.reference.probabilities))
    return parser.load(text.replace("  otherwise: wait\n", CAPS, 1), "capped.yaml")


def test_caps_are_kept_across_batches_and_replayed(store, feature_set, model, capped):
    given = {"feature_set": feature_set, "model": model, "policy": capped, "arm": "live", "actor": "ana"}

    def actions(moment):
        decide(store, population(store, as_of=moment).spine, **given)
        sql = "SELECT lead_id, action FROM decisions WHERE as_of = ? AND pool IS NOT NULL ORDER BY 1"
        return store.read(sql, [moment])

    noon = AS_OF + timedelta(hours=12)
    first = actions(noon).filter(pl.col("action") != "wait")
    assert first.height
    assert actions(noon + timedelta(hours=9))["action"].unique().to_list() == ["wait"]
    actions(noon + DAY)
    third = actions(noon + 2 * DAY).join(first, on="lead_id", suffix="_first")
    assert third["action"].unique().to_list() == ["wait"]
    lead = first["lead_id"][0]
    record = DecisionStore(store).of(lead)
    assert (record.inputs["touches_7d"], record.inputs["local_minute"]) == (2, 720)
    loaders = Loaders(lambda _: model, lambda _: capped, lambda _: feature_set)
    assert replay(store, loaders).differences == ()
