"""What is kept only for so long: deleted with a signed certificate, and what is left of it still proves the rest."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store_shadow import ShadowStore
from core.governance.errors import Forbidden
from core.governance.evidence import export
from core.governance.releases import Releases
from core.governance.retention import plan, retain, retain_daily
from core.governance.users import Users
from core.kernel.canonical import canonical
from core.kernel.clock import FixedClock
from core.kernel.signing import is_signed
from core.kernel.times import from_text, naive
from tests.decisions.conftest import AS_OF, NOW

PRIVACY = "\nprivacy: {retention_days: {raw_events: 40, decision_log: 90, exploration_log: 30}}\n"


@pytest.fixture
def ruled(store, policy):
    users = Users(store)
    users.ensure_defaults()
    Releases(store, users).bootstrap(policy.text + PRIVACY, "default")
    return users


def test_rows_whose_time_is_over_go_and_the_others_stay_provable(store, ruled, feature_set, model, policy, tmp_path):
    given = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "live", "actor": "ana"}
    loaders = Loaders(lambda _: model, lambda _: policy, lambda _: feature_set)
    spine = population(store, as_of=AS_OF).spine
    decide(store, spine, **given)
    assert replay(store, loaders, sample=20).levels["full"] == 20
    before, old = store.scalar("SELECT count(*) FROM events"), plan(store).rows
    assert 0 < old["events"] < before and old["decisions"] == 0
    with pytest.raises(Forbidden):
        retain(store, "ana", ruled)

    due, (certificate,) = retain(store)
    stated = certificate["certificate"]
    assert stated["deleted"] == {"events": old["events"], "event_originals": 0, "quarantine": 0}
    assert is_signed(canonical(stated), certificate["signature"], certificate["public_key"])
    assert not is_signed(canonical(stated | {"actor": "x"}), certificate["signature"], certificate["public_key"])
    assert json.loads(store.entries("signals").row(-1, named=True)["body"]) == certificate
    assert store.scalar("SELECT count(*) FROM events") == before - old["events"]
    assert store.scalar("SELECT min(received_at) FROM events") >= naive(from_text(due.cutoffs["raw_events"]))
    report = replay(store, loaders, sample=20)
    assert (report.differences, report.levels) == ((), {"full": 0, "from_vector": 20, "record_only": 0})
    later = population(store, as_of=AS_OF + timedelta(days=1)).spine.head(5)
    decide(store, later, **given)
    newest = store.scalar("SELECT decision_id FROM decisions ORDER BY entry_seq DESC LIMIT 1")
    assert replay(store, loaders, decision_id=newest).levels["full"] == 1

    store.clock = FixedClock(NOW + timedelta(days=90, seconds=1))
    count = store.scalar("SELECT count(*) FROM decisions")
    ids = store.read("SELECT decision_id, score, band FROM decisions")
    assert ShadowStore(store).add(ids, "sha256:champion", "sha256:challenger", "ana") == count
    assert ShadowStore(store).add(ids, "sha256:champion", "sha256:challenger", "ana") == 0
    deleted = retain(store)[1][-1]["certificate"]["deleted"]
    assert deleted["decisions"] == deleted["shadow_scores"] == count
    assert decide(store, spine, **given).added == 0
    gone = replay(store, loaders)
    assert (gone.differences, gone.levels["record_only"], gone.replayed) == ((), count, count)
    assert replay(store, loaders, decision_id=newest).levels["record_only"] == 1
    export(store, tmp_path / "evidence")
    checked = subprocess.run([sys.executable, str(tmp_path / "evidence" / "verify.py")], capture_output=True, text=True)
    assert checked.returncode == 0 and f"{count} decisions" in checked.stdout


def test_decisions_that_hold_a_draw_go_with_the_exploration_log(store, ruled, feature_set, model, policy):
    given = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "live", "actor": "ana"}
    decide(store, population(store, as_of=AS_OF).spine.head(6), **given)
    with store.change("decisions", "tested", "test") as change:
        change.execute("UPDATE decisions SET arm = 'holdout' WHERE leaf_no = 0")
        explored = "replace(record, '\"explored\":false', '\"explored\":true')"
        change.execute(f"UPDATE decisions SET record = {explored} WHERE leaf_no = 1")
    store.clock = FixedClock(NOW + timedelta(days=31))
    assert plan(store).rows["decisions"] == 2
    retain_daily(store)
    assert store.scalar("SELECT count(*) FROM decisions") == 4
    entries = store.entries().height
    store.clock = FixedClock(NOW + timedelta(days=31, hours=23))
    retain_daily(store)
    assert store.entries().height == entries
