"""The rules of a build, one by one."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from core.features import engine
from core.features.compiler import compile
from core.features.document import FeatureSet
from core.features.engine import build, build_with_report, resolve
from core.features.errors import AttributePersonal, AttributeUnknown, SpineInvalid
from core.features.parser import read
from core.features.sample import rows, statement
from core.features.statistics import Statistics
from core.features.templates import shipped
from tests.features.logs import MOMENT, fill, moment, open_store, spine_of
from tests.features.oracle import AttributeValue, Event, Log, Row
from tests.features.random_features import definitions, document
from tests.features.random_logs import HOUR, log_of, rows_of

DAY = 86_400_000_000
NOW = 20_000 * DAY
SET = """schema: leadbench/features/v1
name: sample
features:
  - {name: visits, aggregate: count, window: 7d}
  - {name: any, aggregate: exists, window: 7d}
  - {name: total, aggregate: sum, of: amount}
  - {name: latest, aggregate: last, of: plan}
  - {name: employees, attribute: employees}
"""


def event(name, before, lead="L1", late=0, **properties):
    return Event(name, lead, "web", "visit", NOW - before, NOW - before + late, properties=properties)


def log(*events):
    return Log(tuple(events), attributes=(AttributeValue("L1", "employees", 12.0, NOW - 9 * DAY, NOW - 9 * DAY),))


def values(db, content, row, name="visits"):
    fill(db, content)
    return build(db, read(SET, "sample.yaml"), spine_of([row]))[name][0]


def test_an_event_received_later_is_not_seen(db):
    content = log(event("e1", DAY, late=DAY), event("e2", DAY, late=DAY + 1))
    assert values(db, content, Row("L1", NOW)) == 1
    assert values(db, content, Row("L1", NOW, NOW + 1)) == 2


def test_the_window_holds_its_oldest_moment_and_not_as_of_itself(db):
    content = log(event("e1", 7 * DAY), event("e2", 7 * DAY + 1), event("e3", 0), event("e4", 1))
    assert values(db, content, Row("L1", NOW)) == 2


def test_an_undated_row_has_an_empty_past_and_only_undated_attributes(db):
    fill(db, log(event("e1", DAY)))
    frame = build(db, read(SET, "s"), spine_of([Row("L1", None)]))
    assert frame.select("visits", "any", "total", "latest", "employees").row(0) == (0, False, 0.0, None, None)


def test_an_unknown_lead_has_the_values_of_an_empty_set(db):
    fill(db, log(event("e1", DAY)))
    frame = build(db, read(SET, "s"), spine_of([Row("nobody", NOW)]))
    assert frame.select("visits", "any", "total", "latest", "employees").row(0) == (0, False, 0.0, None, None)


def test_rows_keep_their_order_and_columns_their_types(db):
    fill(db, log(event("e1", DAY, plan="pro", amount=1)))
    spine = spine_of([Row("nobody", NOW), Row("L1", NOW), Row("nobody", NOW), Row("L1", NOW)])
    frame = build(db, read(SET, "s"), spine.with_columns(pl.Series("tag", [4, 3, 2, 1])))
    assert frame.columns == ["lead_id", "as_of", "known_at", "tag", "visits", "any", "total", "latest", "employees"]
    assert frame["tag"].to_list() == [4, 3, 2, 1]
    assert frame["visits"].to_list() == [0, 1, 0, 1]
    assert frame.dtypes[4:] == [pl.Int64, pl.Boolean, pl.Float64, pl.String, pl.Float64]


def test_an_empty_spine_gives_no_rows_and_every_column(db):
    fill(db, log(event("e1", DAY)))
    frame = build(db, read(SET, "s"), spine_of([]))
    assert frame.height == 0
    assert frame["visits"].dtype == pl.Int64


def test_known_at_defaults_to_as_of_and_time_zones_are_understood(db):
    fill(db, log(event("e1", DAY, late=DAY), event("e2", DAY, late=DAY + 1)))
    spine = pl.DataFrame({"lead_id": ["L1"], "as_of": [moment(NOW).replace(tzinfo=UTC)]})
    assert build(db, read(SET, "s"), spine)["visits"].to_list() == [1]


def test_ties_are_decided_by_the_received_time_and_then_the_id(db):
    tied = [
        event("b", DAY, late=5, plan="later"),
        event("a", DAY, late=9, plan="latest"),
        event("c", DAY, plan="first"),
    ]
    assert values(db, log(*tied), Row("L1", NOW), "latest") == "latest"
    same = [event("b", DAY, plan="b"), event("a", DAY, plan="a")]
    assert values(db, log(*same), Row("L1", NOW), "latest") == "b"


def test_sums_of_decimals_are_exact(db):
    content = log(*(event(f"e{i}", DAY + i, amount=0.1) for i in range(10)))
    assert values(db, content, Row("L1", NOW), "total") == 1.0


def test_text_is_never_a_number(db):
    content = log(event("e1", DAY, amount="5"), event("e2", DAY, amount=True), event("e3", DAY, amount=2))
    assert values(db, content, Row("L1", NOW), "total") == 2.0


def test_a_personal_attribute_is_refused(db):
    fill(db, log(event("e1", DAY)))
    with db.change("signals", "leads.imported", "ana") as change:
        change.execute("UPDATE attribute_types SET personal = TRUE")
    with pytest.raises(AttributePersonal, match="`employees`, which is personal"):
        build(db, read(SET, "s"), spine_of([Row("L1", NOW)]))


def test_a_misspelt_attribute_is_refused_with_the_nearest_one(db):
    fill(db, log(event("e1", DAY)))
    wrong = read(SET.replace("attribute: employees", "attribute: employes"), "s")
    with pytest.raises(AttributeUnknown, match=r"Did you mean `employees`\?"):
        build(db, wrong, spine_of([Row("L1", NOW)]))


def test_a_time_attribute_counts_days_since_that_moment(db):
    renewed = AttributeValue("L1", "employees", datetime(2024, 10, 1), None, None)
    fill(db, Log((event("e1", DAY),), attributes=(renewed,)))
    spine = pl.DataFrame({"lead_id": ["L1"], "as_of": [datetime(2024, 10, 3, 12)]}, schema_overrides={"as_of": MOMENT})
    assert build(db, read(SET, "s"), spine)["employees"].to_list() == [2.5]


@pytest.mark.parametrize(
    ("spine", "message"),
    [
        (pl.DataFrame({"lead_id": ["a"]}), "no column `as_of`"),
        (pl.DataFrame({"lead_id": ["a"], "as_of": ["2024-01-01"]}), "`as_of` holds String"),
        (
            pl.DataFrame({"lead_id": ["a"], "as_of": [datetime(2024, 1, 1)], "visits": [1]}),
            "already has a column `visits`",
        ),
    ],
)
def test_a_spine_that_cannot_be_read_is_refused(db, spine, message):
    with pytest.raises(SpineInvalid, match=message):
        build(db, read(SET, "s"), spine)


def test_a_counter_that_would_overflow_stops_the_build(db):
    fill(db, log(*(event(f"e{i}", DAY + i) for i in range(5))))
    narrow = compile(read(SET.split("  - {name: total")[0], "s"), Statistics(heaviest_lead=3))
    with db.scratch() as cursor, pytest.raises(Exception, match="2 bits is too narrow"):
        cursor.execute(f"CREATE TEMP TABLE spine_rows AS SELECT 0 AS row_no, 1 AS lead_no, {NOW} AS a, {NOW} AS known")
        cursor.read(narrow)


def test_the_report_names_the_set_and_counts_the_work(db):
    fill(db, log(event("e1", DAY), event("e2", DAY)))
    sample = read(SET, "s")
    report = build_with_report(db, sample, spine_of([Row("L1", NOW)]))[1]
    assert (report.set_hash, report.rows, report.features) == (sample.behaviour_hash, 1, 5)
    assert report.events_scanned == 2


def test_a_shipped_set_builds_where_its_attributes_are_known_and_else_names_the_missing_one(db):
    fill(db, log(event("e1", DAY)))
    sample = shipped()[0]
    with pytest.raises(AttributeUnknown, match="industry"):
        build(db, sample, spine_of([]))
    behaviours = FeatureSet("behaviours", tuple(feature for feature in sample.features if not feature.attribute))
    frame = build(db, behaviours, spine_of([Row("L1", NOW)]))
    assert frame.select("events_7d", "days_since_last", "latest_kind").row(0) == (1, 1.0, "visit")


def test_a_preview_gives_the_statement_and_the_leads_active_last(db):
    fill(db, log(event("e1", DAY), event("e2", 3 * DAY, lead="L2")))
    sample = read(SET, "s")
    assert "LEFT JOIN own" in statement(db, sample)
    found = rows(db, sample)
    assert found["lead_id"].to_list() == ["L1", "L2"]
    assert found["visits"].to_list() == [1, 1]


def test_resolving_states_the_types_that_the_store_has(db):
    fill(db, log(event("e1", DAY, plan="pro"), event("e2", DAY, plan=None)))
    found = {feature.name: feature.dtype for feature in resolve(db, read(SET, "s")).features}
    assert found == {
        "visits": "count",
        "any": "boolean",
        "total": "number",
        "latest": "category",
        "employees": "number",
    }
    fill(db, log(event("e1", DAY, plan=1), event("e2", DAY, plan=2.5)))
    assert resolve(db, read(SET, "s")).find("latest").dtype == "number"


def test_many_batches_give_what_one_gives(db, monkeypatch):
    fill(db, log_of(5, 200))
    feature_set = read(document(definitions(5, 20)), "random.yaml")
    spine = spine_of(rows_of(5, 20))
    whole = build(db, feature_set, spine)
    monkeypatch.setattr(engine, "BATCH_ROWS", 3)
    assert build(db, feature_set, spine).equals(whole)


def test_few_rows_look_only_at_the_memberships_near_them(db, monkeypatch):
    fill(db, replace(log_of(5, 200), merges=()))
    scopes = ("account", "account_others")
    lines = [f"  - {{name: {scope}, scope: {scope}, aggregate: count, window: 30d}}" for scope in scopes]
    feature_set, spine = read(SET + "\n".join(lines), "near.yaml"), spine_of(rows_of(5, 20))
    statistics = Statistics(leads=100)
    assert ["near_leads" in compile(feature_set, statistics, few) for few in (24, 25, None)] == [True, False, False]
    whole = build(db, feature_set, spine)
    monkeypatch.setattr("core.features.compiler.statement.ROWS_NEAR_ALL", 100)
    assert build(db, feature_set, spine).equals(whole)
    assert whole["account_others"].sum() > 0


def test_the_number_of_threads_changes_no_bit(tmp_path):
    content = log_of(11, 1500, grid=HOUR)
    feature_set = read(document(definitions(11, 40)), "random.yaml")
    frames = []
    for threads in (1, 4):
        with open_store(tmp_path / str(threads), threads) as store:
            fill(store, content)
            frames.append(build(store, feature_set, spine_of(rows_of(11, 30, HOUR))))
    assert frames[0].equals(frames[1])
