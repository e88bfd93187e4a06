from datetime import UTC, datetime

import pytest

from core.features.errors import FeatureSetUnknown
from core.features.parser import read
from core.features.store import FeatureStore
from core.kernel.clock import FixedClock
from tests.features.logs import open_store

TEXT = """schema: leadbench/features/v1
name: {name}
features:
  - {{name: logins_7d, aggregate: count, where: "type = 'login'", window: {window}, description: {words}}}
  - {{name: employees, attribute: employees}}
"""


def sample(name="first", window="7d", words="Logins"):
    return read(TEXT.format(name=name, window=window, words=words), "sample.yaml")


@pytest.fixture
def store_db(tmp_path):
    with open_store(tmp_path / "store") as db:
        yield db


def test_registering_the_same_behaviour_again_writes_nothing(store_db):
    registry = FeatureStore(store_db)
    first = registry.register(sample(), "ana")
    head = store_db.revision()
    assert registry.register(sample(name="second", words="Sign-ins"), "rita") == first
    assert store_db.revision() == head
    assert registry.list()["name"].to_list() == ["first"]


def test_a_registered_set_comes_back_equal_by_hash_or_its_beginning(store_db):
    registry = FeatureStore(store_db)
    found = registry.register(sample(), "ana")
    assert registry.get(found) == sample()
    assert registry.get(found.removeprefix("sha256:")[:12]).content_hash == sample().content_hash


def test_a_change_of_meaning_is_another_set(store_db):
    registry = FeatureStore(store_db)
    assert registry.register(sample(), "ana") != registry.register(sample(window="8d"), "ana")
    assert registry.list().height == 2
    assert registry.features()["feature_hash"].n_unique() == 3


def test_an_unknown_hash_is_refused(store_db):
    with pytest.raises(FeatureSetUnknown, match="`sha256:0000`"):
        FeatureStore(store_db).get("sha256:0000")


def test_what_is_left_of_a_set_is_as_old_as_the_set_was(store_db):
    registry, old = FeatureStore(store_db), sample("old", "8d")
    store_db.clock = FixedClock(datetime(2026, 11, 1, tzinfo=UTC))
    registry.register(old, "ana")
    store_db.clock = FixedClock(datetime(2026, 11, 2, tzinfo=UTC))
    visits = TEXT.format(name="new", window="7d", words="Visits").replace("employees", "revenue")
    newest = registry.register(read(visits, "new.yaml"), "ana")
    store_db.clock = FixedClock(datetime(2026, 11, 3, tzinfo=UTC))
    [gone] = registry.forget("employees", "rita", lambda: None)
    assert registry.list().select("set_hash", "actor").rows() == [(gone.left, "ana"), (newest, "ana")]
    assert registry.list()["registered_at"][0] == datetime(2026, 11, 1)
    assert registry.find("logins_7d")[0].name == "new"
