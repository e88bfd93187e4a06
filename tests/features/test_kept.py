"""A kept build gives what a full build gives, and builds only what has changed."""

import json
import random
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.features.engine import build
from core.features.kept import build_kept
from core.features.parser import read
from core.kernel.errors import PlanOutdated
from core.signals.service import Signals
from tests.features.growing import GrowingStore
from tests.features.logs import open_store, spine_of
from tests.features.oracle import AttributeValue, Event, Log, Membership, Row
from tests.features.random_features import definitions, document
from tests.features.random_logs import DAY, HOUR, START, log_of, rows_of

NOW = START + 20 * DAY
SET = """schema: leadbench/features/v1
name: kept
features:
  - {name: visits, aggregate: count, window: 7d}
  - {name: latest, aggregate: last, of: plan}
  - {name: others, scope: account_others, aggregate: count, window: 30d}
  - {name: employees, attribute: employees}
"""
ROWS = [Row(lead, NOW) for lead in ("L1", "L2", "L3", "nobody")]


def event(name, lead, before, late=0):
    return Event(name, lead, "web", "login", NOW - before, NOW - before + late, properties={"plan": "pro"})


ATTRIBUTES = (AttributeValue("L1", "employees", 12.0, START, START),)


@pytest.fixture(scope="module")
def growing(db):
    """L1 and L2 are colleagues; L3 stands alone."""
    store = GrowingStore(db)
    members = tuple(Membership(lead, "acme", None, None, "leads") for lead in ("L1", "L2"))
    store.add(Log((event("e1", "L1", DAY), event("e2", "L3", DAY)), members, ATTRIBUTES))
    return store


@pytest.fixture
def store(growing):
    """The store with an up-to-date kept build of ROWS, and of nothing else."""
    with growing.db.change("features", "features.forgotten", "ana") as change:
        change.execute("DELETE FROM kept_sets")
    build_kept(growing.db, read(SET, "kept.yaml"), spine_of(ROWS), "ana")
    return growing


def kept(growing, rows=ROWS, text=SET):
    """What the kept build did, after its frame was found equal to a full build's."""
    feature_set, spine = read(text, "kept.yaml"), spine_of(list(rows))
    frame, report = build_kept(growing.db, feature_set, spine, "ana")
    assert frame.equals(build(growing.db, feature_set, spine))
    return report


def did(growing, rows=ROWS):
    report = kept(growing, rows)
    return report.built, report.partly


def test_nothing_new_builds_nothing_and_writes_nothing(store):
    entries = store.db.entries().height
    assert did(store) == (0, 0)
    assert store.db.entries().height == entries


def test_a_new_event_builds_its_lead_and_what_the_account_does_to_the_colleagues(store):
    store.add(Log((event("e3", "L1", 2 * DAY),)))
    assert did(store) == (1, 1)


def test_an_event_that_no_kept_row_may_see_builds_nothing(store):
    unseen = {"late": event("u1", "L3", DAY, late=30 * DAY), "later": event("u2", "L3", -30 * DAY)}
    store.add(Log((*unseen.values(), event("u3", "L1", -30 * DAY), event("u4", "L1", HOUR, late=2 * HOUR))))
    assert did(store) == (0, 0)


def test_an_event_beyond_the_reach_of_the_account_s_features_builds_its_own_lead_alone(store):
    store.add(Log((event("o1", "L1", 31 * DAY),)))
    assert did(store) == (1, 0)
    store.add(Log((event("o2", "L1", 29 * DAY),)))
    assert did(store) == (1, 1)


def test_an_event_that_was_known_in_time_builds_though_it_came_after_others(store):
    store.add(Log((event("u5", "L3", 5 * DAY, late=DAY),)))
    assert did(store) == (1, 0)


