"""What readers of the online state can rely on: windows expire, nothing is torn, a kept value is exact."""

import threading

import numpy as np
import polars as pl

from core.features.engine import build
from core.features.online import OnlineFeatures
from core.features.online.kernels import exact
from core.features.parser import read
from tests.features.growing import GrowingStore
from tests.features.logs import moment
from tests.features.oracle import Event, Log
from tests.features.random_logs import DAY, HOUR, START

SET = """
schema: leadbench/features/v1
name: small
features:
  - {name: visits_1d, aggregate: count, where: "type = 'page_viewed'", window: 1d}
  - {name: spent, aggregate: sum, of: amount}
  - {name: both, aggregate: count}
  - {name: newest, aggregate: last, of: plan}
"""


def event(number, at, received=None, **properties):
    return Event(f"e{number:06d}", "L1", "web", "page_viewed", at, received or at, properties=properties)


def spine(*moments, lead="L1"):
    times = [moment(at) for at in moments]
    return pl.DataFrame({"lead_id": [lead] * len(times), "as_of": times})


def test_a_window_expires_without_an_event(db):
    store = GrowingStore(db)
    store.add(Log((event(1, START),)))
    online = OnlineFeatures(db, read(SET, "small.yaml"))
    assert online.vectors(spine(START + 1, START + DAY, START + DAY + 1))["visits_1d"].to_list() == [1, 1, 0]


def test_an_event_is_seen_after_catching_up_and_not_before(db):
    store = GrowingStore(db)
    online = OnlineFeatures(db, read(SET, "small.yaml"))
    store.add(Log((event(1, START),)))
    assert online.vectors(spine(START + 1))["both"].to_list() == [0]
    assert online.catch_up() == 1
    assert online.catch_up() == 0
    assert online.vectors(spine(START + 1))["both"].to_list() == [1]


def test_events_of_one_moment_are_told_apart_by_their_id_whenever_they_came(db):
    store = GrowingStore(db)
    store.add(Log((event(5, START, plan="e"),)))
    online = OnlineFeatures(db, read(SET, "small.yaml"))
    for number, plan in ((9, "i"), (7, "g"), (1, "a")):
        store.add(Log((event(number, START, plan=plan),)))
        online.catch_up()
    assert online.vectors(spine(START + 1))["newest"].to_list() == ["i"]


def test_an_event_that_went_from_the_log_goes_from_memory(db):
    store = GrowingStore(db)
    store.add(Log((event(1, START), event(2, START + HOUR))))
    online = OnlineFeatures(db, read(SET, "small.yaml"))
    with db.change("signals", "leads.erased", "ana") as change:
        change.execute("DELETE FROM events WHERE event_id = 'e000001'")
    online.catch_up()
    assert online.vectors(spine(START + DAY))["both"].to_list() == [1]


def test_a_lead_that_nobody_knows_has_the_values_of_an_empty_set(db):
    GrowingStore(db)
    feature_set = read(SET, "small.yaml")
    asked = spine(START, lead="nobody")
    assert OnlineFeatures(db, feature_set).vectors(asked).equals(build(db, feature_set, asked))


def test_readers_see_whole_batches_while_one_writer_catches_up(db):
    store = GrowingStore(db)
    online = OnlineFeatures(db, read(SET, "small.yaml"))
    asked, torn, done = spine(START + 400 * DAY), [], threading.Event()

    def look():
        while not done.is_set():
            row = online.vectors(asked).row(0, named=True)
            if row["both"] % 10 or row["spent"] != row["both"]:
                torn.append(row)

    readers = [threading.Thread(target=look) for _ in range(4)]
    for reader in readers:
        reader.start()
    for batch in range(12):
        times = [START + (batch * 7 % 12) * DAY + place * HOUR for place in range(10)]
        store.add(Log(tuple(event(batch * 10 + n, at, amount=1) for n, at in enumerate(times))))
        online.catch_up()
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert online.vectors(asked)["both"].to_list() == [120]


def test_sums_are_the_nearest_double_of_the_exact_sum_whatever_the_sizes():
    rng = np.random.default_rng(5)
    for _ in range(300):
        values = np.rint(rng.choice([-1, 1], 40) * 10 ** rng.uniform(0, 29, 40)) * 1.0
        ints = np.zeros((1, 5), dtype=np.int64)
        for value in values:
            exact.add(ints, 0, value)
        assert exact.total(ints[0, 1], ints[0, 2]) == float(sum(map(int, values)))


def test_a_new_state_reads_the_log_as_it_is_now(db):
    store = GrowingStore(db)
    store.add(Log(tuple(event(n, START + n * HOUR, amount=0.1) for n in range(10))))
    feature_set = read(SET, "small.yaml")
    first = OnlineFeatures(db, feature_set)
    store.add(Log((event(11, START - DAY, START + DAY, amount=5),)))
    first.catch_up()
    asked = spine(START + DAY, START + 2 * DAY)
    assert first.vectors(asked).equals(OnlineFeatures(db, feature_set).vectors(asked))
    assert first.vectors(asked).equals(build(db, feature_set, asked))
