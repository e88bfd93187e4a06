import hashlib
from pathlib import Path

import polars as pl
import pytest

from core.demo import LEAST_LEADS, generate, world
from core.demo.errors import DemoSizeInvalid


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def all_events(folder: Path) -> pl.DataFrame:
    shared = ["event_id", "lead_id", "type", "occurred_at", "received_at"]
    times = [
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC") for name in shared[3:]
    ]
    crm = pl.read_ndjson(folder / "crm.jsonl").select(shared).with_columns(times)
    return pl.concat([crm, *(pl.read_parquet(path).select(shared) for path in folder.glob("*.parquet"))])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    generate(made, events=20_000, leads=1_200, seed=3)
    return made


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path):
    generate(tmp_path, events=20_000, leads=1_200, seed=3)
    assert digests(tmp_path) == digests(folder)


def test_another_seed_gives_other_bytes(folder: Path, tmp_path: Path):
    generate(tmp_path, events=20_000, leads=1_200, seed=4)
    assert digests(tmp_path)["web.parquet"] != digests(folder)["web.parquet"]


def test_there_are_exactly_as_many_distinct_events_as_asked_for_and_some_twice(folder: Path):
    events = all_events(folder)
    assert events["event_id"].n_unique() == 20_000
    assert 20_100 < events.height < 20_600
    assert events.unique().height == 20_000


def test_every_lead_is_there_and_does_something(folder: Path):
    leads = pl.read_csv(folder / "leads.csv")
    assert leads["lead_id"].n_unique() == leads.height == 1_200
    assert set(leads["lead_id"]) == set(all_events(folder)["lead_id"])


def test_nothing_is_received_before_it_happens_or_after_the_end(folder: Path):
    events = all_events(folder)
    assert events.filter(pl.col("received_at") < pl.col("occurred_at")).height == 0
    assert events["received_at"].max() < world.ENDS_AT


def test_some_events_come_days_late_and_some_were_anonymous_at_first(folder: Path):
    events = all_events(folder)
    late = events.filter(pl.col("received_at") - pl.col("occurred_at") > pl.duration(hours=12))
    assert 0.05 < late.height / events.height < 0.4
    created = pl.read_csv(folder / "leads.csv", try_parse_dates=True).select("lead_id", "created_at")
    early = (
        pl.read_parquet(folder / "web.parquet")
        .join(created, on="lead_id")
        .filter(pl.col("occurred_at") < pl.col("created_at"))
    )
    assert early.height > 200
    assert early.filter(pl.col("received_at") < pl.col("created_at")).height == 0


def test_weekends_are_quieter(folder: Path):
    share = (all_events(folder)["occurred_at"].dt.weekday() >= 6).mean()
    assert isinstance(share, float)
    assert share < 0.2


def test_the_market_changes_half_way(folder: Path):
    first = pl.lit(world.ENDS_AT) - pl.duration(days=world.DRIFT_DAY)
    leads = pl.read_csv(folder / "leads.csv", try_parse_dates=True).with_columns(later=pl.col("created_at") >= first)
    share = (
        leads.group_by("later").agg((pl.col("lead_source") == "Content download").mean()).sort("later")["lead_source"]
    )
    assert share[1] > 1.8 * share[0]


def test_onboarding_is_only_known_of_won_leads(folder: Path):
    outcomes = pl.read_csv(folder / "outcomes.csv")
    won = set(outcomes.filter(pl.col("outcome") == "won")["lead_id"])
    managed = pl.read_csv(folder / "leads.csv").filter(pl.col("onboarding_manager").is_not_null())
    assert set(managed["lead_id"]) <= won
    assert set(all_events(folder).filter(pl.col("type") == "onboarding_started")["lead_id"]) <= won


def test_some_leads_win_most_are_lost_and_some_are_open(folder: Path):
    outcomes = pl.read_csv(folder / "outcomes.csv")
    share = (outcomes["outcome"] == "won").sum() / 1_200
    assert 0.1 < share < 0.3
    assert 0.1 < 1 - outcomes.height / 1_200 < 0.3


def test_work_is_noted_of_the_last_days_before_the_close_and_as_open_of_open_leads_alone(folder: Path):
    work = pl.read_csv(folder / "work.csv", try_parse_dates=True)
    leads = pl.read_csv(folder / "leads.csv", try_parse_dates=True).select("lead_id", "created_at")
    ends = pl.read_csv(folder / "outcomes.csv", try_parse_dates=True)
    rows = work.join(leads, on="lead_id", validate="1:1").join(ends, on="lead_id", how="left")
    yes = rows.filter(worked="yes")
    assert yes.filter(~pl.col("worked_at").is_between("created_at", world.ENDS_AT)).is_empty()
    assert yes.filter(pl.col("worked_at") > pl.col("closed_at")).is_empty() and yes["closed_at"].count() > 0
    no = rows.filter(worked="no")
    assert no.height and no["worked_at"].is_null().all() and no["outcome"].is_null().all(), "of open leads alone"
    assert (world.ENDS_AT - yes["worked_at"].min()).days < 6  # type: ignore[operator]


def test_behaviour_says_more_about_the_outcome_than_recency(folder: Path):
    from sklearn.metrics import roc_auc_score

    created = pl.read_csv(folder / "leads.csv", try_parse_dates=True).select("lead_id", "created_at")
    closed = pl.read_csv(folder / "outcomes.csv").with_columns(y=pl.col("outcome") == "won").select("lead_id", "y")
    week = (
        all_events(folder)
        .unique()
        .join(created, on="lead_id")
        .with_columns(age=pl.col("occurred_at") - pl.col("created_at"))
    )
    strong = pl.col("type").is_in(
        ["pricing_viewed", "meeting_held", "demo_requested", "teammate_invited", "trial_started"]
    )
    seen = (
        week.filter(pl.col("age") < pl.duration(days=7))
        .group_by("lead_id")
        .agg(strong.sum().alias("deeds"), pl.col("age").max())
    )
    rows = closed.join(seen, on="lead_id", how="left").fill_null(0)
    behaviour, recency = (
        roc_auc_score(rows["y"], rows["deeds"]),
        roc_auc_score(rows["y"], rows["age"].dt.total_seconds()),
    )
    assert recency + 0.03 < behaviour < 0.95


def test_a_stream_that_would_show_nothing_is_refused(tmp_path: Path):
    with pytest.raises(DemoSizeInvalid, match=f"leads `{LEAST_LEADS - 1}`"):
        generate(tmp_path, leads=LEAST_LEADS - 1)
    with pytest.raises(DemoSizeInvalid, match="events `100`"):
        generate(tmp_path, events=100, leads=60)
    assert list(tmp_path.iterdir()) == []


def test_the_recipe_reads_the_files_that_were_written(folder: Path):
    import yaml

    recipe = yaml.safe_load((folder / "demo.yaml").read_text())
    named = [source["path"] for kind in recipe["sources"].values() for source in kind]
    assert sorted(named) == sorted(path.name for path in folder.iterdir() if path.name != "demo.yaml")
    types = set(all_events(folder)["type"])
    assert types <= set(recipe["names"])