PARTS = """schema: leadbench/features/v1
name: parts
features:
  - {name: visits, aggregate: count, window: 7d}
  - {name: cheap, aggregate: count, where: "price < 0"}
  - {name: kinds, aggregate: distinct, of: type}
  - {name: sources, aggregate: distinct, of: source, window: 30d}
  - {name: days, aggregate: active_days, window: 90d}
  - {name: all_days, aggregate: active_days}
  - {name: first_price, aggregate: first, of: price, where: "type = 'login'"}
  - {name: last_plan, aggregate: last, of: plan}
  - {name: last_session, aggregate: last, of: session_id}
  - {name: last_version, aggregate: last, of: schema_version}
  - {name: again, aggregate: followed_by, where: "type = 'login'", then: "price > 0", within: 3d}
  - {name: logins, scope: account, aggregate: count, where: "type = 'login'"}
  - {name: any, scope: account_others, aggregate: exists, window: 7d}
  - {name: total, scope: account_others, aggregate: sum, of: price, window: 30d}
  - {name: mean, scope: account, aggregate: mean, of: price}
  - {name: least, scope: account_others, aggregate: min, of: price}
  - {name: most, scope: account_others, aggregate: max, of: price, where: "price < 100"}
  - {name: newest, scope: account_others, aggregate: days_since_last}
  - {name: oldest, scope: account, aggregate: days_since_first, window: 30d}
  - {name: leads, scope: account_others, aggregate: distinct, of: lead_id, window: 30d}
  - {name: decayed, scope: account_others, aggregate: decayed_count, half_life: 7d}
  - {name: faded, scope: account, aggregate: decayed_sum, of: price, half_life: 7d}
  - {name: speed, scope: account, aggregate: velocity, window: 7d, against: 21d}
  - {name: gap, scope: account_others, aggregate: gap_mean}
  - {name: share, scope: account, aggregate: share, where: "type = 'login'"}
"""


def priced(prices, before):
    """Events of L1, two hours apart, and one of each plan that a price has."""
    events = [event(f"p{before}_{name}", "L1", before + n * HOUR) for n, name in enumerate(prices)]
    return [
        replace(one, properties={"price": price, "plan": f"plan of {price}"})
        for one, price in zip(events, prices.values(), strict=True)
    ]


def test_new_events_are_added_to_the_parts_of_old_ones_which_are_not_read(growing):
    parts = read(PARTS, "parts.yaml")
    growing.add(Log((*priced({"a": 3.0, "b": 7.5}, 9 * DAY), event("p_old", "L2", 8 * DAY))))
    kept(growing, text=PARTS)
    late = event("p_late", "L1", DAY, late=30 * DAY)
    growing.add(Log((*priced({"a": 12.5, "b": -3.0, "c": 150.0}, 8 * DAY), late, event("p_own", "L2", HOUR))))
    with growing.db.change("signals", "events.imported", "ana") as change:
        change.execute(
            "UPDATE events SET kind_no = kind_no + 100 WHERE event_no <= (SELECT max(last_event) FROM kept_sets)"
        )
    frame, report = build_kept(growing.db, parts, spine_of(ROWS), "ana")
    assert (report.built, report.partly) == (2, 0)
    with growing.db.change("signals", "events.imported", "ana") as change:
        change.execute("UPDATE events SET kind_no = kind_no - 100 WHERE kind_no > 100")
    assert frame.equals(build(growing.db, parts, spine_of(ROWS)))


def test_a_corrected_event_builds_its_lead(store):
    store.supersede(store.log.events[1], NOW - HOUR)
    assert did(store) == (1, 0)


def test_a_new_attribute_value_builds_its_lead(store):
    store.add(Log(attributes=(AttributeValue("L3", "employees", 40.0, NOW - DAY, NOW - DAY),)))
    assert did(store) == (1, 0)


def test_a_merge_and_a_separation_build_both_leads_and_their_accounts(store):
    store.merge("L3", "L2", NOW - DAY)
    assert did(store) == (2, 1)
    store.unmerge("L3", NOW - HOUR)
    assert did(store) == (2, 1)
    store.add(Log((event("m1", "L3", -30 * DAY),)))
    assert did(store) == (2, 1), "once leads were merged, an event of any time builds all of them"


def test_a_window_expires_without_an_event_because_another_as_of_is_another_row(store):
    later = [Row(lead, NOW + 7 * DAY) for lead in ("L1", "L3")]
    assert did(store, later) == (2, 0)
    frame, _ = build_kept(store.db, read(SET, "kept.yaml"), spine_of(later), "ana")
    assert frame["visits"].to_list() == [0, 0]


