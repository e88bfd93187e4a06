"""One person is erased: nothing opens what was sealed of them, nothing else is lost, and the record still proves."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.features.engine import build
from core.features.kept import build_kept
from core.features.parser import read
from core.governance import erasing, store_erasure
from core.kernel.clock import SystemClock
from core.kernel.migrations import known_migrations
from core.signals.errors import UnknownLead
from core.signals.identity import CONFLICT
from core.signals.redriving import redrive
from core.signals.store_batches import NOBODY
from core.signals.store_pages import SignalPages
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused

CANARY = "canary-ann@example.com"
AT = "2026-01-05T00:00:00Z"
COUNTED = "[{name: demos, aggregate: count}, {name: employees, attribute: employees}]"
FEATURES = read(f"schema: leadbench/features/v1\nname: kept\nfeatures: {COUNTED}", "kept.yaml")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two leads with an address each: as an attribute, as a property of an event, and in a record that was refused."""
    folder = tmp_path_factory.mktemp("erase")
    leads = folder / "leads.csv"
    leads.write_text(
        f"lead_id,created_at,employees,email\nl1,2026-01-01,50,{CANARY}\nl2,2026-01-02,9,bob@example.com\n"
    )
    event = {"type": "demo", "properties": {"email": CANARY, "plan": "a"}}
    rows = [
        {"event_id": "e1", "lead_id": "l1", "occurred_at": AT, **event},
        {"event_id": "e2", "lead_id": "l2", "occurred_at": AT, **event, "properties": {"email": "bob@example.com"}},
        {"event_id": "e3", "lead_id": "l1", "occurred_at": "never", **event},
        {"event_id": "e4", "occurred_at": AT, **event},
    ]
    events = folder / "events.jsonl"
    events.write_text("".join(json.dumps(row) + "\n" for row in rows))
    at = ("--store", str(folder / "store"))
    for kind, path in (("leads", leads), ("events", events)):
        found = call("import", kind, str(path), *at, user="ana")
        assert found.returncode == 0, found.stderr
    call("users", "add", "pat", "--role", "privacy", *at, user="root")
    return folder / "store"


def opened(folder):
    """Every personal value that the store's keys still open, by lead."""
    with Workbench.open(folder, SystemClock()) as bench:
        db = bench.db
        sealed = db.read(
            """SELECT lead_id, sealed FROM attributes JOIN leads USING (lead_no) WHERE sealed IS NOT NULL
               UNION ALL SELECT coalesce(lead_id, $nobody), sealed FROM quarantine
               UNION ALL SELECT lead_id, from_base64(properties->'email'->>'sealed')
                   FROM events JOIN leads USING (lead_no)""",
            {"nobody": NOBODY},
        )
        texts = db.unseal(sealed["lead_id"].to_list(), sealed["sealed"].to_list())
        assert db.verify().ok
        pages = SignalPages(db).attributes(["l1", "l2"]).filter(name="email")
        return list(zip(sealed["lead_id"], texts, strict=True)), dict(pages.select("lead_id", "value").rows())


def _kept(folder):
    """The features of both leads as a kept build has them, which are those of a full build."""
    with Workbench.open(folder, SystemClock()) as bench:
        spine = pl.DataFrame({"lead_id": ["l1", "l2"], "as_of": [datetime(2026, 1, 6, tzinfo=UTC)] * 2})
        kept, _ = build_kept(bench.db, FEATURES, spine, "ana")
        assert kept.equals(build(bench.db, FEATURES, spine)) and kept["demos"].to_list() == [1, 1]
        return kept


def test_every_table_that_knows_leads_is_told_of_or_holds_nothing_of_a_person(store):
    with Workbench.open(store, SystemClock()) as bench:
        found = bench.db.read(
            """SELECT DISTINCT table_name FROM information_schema.columns JOIN information_schema.tables
               USING (table_schema, table_name) WHERE table_type = 'BASE TABLE'
               AND column_name IN ('lead_id', 'lead_no', 'from_no', 'into_no', 'event_id', 'decision_id')"""
        )["table_name"]
    told = " ".join(which for _, _, which in store_erasure.SINKS)
    untold = {name for name in found if name not in told and not name.startswith("built_")}
    assert untold == {"leads", "lead_keys", "erased_ids", "kept_marks", "decisions_gone"}


def test_what_is_refused(store):
    at = ("--store", str(store))
    ask = ("erase", "l1", "--request", "DSR-1")
    assert refused(*ask, *at, user="ana")["code"] == "forbidden"
    assert refused("erase", "l9", "--request", "DSR-1", *at, user="pat")["code"] == "unknown_lead"
    assert refused("erase", "l1", "--request", " ", *at, user="pat")["code"] == "reason_missing"
    assert call("erase", "l1", *at, user="pat").returncode == 2


