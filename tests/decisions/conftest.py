"""A small store of B2B behaviour, a model trained on it, and the default policy."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.features import engine, parser
from core.features.document import FeatureSet
from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.models.encoding import FeatureInfo
from core.models.model import Model
from core.models.training import TrainConfig, train
from core.policy import parser as policy_parser
from core.policy.default import propose, thresholds_from
from core.policy.document import Policy

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
START = datetime(2026, 9, 1)
AS_OF = datetime(2026, 11, 1)
LEADS = 240
FEATURES = """
schema: leadbench/features/v1
name: small
names: {page_viewed: Page views, demo_requested: Demo requests}
features:
  - {name: views_7d, aggregate: count, where: "type = 'page_viewed'", window: 7d}
  - {name: views_30d, aggregate: count, where: "type = 'page_viewed'", window: 30d}
  - {name: demos, aggregate: count, where: "type = 'demo_requested'", window: 30d}
  - {name: silent_days, aggregate: days_since_last}
  - {name: pace, aggregate: velocity, window: 7d, against: 21d}
  - {name: last_type, aggregate: last, of: type}
  - {name: employees, attribute: employees, type: number}
  - {name: region, attribute: region, type: category}
"""


def lead_id(number: int) -> str:
    return f"l-{number:04}"


def keenness(number: int) -> float:
    return random.Random(f"keen {number}").random()


def events() -> pl.DataFrame:
    rows = []
    for number in range(LEADS):
        chance = random.Random(number)
        for _ in range(3 + int(25 * keenness(number))):
            late = timedelta(hours=chance.choice([0, 0, 0, 30]))
            occurred = START + timedelta(days=60 * chance.random() ** (1 - 0.6 * keenness(number)))
            kind = 2 if chance.random() < 0.25 * keenness(number) else 1
            rows.append((number, kind, occurred, occurred + late))
    frame = pl.DataFrame(rows, schema=["lead_no", "kind_no", "occurred_at", "received_at"], orient="row")
    return frame.with_row_index("event_no").with_columns(
        pl.format("e-{}", "event_no").alias("event_id"),
        pl.col("event_no").cast(pl.Int64),
        pl.col("lead_no").cast(pl.Int32),
        pl.col("kind_no").cast(pl.Int16),
        pl.lit(1, dtype=pl.Int16).alias("schema_version"),
        pl.lit("b-1").alias("batch_id"),
    )


def leads() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "lead_no": pl.Series(range(LEADS), dtype=pl.Int32),
            "lead_id": [lead_id(number) for number in range(LEADS)],
            "created_at": [START] * LEADS,
            "batch_id": ["b-1"] * LEADS,
        }
    )


def attributes() -> pl.DataFrame:
    numbers = pl.Series("lead_no", range(LEADS), dtype=pl.Int32)
    sizes = [float(10 + 400 * keenness(number)) if number % 7 else None for number in range(LEADS)]
    size = pl.DataFrame({"lead_no": numbers, "name": "employees", "number": sizes}).drop_nulls("number")
    places = [("NA", "DACH", "APAC")[number % 3] for number in range(LEADS)]
    place = pl.DataFrame({"lead_no": numbers, "name": "region", "text": places})
    return pl.concat([size, place], how="diagonal").with_columns(
        pl.lit(START).alias("valid_from"), pl.lit(START).alias("received_at"), pl.lit("b-1").alias("batch_id")
    )


def fill(database: Database) -> None:
    closed = [number for number in range(LEADS) if number % 4 == 0]
    with database.change("signals", "signals.imported", "ana") as change:
        change.insert("leads", leads())
        kinds = {
            "kind_no": pl.Series([1, 2], dtype=pl.Int16),
            "source": "web",
            "type": ["page_viewed", "demo_requested"],
        }
        change.insert("event_kinds", pl.DataFrame(kinds))
        change.insert("events", events())
        change.insert("attributes", attributes())
        types = {"name": ["employees", "region"], "type": ["number", "category"], "personal": [False, False]}
        change.insert("attribute_types", pl.DataFrame({**types, "column_name": types["name"]}))
        outcomes = {
            "lead_no": pl.Series(closed, dtype=pl.Int32),
            "outcome": "lost",
            "closed_at": datetime(2026, 10, 20),
        }
        change.insert("outcomes", pl.DataFrame(outcomes).with_columns(batch_id=pl.lit("b-1")))


def open_store(folder: Path) -> Database:
    return Database.open(folder / "store", FixedClock(NOW))


@pytest.fixture(scope="session")
def feature_set() -> FeatureSet:
    return parser.read(FEATURES, "small.yaml")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, feature_set: FeatureSet) -> Model:
    spine = pl.DataFrame({"lead_id": [lead_id(n) for n in range(LEADS)], "as_of": [datetime(2026, 10, 15)] * LEADS})
    with open_store(tmp_path_factory.mktemp("training")) as database:
        fill(database)
        frame = engine.build(database, feature_set, spine)
    noise = random.Random(3)
    won = [int(keenness(number) + noise.gauss(0, 0.2) > 0.6) for number in range(LEADS)]
    parts = ["calibration" if number % 5 == 0 else "train" for number in range(LEADS)]
    frame = frame.with_columns(pl.Series("y", won, dtype=pl.Int8), pl.Series("part", parts))
    infos = [FeatureInfo(one.name, one.dtype, one.role, one.label) for one in feature_set.features]
    config = TrainConfig(trees=40, learning_rate=0.1, smallest_leaf=5)
    return train(frame, infos, config, feature_set_hash=feature_set.behaviour_hash).model


@pytest.fixture(scope="session")
def policy(model: Model) -> Policy:
    text = propose("default", thresholds_from(model.reference.probabilities), {"region": ["NA", "DACH", "APAC"]})
    return policy_parser.load(text, "default.yaml")


@pytest.fixture
def store(tmp_path: Path):
    with open_store(tmp_path) as database:
        fill(database)
        yield database
