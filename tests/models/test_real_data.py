"""Labels, leaks and training on the real tables, read directly; the recipes run the same through a store."""

from datetime import UTC, datetime

import polars as pl
import pytest

from core.kernel.times import duration_us
from core.models.encoding import FeatureInfo
from core.models.evaluation import held_out_auc
from core.models.labels import LabelSpec, LandmarkSpec, landmark_rows
from core.models.leaks import LeadHistory, suspected
from core.models.split import SplitSpec, split
from core.models.training import TrainConfig

pytestmark = pytest.mark.recipe

TIME = pl.Datetime("us")
NO_EVENTS = pl.DataFrame(schema={"lead_id": pl.String, "type": pl.String, "occurred_at": TIME})
NO_TIMES = pl.DataFrame(schema={"lead_id": pl.String, "name": pl.String, "valid_from": TIME})
OUTCOME_TYPES = ("A_APPROVED", "A_DECLINED", "A_CANCELLED")
SALES_COLUMNS = {
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
}


def moments(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)


def columns_of(frame: pl.DataFrame, without=()) -> list[FeatureInfo]:
    kept = [name for name in frame.columns if name not in {"lead_id", *without}]
    return [FeatureInfo(n, "number" if frame[n].dtype.is_numeric() else "category", "fit", n) for n in kept]


@pytest.fixture(scope="module")
def lender(real_data):
    """Events, leads and outcomes of bpi2012."""
    folder = real_data / "bpi2012"
    raw = pl.read_csv(folder / "bpi2012_events.csv.gz", schema_overrides={"case_id": pl.String})
    events = raw.select(
        pl.col("case_id").alias("lead_id"), pl.col("activity").alias("type"), moments("ts").alias("occurred_at")
    )
    cases = pl.read_csv(folder / "bpi2012_cases.csv", schema_overrides={"case_id": pl.String})
    leads = cases.select(pl.col("case_id").alias("lead_id"), moments("REG_DATE").alias("created_at"), "AMOUNT_REQ")
    closed = events.filter(pl.col("type").is_in(OUTCOME_TYPES)).select(
        "lead_id",
        pl.when(pl.col("type") == "A_APPROVED").then(pl.lit("won")).otherwise(pl.lit("lost")).alias("outcome"),
        pl.col("occurred_at").alias("at"),
    )
    return events, leads, closed


@pytest.fixture(scope="module")
def students(real_data):
    """Leads, outcomes and attributes of x_education; `Select` means missing."""
    raw = pl.read_csv(real_data / "x_education" / "Leads.csv", infer_schema_length=None)
    text = pl.col(pl.String)
    table = raw.select(name for name in raw.columns if name).with_columns(
        pl.when(text == "Select").then(None).otherwise(text).name.keep()
    )
    named = table.rename({"Prospect ID": "lead_id"})
    leads = named.select("lead_id", pl.lit(None, dtype=TIME).alias("created_at"))
    won = pl.when(pl.col("Converted") == 1).then(pl.lit("won")).otherwise(pl.lit("lost")).alias("outcome")
    return (
        leads,
        named.select("lead_id", won, pl.lit(None, dtype=TIME).alias("at")),
        named.drop("Converted", "Lead Number"),
    )


@pytest.fixture(scope="module")
def sellers(real_data):
    """Leads, outcomes and attributes of olist_funnel, columns of the winners' table included."""
    folder = real_data / "olist_funnel"
    leads = pl.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv").rename({"mql_id": "lead_id"})
    deals = pl.read_csv(folder / "olist_closed_deals_dataset.csv").rename({"mql_id": "lead_id"})
    created = pl.col("first_contact_date").str.to_datetime("%Y-%m-%d", time_unit="us").alias("created_at")
    won = deals.select(
        "lead_id", pl.lit("won").alias("outcome"), pl.col("won_date").str.to_datetime(time_unit="us").alias("at")
    )
    attributes = leads.drop("first_contact_date").join(deals.drop("won_date"), on="lead_id", how="left")
    return leads.select("lead_id", created), won, attributes


def lender_rows(lender, horizon: str | None):
    events, leads, outcomes = lender
    after = tuple(duration_us(text) for text in ("1h", "24h", "72h", "7d", "14d"))
    label = LabelSpec("won", None if horizon is None else duration_us(horizon))
    return landmark_rows(leads, outcomes, label, LandmarkSpec(after), events["occurred_at"].max())


def test_open_applications_are_censored_and_what_closed_early_is_no_row(lender):
    found = lender_rows(lender, None)
    assert found.censored_leads == 399
    assert found.recorded_from is None
    at_one_hour = found.rows.filter(pl.col("landmark") == "1h")
    assert len(at_one_hour) < 0.65 * 12_688
    assert found.decided > 12_688 * 0.35


def test_exactly_the_twins_of_the_outcome_are_suspected_among_the_stages(lender):
    events, leads, outcomes = lender
    attributes = leads.select("lead_id", "AMOUNT_REQ")
    rows = split(lender_rows(lender, "30d").rows, SplitSpec()).rows
    history = LeadHistory(events, leads.drop("AMOUNT_REQ"), outcomes, attributes, NO_TIMES)
    found = {suspect.key: suspect for suspect in suspected(history, rows, "won", outcome_types=OUTCOME_TYPES)}
    twins = {"A_REGISTERED", "A_ACTIVATED", "O_ACCEPTED", "O_DECLINED", *OUTCOME_TYPES}
    assert twins <= set(found) <= {*twins, "W_Wijzigen contractgegevens"}
    assert found["A_REGISTERED"].name == "type = 'A_REGISTERED'"
    assert found["A_REGISTERED"].auc_alone == 1.0


@pytest.mark.parametrize("seed", [1, 7])
def test_exactly_the_columns_that_sales_enters_are_suspected(students, seed):
    leads, outcomes, attributes = students
    found = landmark_rows(leads, outcomes, LabelSpec("won"), LandmarkSpec(none=True), None)
    rows = split(found.rows, SplitSpec(by="random", reason="no dates", seed=seed)).rows
    history = LeadHistory(NO_EVENTS, leads, outcomes, attributes, NO_TIMES)
    assert {suspect.key for suspect in suspected(history, rows, "won")} == SALES_COLUMNS
    frame = rows.join(attributes, on="lead_id", maintain_order="left")
    assert held_out_auc(frame, columns_of(attributes, SALES_COLUMNS), TrainConfig()) > 0.86
    assert held_out_auc(frame, columns_of(attributes), TrainConfig()) > 0.96


def test_deals_were_not_recorded_before_december_and_winners_columns_are_suspected(sellers):
    leads, outcomes, attributes = sellers
    label = LabelSpec("won", duration_us("90d"))
    found = landmark_rows(leads, outcomes, label, LandmarkSpec(none=True), outcomes["at"].max())
    assert found.recorded_from is not None
    assert found.recorded_from.date() == datetime(2017, 12, 5, tzinfo=UTC).date()
    assert found.decided == 1
    rows = split(found.rows, SplitSpec()).rows
    history = LeadHistory(NO_EVENTS, leads, outcomes, attributes, NO_TIMES)
    suspects = {suspect.key for suspect in suspected(history, rows, "won")}
    assert suspects == set(attributes.columns) - {"lead_id", "landing_page_id", "origin"}
    frame = rows.join(attributes, on="lead_id", maintain_order="left")
    assert held_out_auc(frame, columns_of(attributes, suspects), TrainConfig()) > 0.66
