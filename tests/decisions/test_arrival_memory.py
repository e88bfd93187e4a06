"""What deciding on arrival remembers of leads, and of reps, is what the store would say."""

from datetime import datetime
from time import perf_counter

import polars as pl
import pytest

from core.decisions.arrival import Chosen, Decider, Waiting
from core.decisions.engine import decide
from core.decisions.store_arrivals import ArrivalStore
from core.decisions.store_desk import DeskStore
from tests.decisions.conftest import LEADS, lead_id

EARLIER, MOMENT, LATER, LAST = (
    datetime(2026, 10, 10),
    datetime(2026, 11, 1),
    datetime(2026, 11, 10),
    datetime(2026, 11, 20),
)
OPEN = [lead_id(number) for number in range(LEADS) if number % 4]


def states(store, moment: datetime) -> dict[str, tuple[str | None, str | None]]:
    """The state before and after the decisions of that moment, or a microsecond later, by lead."""
    sql = "SELECT lead_id, prev_state, next_state FROM decisions WHERE as_of BETWEEN ? AND ? + INTERVAL 1 MICROSECOND"
    return {lead: (before, after) for lead, before, after in store.read(sql, [moment, moment]).rows()}


def test_a_lead_that_was_decided_for_a_later_moment_goes_on_from_its_earlier_decision(
    store, feature_set, model, policy
):
    by = {"feature_set": feature_set, "model": model, "policy": policy}
    for moment in (EARLIER, LATER):
        spine = pl.DataFrame({"lead_id": OPEN, "as_of": [moment] * len(OPEN), "known_at": [moment] * len(OPEN)})
        decide(store, spine, **by, arm="live", actor="ana")
    decider = Decider(store, Chosen(feature_set, model, policy, "live"))
    for moment in (MOMENT, LAST):
        decider.decide([Waiting(lead, f"e-{lead}", None, moment, perf_counter()) for lead in OPEN])
    first, second, third, fourth = (states(store, moment) for moment in (EARLIER, MOMENT, LATER, LAST))
    assert len({before for before, _ in second.values()}) > 1
    for lead in OPEN:
        assert second[lead][0] == first[lead][1]
        assert fourth[lead][0] == third[lead][1]


@pytest.mark.parametrize("kind", ["reps", "outcomes"])
def test_what_is_re_driven_of_reps_and_outcomes_is_told_to_the_desk(store, kind):
    desk = DeskStore(store)
    before = desk.told()
    with store.change("signals", f"{kind}.redriven", "ana") as change:
        change.body["rows"] = 1
    assert desk.told() > before


def test_an_outcome_under_a_merged_id_closes_the_lead_that_remains(store):
    arrivals, (closed, remains) = ArrivalStore(store), (lead_id(4), lead_id(5))
    assert arrivals.open_leads([closed, remains]) == {remains: (remains, 5)}
    with store.change("signals", "signals.changed", "ana") as change:
        change.execute("INSERT INTO lead_merges VALUES (4, 5, TIMESTAMP '2026-10-25', NULL, 'alias', 'b-1')")
    assert arrivals.open_leads([closed, remains]) == {}
    assert not {closed, remains} & arrivals.all_open(1_000).keys()
    assert arrivals.all_open(1_000) == arrivals.open_leads([lead_id(number) for number in range(LEADS)])
