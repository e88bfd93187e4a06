"""Who gets a lead: rotation, load, owners, caps, hours and absence; the same on every run, and replayed."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from core.decisions.assigning import Desk, hopped
from core.decisions.duty import duty_of, is_away
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.sight import Place
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import parser
from core.policy.default import propose, thresholds_from
from core.policy.outcome import Outcome
from tests.decisions.conftest import AS_OF

MONDAY = datetime(2026, 11, 23, 10)
DAY = 86_400_000_000
POOLS = """pools:
  sdr.priority:    {capacity: {per_rep_open: 3, per_day: 5}, members: grp-sdr, fallback: sdr.inbound}
  sdr.inbound:     {capacity: {per_rep_open: 4}, territory: region, calendar: follow_sun, fallback: q.unassigned}
  ae.owner:        {capacity: owner, territory: crm_owner, fallback: sdr.priority}
"""
LEAD = Outcome("PERMIT", "hot", 900, "working", "sdr.priority", 15, "round_robin", "call_now")


@pytest.fixture(scope="module")
def staffed(model):
    head, rest = propose("default", thresholds_from(model.reference.probabilities)).split("pools:\n", 1)
    lines = rest.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("  sdr.priority:", "  sdr.inbound:"))]
    return parser.load(head + POOLS + "".join(kept), "staffed.yaml")


def given(one: Desk, policy, leads: int, outcome: Outcome = LEAD, moment: datetime = MONDAY, **known):
    return [one.assign(policy.document, f"l-{place}", outcome, known, moment) for place in range(leads)]


def test_a_rotation_goes_round_and_a_weighted_one_by_weight(staffed):
    group = {"grp-sdr": [Place("u-1", max_open=99, per_day=99), Place("u-2", max_open=99, per_day=99, weight=3)]}
    plain = [who for _, who in given(Desk(group), staffed, 6)]
    assert plain == ["u-1", "u-2"] * 3
    weighted = Counter(who for _, who in given(Desk(group), staffed, 40, replace(LEAD, method="weighted_round_robin")))
    assert weighted == {"u-1": 10, "u-2": 30}


def test_the_least_loaded_gets_the_next(staffed):
    one = Desk({"grp-sdr": [Place("u-1"), Place("u-2")]})
    given(one, staffed, 2)
    one._release("l-0")
    assert one.assign(staffed.document, "l-9", replace(LEAD, method="least_loaded"), {}, MONDAY)[1] == "u-1"


def test_a_full_pool_hands_on_with_a_reason_and_a_lead_without_anybody_has_one_for_each_pool(staffed):
    found = given(Desk({"grp-sdr": [Place("u-1")]}), staffed, 5)
    assert [who for _, who in found] == ["u-1"] * 3 + [None] * 2
    last = found[-1][0]
    assert last.pool == "q.unassigned"
    assert [(one.rule, one.reason) for one in last.reasons] == [
        ("pool.sdr.priority", "full"),
        ("pool.sdr.inbound", "no_reps"),
    ]
    told = [{"rule": one.rule, "reason": one.reason} for one in last.reasons]
    assert hopped(staffed.document, LEAD, told) == last


def test_a_pool_that_takes_any_number_keeps_a_lead_that_nobody_can_take(staffed):
    nurture = replace(LEAD, pool="auto.nurture")
    found, who = Desk({"auto.nurture": [Place("u-1", max_open=0)]}).assign(staffed.document, "l", nurture, {}, MONDAY)
    assert (found.pool, who, found.reasons[0].reason) == ("auto.nurture", None, "full")
    assert hopped(staffed.document, nurture, [{"rule": "pool.auto.nurture", "reason": "full"}]) == found
    assert Desk({}).assign(staffed.document, "l", nurture, {}, MONDAY) == (nurture, None)


def test_a_day_has_its_cap_and_a_closed_lead_makes_room(staffed):
    one = Desk({"grp-sdr": [Place("u-1", per_day=1)]}, closes={"l-0": datetime(2026, 11, 24)})
    assert [who for _, who in given(one, staffed, 2)] == ["u-1", None]
    tuesday = [one.assign(staffed.document, name, LEAD, {}, datetime(2026, 11, 24, 10))[1] for name in ("l-7", "l-8")]
    assert tuesday == ["u-1", None]
    assert one.open[("sdr.priority", "u-1")] == 1


def test_territories_hours_and_absence_are_kept(staffed):
    places = [
        Place("u-eu", territory="DACH", calendar="Europe/Berlin"),
        Place("u-us", territory="NA", calendar="Mon-Fri 09:00-17:00 America/New_York"),
        Place("u-ill", territory="DACH", calendar="24x7", away="2026-11-20..2026-11-25"),
    ]
    inbound = replace(LEAD, pool="sdr.inbound")
    for region, who in (("DACH", "u-eu"), ("NA", None), ("APAC", None)):
        found, got = Desk({"sdr.inbound": places}).assign(staffed.document, "l", inbound, {"region": region}, MONDAY)
        assert got == who
        if who is None:
            assert found.reasons[0].reason == ("off_duty" if region == "NA" else "other_territory")


def test_an_owner_gets_his_lead_and_a_lead_without_one_goes_on(staffed):
    one = Desk({"grp-sdr": [Place("u-1")]})
    owned = replace(LEAD, pool="ae.owner", method="owner_match")
    assert one.assign(staffed.document, "l-1", owned, {"crm_owner": "u-1"}, MONDAY)[1] == "u-1"
    found, who = one.assign(staffed.document, "l-2", owned, {"crm_owner": "somebody"}, MONDAY)
    assert (found.pool, who, found.reasons[0].reason) == ("sdr.priority", "u-1", "no_owner")


def test_a_sight_holds_the_loads_of_the_pools_that_were_asked_and_is_enough_to_choose_again(staffed):
    inbound = [Place("u-3", territory="NA", calendar="24x7"), Place("u-4", calendar="24x7")]
    one = Desk({"grp-sdr": [Place("u-1"), Place("u-2")], "sdr.inbound": inbound})
    for place, asked in ((0, ["sdr.priority"]), (6, ["sdr.priority", "sdr.inbound"])):
        given(one, staffed, place)
        known, lead = {"region": "APAC"}, f"l-{place}"
        sight = one.sight(staffed.document, lead, LEAD, known, MONDAY)
        chosen = one.assign(staffed.document, lead, LEAD, known, MONDAY, sight)
        assert list(sight.loads) == asked and chosen[1] == ("u-1" if place == 0 else "u-4")
        again = Desk.seen(sight, one.places, staffed.document, lead)
        assert again.assign(staffed.document, lead, LEAD, sight.known, MONDAY) == chosen


def test_a_lead_stays_with_who_has_it_until_that_one_is_away(staffed):
    one = Desk({"grp-sdr": [Place("u-1", away="2026-11-24"), Place("u-2")]})
    assert one.assign(staffed.document, "l", LEAD, {}, MONDAY)[1] == "u-1"
    assert one.assign(staffed.document, "l", LEAD, {}, MONDAY)[1] == "u-1"
    assert one.assign(staffed.document, "l", LEAD, {}, datetime(2026, 11, 24, 10))[1] == "u-2"


def test_calendars_are_read():
    berlin = duty_of("Europe/Berlin")
    assert berlin.is_on(datetime(2026, 11, 23, 8)) and not berlin.is_on(datetime(2026, 11, 23, 16))
    night = duty_of("Mon-Fri 22:00-06:00 UTC")
    assert night.is_on(datetime(2026, 11, 24, 5)) and not night.is_on(datetime(2026, 11, 23, 5))
    assert duty_of("24x7").is_on(datetime(2026, 11, 22)) and not duty_of(None).is_on(datetime(2026, 11, 22, 12))
    assert duty_of("whenever it suits") == duty_of(None) == duty_of("Mon-Fri 25:00-26:00")
    assert is_away("2026-11-23; 2026-12-24..2026-12-31", MONDAY) and not is_away(None, MONDAY)


def staff(store, rows):
    with store.change("signals", "reps.imported", "ana") as change:
        for place, (who, pool, territory) in enumerate(rows, 1):
            change.execute(
                "INSERT INTO reps (rep_no, assignee, pool, territory, calendar, received_at, batch_id) "
                "VALUES (?, ?, ?, ?, '24x7', TIMESTAMP '2026-09-01', 'b')",
                [place, who, pool, territory],
            )


def test_assignees_are_recorded_replayed_and_the_same_in_one_batch_or_many(
    store, tmp_path, feature_set, model, staffed
):
    staff(store, [("u-1", "grp-sdr", None), ("u-2", "grp-sdr", None), ("u-3", "sdr.inbound", "NA")])
    spine = population(store, as_of=AS_OF, leads="all", every_us=7 * DAY, last_us=14 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": staffed, "actor": "ana"}
    decide(store, spine, **deciders, arm="trial")
    decide(store, spine, **deciders, arm="live", batch_rows=60)
    columns = "lead_id, as_of, pool, assignee, reasons"
    one, many = (
        store.read(f"SELECT {columns} FROM decisions WHERE arm = '{arm}' ORDER BY as_of, lead_id")
        for arm in ("trial", "live")
    )
    assert one.equals(many)
    assert set(one["assignee"].drop_nulls()) == {"u-1", "u-2", "u-3"}
    open_now = store.read("SELECT assignee, count(*) FROM decisions_latest WHERE arm = 'live' GROUP BY 1").rows()
    assert all(leads <= 7 for who, leads in open_now if who)
    unplaced = [row for row in DecisionStore(store).latest().iter_rows(named=True) if row["pool"] == "q.unassigned"]
    assert unplaced and all("pool.sdr" in row["reasons"] for row in unplaced)
    loaders = Loaders(lambda _: model, lambda _: staffed, lambda _: feature_set)
    report = replay(store, loaders)
    assert report.differences == () and report.replayed == 2 * spine.height
    assert report.unchecked == {"assignee": 0}
    what_does_not_hold_is_named(store, loaders)


def tamper(store, sql, *params):
    with store.change("decisions", "decisions.tampered", "mallory") as change:
        change.execute(sql, list(params))


def what_does_not_hold_is_named(store, loaders):
    """Another assignee, another load, other reps are each found; a batch from before says what was not checked."""
    chosen = "arm = 'live' AND assignee = 'u-1'"
    victim, text, seq = store.read(f"SELECT decision_id, record, entry_seq FROM decisions WHERE {chosen} LIMIT 1").row(
        0
    )

    def found(decision_id=victim):
        report = replay(store, loaders, decision_id=decision_id)
        return {one.field for one in report.differences}, report.unchecked["assignee"]

    forged = text.replace('"assignee":"u-1"', '"assignee":"u-2"')
    tamper(store, "UPDATE decisions SET record = ? WHERE decision_id = ?", forged, victim)
    assert found() == ({"assignee", "hash", "columns.assignee"}, 0)
    tamper(store, "UPDATE decisions SET record = ? WHERE decision_id = ?", text, victim)
    tamper(store, "UPDATE desk_reps SET content = replace(content, 'u-1', 'u-9')")
    assert found() == ({"reps_hash"}, 1)
    tamper(store, "UPDATE desk_reps SET content = replace(content, 'u-9', 'u-1')")
    tamper(store, "UPDATE decisions SET sight = replace(sight, '[[0,0,0]', '[[1,0,0]') WHERE entry_seq = ?", seq)
    assert found() == ({"desk_root"}, 1)
    tamper(store, 'UPDATE ledger SET body = regexp_replace(body, \'"desk_root":"[^"]*",\', \'\') WHERE seq = ?', seq)
    assert found() == (set(), 1)
