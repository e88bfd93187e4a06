"""What people are told about features: spread, changes between sets, freshness tiers, code that computes them."""

from datetime import timedelta

import polars as pl
import pytest

from core.features import comparing, distribution
from core.features.engine import build
from core.features.parser import read
from core.features.polars_text import polars_text
from core.features.tiers import tier
from tests.features.growing import GrowingStore
from tests.features.logs import moment
from tests.features.oracle import Event, Log
from tests.features.random_logs import DAY, HOUR, START

NOW = START + 20 * DAY
HEAD = "schema: leadbench/features/v1\nname: told\nfeatures:\n"
FEATURES = (
    "{name: f, aggregate: count, where: \"type = 'page_viewed'\", window: 36h}",
    "{name: f, aggregate: exists, window: 7d}",
    "{name: f, aggregate: sum, of: amount, window: 30d}",
    "{name: f, aggregate: mean, of: amount}",
    "{name: f, aggregate: max, of: amount, where: \"source = 'web' AND type <> 'login'\"}",
    "{name: f, aggregate: distinct, of: plan}",
    "{name: f, aggregate: active_days, window: 30d}",
    "{name: f, aggregate: days_since_last}",
    "{name: f, aggregate: days_since_first}",
    "{name: f, aggregate: first, of: plan}",
    "{name: f, aggregate: last, of: plan, window: 7d}",
    "{name: f, aggregate: decayed_count, half_life: 7d}",
    "{name: f, aggregate: decayed_sum, of: amount, half_life: 36h}",
    "{name: f, aggregate: velocity, window: 7d, against: 10d}",
    "{name: f, aggregate: gap_mean, window: 30d}",
    "{name: f, aggregate: share, where: \"type = 'login'\", window: 30d}",
    "{name: f, aggregate: followed_by, where: \"type = 'page_viewed'\", then: \"type = 'login'\", within: 3d}",
)


def a_set(*lines):
    return read(HEAD + "".join(f"  - {line}\n" for line in lines), "told.yaml")


def some_events():
    """Events of a lead, of which three came last and three first at one moment, in no order of their ids."""
    kinds = ("page_viewed", "login", "form_sent")
    steps = ((29, "z"), (0, "b"), *((n, "e") for n in range(30)), (29, "a"), (0, "a"))
    return tuple(
        Event(f"{letter}{n}", "L1", "web", kinds[n % 3], START + n * 17 * HOUR, START + n * 17 * HOUR + HOUR,
              properties={"amount": n / 4, "plan": f"{letter}{n}"})
        for n, letter in steps
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(db):
    growing = GrowingStore(db)
    growing.add(Log(some_events()))
    return growing


def computed(text, events):
    names = {"pl": pl, "timedelta": timedelta, "events": events, "as_of": moment(NOW), "known_at": moment(NOW)}
    *before, last = text.split("\n")
    exec("\n".join(before), names)
    return eval(last, names)


@pytest.mark.parametrize(
    "line", FEATURES, ids=[line.split("aggregate: ")[1].split(",")[0].rstrip("}") for line in FEATURES]
)
def test_the_polars_code_of_a_feature_computes_it(store, line):
    events = pl.DataFrame(
        [
            {"event_id": e.event_id, "source": e.source, "type": e.type, "occurred_at": moment(e.occurred_at),
             "received_at": moment(e.received_at), **e.properties}
            for e in store.log.events
        ]
    )  # fmt: skip
    feature_set = a_set(line)
    wanted = build(store.db, feature_set, pl.DataFrame({"lead_id": ["L1"], "as_of": [moment(NOW)]}))["f"].item()
    assert computed(polars_text(feature_set.features[0]), events) == pytest.approx(wanted)


def test_the_first_and_the_last_of_one_moment_are_told_apart_by_their_id(store):
    kinds = ("", ", where: \"type = 'page_viewed'\"", ", where: \"type = 'form_sent'\"")
    lines = [
        f"{{name: {edge}{n}, aggregate: {edge}, of: plan{kind}}}"
        for edge in ("first", "last")
        for n, kind in enumerate(kinds)
    ]
    row = build(store.db, a_set(*lines), pl.DataFrame({"lead_id": ["L1"], "as_of": [moment(NOW + 5 * DAY)]})).row(0)
    assert row[2:] == ("a0", "a0", "e2", "z29", "e27", "z29")


def test_shares_of_numbers_are_cut_at_quantiles_and_add_up_in_each_group():
    values = pl.Series("v", [*range(80), *[None] * 20])
    shares = distribution.shares(values, pl.Series(["won", "lost"] * 50))
    assert shares["bucket"][-1] == distribution.MISSING
    assert shares.columns == ["bucket", "lost", "won"]
    assert (shares["won"].sum(), shares["lost"].sum()) == (pytest.approx(1), pytest.approx(1))
    assert shares["won"][-1] == pytest.approx(0.2)


def test_shares_of_words_keep_the_commonest_and_shares_of_one_number_are_one_bucket():
    words = pl.Series("v", [f"w{n % 12}" for n in range(120)] + ["w0"] * 5)
    assert distribution.OTHER in distribution.shares(words, pl.Series(["won"] * 125))["bucket"]
    assert distribution.shares(pl.Series("v", [3, 3, 3]), pl.Series(["won"] * 3)).rows() == [("all", 1.0)]


def test_the_share_of_missing_values_is_told_by_column():
    frame = pl.DataFrame({"a": [1, None], "b": [None, None]})
    assert distribution.missing(frame, ("a", "b")) == {"a": 0.5, "b": 1.0}


def test_a_comparison_tells_new_meaning_from_new_wording():
    before = a_set("{name: a, aggregate: count}", "{name: b, aggregate: count}", "{name: c, aggregate: exists}")
    after = a_set("{name: a, aggregate: count, window: 7d}", "{name: b, aggregate: count, owner: ops}",
                  "{name: d, aggregate: exists}")  # fmt: skip
    found = {change.name: change.kind for change in comparing.compare(before, after)}
    assert found == {"a": "changed", "b": "reworded", "d": "added", "c": "removed"}


@pytest.mark.parametrize(("age", "wanted"), [("5m", "live"), ("15m", "live"), ("4h", "minutes"), ("2d", "daily")])
def test_the_tier_of_a_feature_follows_its_max_age(age, wanted):
    assert tier(a_set(f"{{name: a, aggregate: count, max_age: {age}}}").features[0]) == wanted


def test_a_feature_without_max_age_is_fresh_by_the_day():
    assert tier(a_set("{name: a, aggregate: count}").features[0]) == "daily"