def test_rows_of_another_spine_are_kept_up_to_date_too(store):
    one, other = [Row("L5", NOW)], [Row("L5", NOW + DAY)]
    did(store, [*one, *other])
    store.add(Log((event("e4", "L5", HOUR),)))
    assert did(store, one) == (2, 0)
    assert did(store, other) == (0, 0)


def test_another_type_of_value_builds_all_anew(store):
    typed = SET.replace("of: plan}", "of: amount}")
    kept(store, text=typed)
    fresh = Event("e5", "L2", "web", "login", NOW - DAY, NOW - DAY, properties={"amount": 2})
    store.add(Log((fresh,)))
    assert kept(store, text=typed).built == len(ROWS)


def test_a_row_of_a_lead_that_nobody_knew_is_built_once_somebody_does(store):
    with store.db.change("signals", "leads.imported", "ana") as change:
        change.execute("INSERT INTO leads (lead_no, lead_id, batch_id) VALUES (99, 'nobody', 'b')")
    assert did(store) == (1, 0)
    assert did(store) == (0, 0)


def test_a_build_that_an_earlier_leadbench_kept_is_made_anew(store):
    with store.db.change("features", "features.forgotten", "ana") as change:
        change.execute("UPDATE kept_sets SET asked = NULL")
        (table,) = change.rows("SELECT table_name FROM kept_sets")[0]
        change.execute(f'ALTER TABLE {table} DROP COLUMN "#lead"')
    assert did(store) == (len(ROWS), 0)


def test_a_feature_called_as_the_database_calls_a_row_is_built_anew(store):
    hidden = SET.replace("name: visits", "name: RowId")
    kept(store, text=hidden)
    store.add(Log((event("e7", "L3", DAY),)))
    assert kept(store, text=hidden).built == len(ROWS)


def test_a_build_that_was_overtaken_is_refused(store, monkeypatch):
    from core.features import kept as room

    real = room._write
    monkeypatch.setattr(room, "_write", lambda *given: (real(*given), real(*given)))
    store.add(Log((event("e6", "L3", DAY),)))
    with pytest.raises(PlanOutdated):
        build_kept(store.db, read(SET, "kept.yaml"), spine_of(ROWS), "ana")


def step(growing, rng, place, *, mostly_events):
    """One thing that happens to a store: rows come, an event is corrected, leads are merged or separated.

    What is said of ids is known after what was said before, as in a store: nobody counts for two others at once.
    """
    log = log_of(rng.randrange(2**32), size=8)
    events = tuple(replace(one, event_id=f"{place}_{one.event_id}") for one in log.events)
    said = [one.known_until or one.known_from for one in growing.merges]
    at = max([START + rng.randrange(40 * DAY), *said])
    choice = rng.randrange(15 if mostly_events else 5)
    if choice == 3:
        growing.merge(*rng.sample(("L1", "L2", "L3", "L4", "L5"), 2), at)
    elif choice == 4 and growing.log.events:
        growing.supersede(rng.choice(growing.log.events), at)
    else:
        known = set(growing.log.attributes)
        fresh = tuple(one for one in log.attributes if one not in known)
        growing.add(Log(events, log.memberships[:1] if choice < 3 else (), fresh))


def random_set(seed, with_parts):
    """Random features; `with_parts` has more of them, and none that keeps others from being kept by their parts."""
    feature_set = read(document(definitions(seed, 40 if with_parts else 10)), "random.yaml")
    if not with_parts:
        return feature_set
    counted = ("type", "source", "lead_id")
    features = (
        one for one in feature_set.features if one.aggregate != "distinct" or (one.of and one.of.name in counted)
    )
    return replace(feature_set, features=tuple(features))