def test_nothing_opens_what_was_sealed_of_the_person_and_the_others_stay(store):
    before, _ = opened(store)
    assert [bytes(text) for who, text in before if who == "l1"].count(CANARY.encode()) == 2
    assert all(text is not None for _, text in before)
    (store / "outbox-000001.jsonl").write_text('{"lead_id":"l1"}\n{"lead_id":"l12"}\n')
    kept = _kept(store)
    told = done("erase", "erase", "l1", "--request", "DSR-1", "--store", str(store), user="pat")
    assert (told["ids"], told["keys"], told["texts"], told["is_id_personal"]) == (["l1"], 1, 1, False)
    rows = {one["sink"]: (one["rows"], one["state"]) for one in told["sinks"]}
    assert rows["personal attributes"] == (1, "unreadable") == rows["events with personal properties"]
    assert rows["items in quarantine"] == (1, "unreadable") and rows["events"] == (1, "stays under its id")
    assert rows["lines of outbox files"] == (1, "stays under its id")
    assert rows["items in quarantine of nobody known"] == (1, "may hold this person")
    after, shown = opened(store)
    assert {who for who, text in after if text is None} == {"l1"} and len(after) == len(before)
    assert [pair for pair in after if pair[0] != "l1"] == [pair for pair in before if pair[0] != "l1"]
    assert shown == {"l1": None, "l2": "bob@example.com"}
    assert _kept(store).equals(kept)
    residue = [path for path in store.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert residue == []
    with Workbench.open(store, SystemClock()) as bench:
        entry = bench.db.entries("signals").row(-1, named=True)
        known = bench.db.read("SELECT * FROM erased_ids")
        found = {one.name: one.statements for one in known_migrations() if "erased" in one.name}
        with bench.db.change("signals", "test.prepared", "ana") as change:
            change.execute("DROP TABLE erased_ids")
            for statement in [*found["erased_leads"], *found["erased_ids"]]:
                change.execute(statement)
        filled_again = bench.db.read("SELECT * FROM erased_ids")
    assert (entry["kind"], entry["actor"]) == ("person.erased", "pat")
    assert json.loads(entry["body"]) == {"ids": ["l1"], "request_id": "DSR-1", "keys": 1, "texts": 1}
    assert filled_again["lead_id"].equals(known["lead_id"]) and len(known) == 1
    assert abs(filled_again["erased_at"][0] - known["erased_at"][0]) < timedelta(seconds=9)
    assert rows["ids, and that they were erased"] == (1, "stays under its id") == rows[store_erasure.BUILT]
    again = call("erase", "l1", "--request", "DSR-2", "--store", str(store), user="pat")
    assert "l1: keys shredded: 0" in again.stdout and "backups" in again.stdout


def test_the_same_files_again_bring_nothing_of_the_person_back(store):
    at, files = ("--store", str(store)), store.parent
    events = done("import", "import", "events", str(files / "events.jsonl"), *at, user="ana")
    assert (events["duplicate"], events["reasons"]["erased_subject"]) == (2, 2)
    assert [one["code"] for one in events["warnings"]] == ["erased_subject"]
    broken = files / "broken.csv"
    half = '"{""email"": ""' + CANARY + '"'
    broken.write_text(f"event_id,lead_id,occurred_at,type,properties\ne7,l1,{AT},demo,{half}\ne8,l2,{AT},demo,{{}}\n")
    assert done("import", "import", "events", str(broken), *at, user="ana")["reasons"] == {"erased_subject": 1}
    leads = done("import", "import", "leads", str(files / "leads.csv"), *at, user="ana")
    assert (leads["accepted"], leads["duplicate"], leads["quarantined"]) == (0, 1, 1)
    assert leads["reasons"] == {"erased_subject": 1} and "erased" in leads["warnings"][0]["message"]
    waiting = done("quarantine_list", "quarantine", "list", *at)["items"]
    told = [one for one in waiting if one["code"] == "erased_subject"]
    assert (
        len(told) == 4
        and {one["lead_id"] for one in told} == {"l1"}
        and "the person was erased on" in told[0]["detail"]
    )
    once_more = done("import", "import", "leads", str(files / "leads.csv"), *at, user="ana")
    assert (once_more["duplicate"], once_more["quarantined"], once_more["batch_id"]) == (2, 0, None)
    texts, shown = opened(store)
    assert shown == {"l1": None, "l2": "bob@example.com"}
    assert {text for who, text in texts if who == "l1"} == {
        None,
        b'{"lead_id": "l1"}',
        b'{"lead_id": "l1", "event_id": "e1"}',
        b'{"lead_id": "l1", "event_id": "e7"}',
    }


def test_what_the_gate_refuses_of_an_erased_person_is_not_readable(store, tmp_path):
    at = ("--store", str(store))
    bad = {"type": "demo", "properties": {"email": CANARY}}
    rows = [
        {"event_id": "f1", "lead_id": "l1", "occurred_at": "someday", **bad},
        {"event_id": "f2", "occurred_at": AT, "visitor": "l1", **bad},
        {"event_id": "f3", "occurred_at": AT, "visitor": "l2", **bad, "properties": {"email": "bob@example.com"}},
        {"event_id": "f4", "lead_id": "l2", "occurred_at": AT, "type": "demo"},
    ]
    events, deals = tmp_path / "events.jsonl", tmp_path / "deals.csv"
    events.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"lead_id": "l1", "email": "' + CANARY)
    deals.write_text(f"lead_id,outcome,at,note\nl1,won,someday,{CANARY}\nl2,won,2026-02-01,x\n")
    leads = tmp_path / "leads.csv"
    leads.write_text(f"lead_id,created_at,email\nl1,someday,{CANARY}\nl2,2026-01-02,bob@example.com\n")
    told = done("import", "import", "events", str(events), *at, user="ana")
    assert told["reasons"] == {"erased_subject": 3, "missing_key": 1} and told["accepted"] == 1
    assert done("import", "import", "outcomes", str(deals), *at, user="ana")["reasons"] == {"erased_subject": 1}
    assert done("import", "import", "leads", str(leads), *at, user="ana")["reasons"] == {"erased_subject": 1}
    texts, _ = opened(store)
    assert not [text for who, text in texts if text and who in ("l1", NOBODY) and CANARY.encode() in text][1:]
    details = [one["detail"] for one in done("quarantine_list", "quarantine", "list", *at)["items"]]
    assert any("(`impossible_time`) nothing is kept" in one for one in details)


def test_what_is_told_of_the_person_later_opens_beside_what_does_not(store, tmp_path):
    again = tmp_path / "again.csv"
    now = SystemClock().now().isoformat()
    again.write_text(f"lead_id,created_at,known_at,email,phone\nl1,2026-01-01,{now},new@example.com,+49 30 123456\n")
    assert call("import", "leads", str(again), "--store", str(store), user="ana").returncode == 0
    texts, shown = opened(store)
    assert shown["l1"] == "new@example.com" and {text for who, text in texts if who == "l1"} >= {
        None,
        b"new@example.com",
    }
    out = ("quarantine", "export", str(tmp_path / "held.jsonl"), "--raw", "--store", str(store))
    assert call(*out, user="pat").returncode == 0


def test_who_is_in_quarantine_alone_is_erased_too_and_what_nothing_opens_is_hopeless(store):
    with Workbench.open(store, SystemClock()) as bench:
        db, users = bench.db, bench.rooms.users
        with db.change("signals", "test.prepared", "ana") as change:
            (sealed,) = change.seal(["l3"], [b'{"from_id":"x","into_id":"l3"}'])
            change.execute(
                """INSERT INTO quarantine SELECT * REPLACE ('q_3' AS quarantine_id, ? AS code, 'l3' AS lead_id,
                   ? AS sealed) FROM quarantine LIMIT 1""",
                [CONFLICT, sealed],
            )
            change.execute(
                """INSERT INTO drift_reports BY NAME SELECT 'd' AS report_id, TIMESTAMP '2026-01-01' AS made_at, 'train'
                   AS reference, 'test' AS current, 'm' AS model_hash, 'p' AS policy_hash, '{}' AS summary, '{}' AS
                   distributions, ''::BLOB AS page, 'ana' AS actor, '{"visits":["l33","l3"]}' AS moved"""
            )
        (db.directory / "outbox-000002.jsonl").write_text('{"lead_id":"l3"}\n')
        told = erasing.erase(db, "l3", "DSR-3", "pat", users)
        rows = {one["sink"]: one["rows"] for one in told.sinks}
        assert (told.ids, told.keys, rows["items in quarantine"], rows["lines of outbox files"]) == (["l3"], 1, 1, 1)
        assert rows["drift reports that name an id"] == 1 and rows["saved views that name an id"] == 0
        assert "l3" in db.read("SELECT lead_id FROM erased_ids")["lead_id"]
        found = redrive(db, ["q_3"], None, "ana")
        assert (found.read, found.accepted, found.hopeless) == (1, 0, 1)
        with db.change("signals", "test.prepared", "ana") as change:
            change.execute("INSERT INTO leads BY NAME SELECT 99 AS lead_no, ? AS lead_id, 'b' AS batch_id", [NOBODY])
        with pytest.raises(UnknownLead):
            erasing.erase(db, NOBODY, "DSR-4", "pat", users)
