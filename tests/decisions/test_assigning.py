"""Who gets a lead: rotation, load, owners, caps, hours and absence; the same on every run, and replayed."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.decisions.assigning import Desk
from core.decisions.duty import duty_of, is_away
from core.decisions.engine import decide
from core.decisions.handing import Hand, Hands
from core.decisions.hops import hopped, stands
from core.decisions.replay import Loaders, replay
from core.decisions.sight import Place, read
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.store_desk import DeskStore
from core.decisions.store_overrides import OverrideStore
from core.kernel.times import naive
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


def test_a_lead_counts_with_who_has_it_by_hand_as_far_as_a_hand_reaches(staffed):
    least = replace(LEAD, method="least_loaded")
    one = Desk({"grp-sdr": [Place("u-1"), Place("u-2")]})
    given(one, staffed, 4)
    assert one.held["l-0"].assignee == "u-1" and set(one.open.values()) == {2}
    routed, moved = {"l-1": Hand("sdr.inbound", None)}, {"l-0": Hand(None, "u-2")}
    one.hear(Hands(moved | routed, 7), dict.fromkeys(("l-0", "l-1"), "sdr.priority"))
    assert one.open == {("sdr.priority", "u-1"): 1, ("sdr.priority", "u-2"): 2}
    assert one.assign(staffed.document, "l-9", least, {}, MONDAY)[1] == "u-1", "who was relieved has room"
    sight = one.sight(staffed.document, "l-8", least, {}, MONDAY)
    chosen = one.assign(staffed.document, "l-8", least, {}, MONDAY, sight)
    assert [load.open for load in sight.loads["sdr.priority"]] == [2, 2]
    again = Desk.seen(read(sight.to_text()), one.places, staffed.document, "l-8")
    assert again.assign(staffed.document, "l-8", least, {}, MONDAY) == chosen, "replay needs no word"
    assert one.assign(staffed.document, "l-0", least, {}, MONDAY)[1] == "u-1", "the record tells the policy's choice"
    before = one.open.copy()
    one.assign(staffed.document, "l-0", replace(LEAD, disposition="DENY", pool=None), {}, MONDAY)
    assert before - one.open == {("sdr.priority", "u-2"): 1}, "no hand reaches what is denied"
    one.assign(staffed.document, "l-0", least, {}, MONDAY)
    assert one.open == before, "and counts again where the policy permits again"
    at_home = {"l-1": Hand(None, "u-1", stands(staffed.document, one.places)["u-1"])}
    one.hear(Hands(at_home, 8), {"l-1": "auto.nurture"})
    assert one.open[("sdr.priority", "u-1")] == before[("sdr.priority", "u-1")] + 2, "a load where they stand"
    one.hear(Hands({}, 9), {})
    assert one.open == Counter((held.pool, held.assignee) for held in one.held.values())


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
    what_people_say_moves_loads_and_is_replayed(store, deciders, loaders)
    what_does_not_hold_is_named(store, loaders)


def what_people_say_moves_loads_and_is_replayed(store, deciders, loaders):
    """Leads taken from u-1 by hand make room there, in one batch or many; a word that was undone does not count."""
    words, desks = OverrideStore(store), DeskStore(store)
    later, place = AS_OF + timedelta(days=1), ("sdr.priority", "u-1")
    desk = desks.load("live", AS_OF)
    ours = [lead for lead, held in desk.held.items() if held.assignee == "u-1" and lead not in desk.closes][:2]
    rows = store.read("SELECT lead_id, decision_id FROM decisions WHERE list_contains(?, lead_id) AND arm = 'live' "
                      "AND as_of = ?", [ours, AS_OF])  # fmt: skip
    now = naive(store.clock.now())
    with store.change("decisions", "override.placed", "ana") as change:
        word = {"kind": "assign", "assignee": "u-2", "reason": "x", "actor": "ana", "placed_at": now}
        placed = words.put(change, rows, word | {"until": now + timedelta(days=9)})
    spine = population(store, as_of=later).spine
    for arm, size in (("trial", 10_000), ("live", 60)):
        decide(store, spine, **deciders, arm=arm, batch_rows=size)
    columns = "SELECT lead_id, pool, assignee, sight FROM decisions WHERE as_of = ? AND arm = ? ORDER BY lead_id"
    one, many = (store.read(columns, [later, arm]) for arm in ("trial", "live"))
    assert one.equals(many)
    by_policy = desks.load("live", later)
    by_hand = desks.load("live", later)
    desks.hear(by_hand, deciders["policy"].document, "live", later, now)
    assert (by_policy.open[place], by_hand.open[place]) == (5, 3), "full of those that are not with somebody else"
    with store.change("decisions", "override.ended", "ana") as change:
        assert words.end(change, placed, None, "ana", store.clock.now()) == 2
    desks.hear(by_hand, deciders["policy"].document, "live", later, now + timedelta(seconds=1))
    assert by_hand.open == by_policy.open
    report = replay(store, loaders)
    assert report.differences == () and report.unchecked == {"assignee": 0}


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