def differences(db, seed, steps):
    rng = random.Random(seed)
    growing = GrowingStore(db)
    with_parts = seed % 2 == 0
    feature_set = random_set(seed, with_parts)
    found = []
    for place in range(steps):
        step(growing, rng, place, mostly_events=with_parts)
        if rng.random() < 0.5:
            Signals(db).compact(actor="ana")
        spine = spine_of(rows_of(rng.randrange(4), 6))
        frame, _ = build_kept(db, feature_set, spine, "ana")
        full = build(db, feature_set, spine)
        found += [(place, name) for name in frame.columns if not frame[name].equals(full[name], null_equal=True)]
    return found


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=2, deadline=None, suppress_health_check=QUIET, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_kept_and_full_builds_agree_while_a_store_grows(db, seed):
    assert differences(db, seed, steps=4) == []


@pytest.mark.campaign
@settings(max_examples=500, deadline=None, suppress_health_check=QUIET, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_kept_and_full_builds_agree_in_a_long_campaign(db, seed):
    assert differences(db, seed, steps=8) == []


def test_a_new_word_gets_a_bit_of_its_own_and_words_in_another_order_build_all_anew(tmp_path):
    def lines(name, plans):
        rows = [
            {"event_id": f"{name}{n}", "lead_id": f"L{n % 3}", "source": "web", "type": "login", "plan": plan}
            | {"occurred_at": f"2024-10-{n + 1:02}T00:00:00Z", "received_at": f"2024-10-{n + 1:02}T00:00:01Z"}
            for n, plan in enumerate(plans)
        ]
        path = tmp_path / f"{name}.csv"
        pl.DataFrame(rows).write_csv(path)
        return path

    plans = read(
        """schema: leadbench/features/v1
name: words
features:
  - {name: plans, aggregate: distinct, of: plan}
  - {name: latest, aggregate: last, of: plan}
""",
        "words.yaml",
    )
    spine = spine_of([Row(lead, NOW) for lead in ("L0", "L1", "L2")])
    with open_store(tmp_path / "store") as db:
        Signals(db).import_events(lines("a", "bdbd"), actor="ana")
        Signals(db).compact(actor="ana")
        build_kept(db, plans, spine, "ana")
        Signals(db).import_events(lines("e", "a"), actor="ana")
        frame, report = build_kept(db, plans, spine, "ana")
        assert report.built == 1 and frame.equals(build(db, plans, spine))
        assert frame["plans"].to_list() == [3, 1, 1]
        assert json.loads(db.scalar("SELECT words FROM kept_sets")) == {"properties.plan": ["b", "d", "a"]}
        with db.change("signals", "store.compacted", "ana") as change:
            change.execute("UPDATE event_words SET code = 9 - code")
        Signals(db).import_events(lines("f", "c"), actor="ana")
        frame, report = build_kept(db, plans, spine, "ana")
        assert report.built == 3 and frame.equals(build(db, plans, spine))


ALIKE = """schema: leadbench/features/v1
name: alike
features:
  - {name: a_more, aggregate: count, where: "a > 0"}
  - {name: b_more, aggregate: count, where: "b > 0"}
  - {name: dear, aggregate: count, where: "price > 5"}
  - {name: cheap, aggregate: count, where: "price < 0"}
"""
ALIKE_SUMS = """schema: leadbench/features/v1
name: alike_sums
features:
""" + "".join(f"  - {{name: sum_{name}, aggregate: sum, of: {name}}}\n" for name in ("a", "b", "price", "d"))


@pytest.mark.parametrize("text", [ALIKE, ALIKE_SUMS], ids=["conditions", "sums"])
def test_what_two_features_share_while_no_value_fits_them_is_not_another_s_part_later(tmp_path, text):
    """No text is more than 0, and a sum of texts has no value: of two columns of texts both are alike."""

    def holding(name, **properties):
        return replace(event(name, "L1", DAY), properties=properties)

    with open_store(tmp_path / "store") as db:
        growing = GrowingStore(db)
        growing.add(Log((holding("e1", a="x", b="y", price=7), holding("e2", price=9))))
        Signals(db).compact(actor="ana")
        kept(growing, text=text)
        growing.add(Log((holding("e3", a=5, b="z", price=-1, d="v"),)))
        Signals(db).compact(actor="ana")
        assert kept(growing, text=text).built == 1
