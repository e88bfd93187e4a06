"""What the read-only console lets through, and what hostile text does not reach."""

import threading
from datetime import UTC, datetime

import polars as pl
import pytest

from core.kernel import console
from core.kernel.clock import FixedClock
from core.kernel.console import QueryForbidden, QueryUnreadable
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError, QueryCancelled, UnreadableSql

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
KNOWN = ("events", "leads")

HOSTILE = [
    "DROP TABLE leads",
    "INSERT INTO leads SELECT * FROM leads",
    "UPDATE leads SET lead_id = 'x'",
    "DELETE FROM leads",
    "CREATE TABLE t AS SELECT * FROM leads",
    "COPY (SELECT * FROM leads) TO 'out.csv'",
    "ATTACH 'other.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "SUMMARIZE leads",
    "DESCRIBE leads",
    "SHOW TABLES",
    "EXPLAIN SELECT * FROM leads",
    "VALUES (1)",
    "BEGIN",
    "CALL pragma_version()",
    "PIVOT leads ON lead_id USING count(*)",
    "SELECT 1; SELECT 2",
    "SELECT * FROM leads; DROP TABLE leads",
    "SELECT * FROM users",
    "SELECT * FROM main.leads",
    "SELECT * FROM main.users",
    "SELECT * FROM store.main.users",
    "SELECT * FROM store.published.leads",
    "SELECT * FROM lead_keys",
    'SELECT * FROM "lead_keys"',
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM 'store.duckdb'",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM read_json('x')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM query('DROP TABLE leads')",
    "SELECT * FROM query_table('users')",
    "SELECT * FROM range(1000000000000)",
    "SELECT * FROM generate_series(1, 1000000000000)",
    "SELECT unnest(range(1000000000))",
    "SELECT * FROM leads, unnest([1, 2, 3])",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT repeat('x', 1000000000)",
    "SELECT nextval('s')",
    "SELECT COLUMNS('.*') FROM leads",
    "SELECT * FROM leads TABLESAMPLE 10%",
    "SELECT $1",
    "SELECT ?",
    "SELECT list_transform([1], x -> x)",
    "SELECT (SELECT count(*) FROM users)",
    "SELECT * FROM leads WHERE EXISTS (SELECT 1 FROM users)",
    "SELECT * FROM leads UNION SELECT * FROM users",
    "SELECT * FROM leads JOIN users ON true",
    "SELECT * FROM leads ORDER BY (SELECT name FROM users)",
    "SELECT * FROM leads LIMIT (SELECT count(*) FROM users)",
    "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t) SELECT * FROM t",
    "SELECT * INTO other FROM leads",
    "SELECT * FROM leads /* */ FOR UPDATE",
]
SHADOWS = [
    "WITH users AS (SELECT * FROM users) SELECT * FROM users",
    "WITH a AS (SELECT * FROM users), users AS (SELECT 1) SELECT * FROM a",
    "SELECT * FROM users, (WITH users AS (SELECT 1) SELECT * FROM users) AS x",
    "SELECT * FROM (WITH USERS AS (SELECT 1 AS one) SELECT * FROM Users) AS x, users",
]
PLAIN = [
    "SELECT * FROM leads",
    "FROM leads",
    "select count(*) as n from published.leads",
    "SELECT l.lead_id, count(*) FILTER (WHERE e.type = 'x') AS n FROM leads l LEFT JOIN events e USING (lead_id) "
    "GROUP BY ALL HAVING count(*) >= 0 ORDER BY n DESC NULLS LAST LIMIT 5",
    "WITH some AS (SELECT lead_id FROM leads) SELECT some.lead_id FROM some WHERE lead_id IN (FROM some)",
    "SELECT lead_id, row_number() OVER (ORDER BY lead_id) FROM leads QUALIFY row_number() OVER (ORDER BY lead_id) < 3",
    "SELECT date_trunc('day', occurred_at) AS day, count(DISTINCT lead_id) FROM events GROUP BY 1",
    "SELECT properties->>'$.plan' FROM events WHERE occurred_at > TIMESTAMP '2026-01-01' - INTERVAL 7 DAY",
    "SELECT CASE WHEN lead_id LIKE 'a%' THEN 1 ELSE 0 END, coalesce(lead_id, 'x')::VARCHAR FROM leads",
    "SELECT lead_id FROM leads UNION ALL SELECT lead_id FROM events",
    "SELECT quantile_cont(length(lead_id), 0.5), median(length(lead_id)) FROM leads -- how long",
]


@pytest.fixture
def store(tmp_path):
    with Database.open(tmp_path / "store", CLOCK) as database:
        with database.change("governance", "test.prepared", "ana") as change:
            change.execute("DROP SCHEMA published CASCADE")
            change.execute("CREATE SCHEMA published")
            change.execute("CREATE TABLE made AS SELECT 'lead ' || i AS lead_id FROM range(20) AS t(i)")
            change.execute("CREATE VIEW published.leads AS SELECT * FROM made")
            change.execute(
                "CREATE VIEW published.events AS SELECT lead_id, 'x' AS type, TIMESTAMP '2026-11-01' AS occurred_at, "
                '\'{"plan": "pro"}\' AS properties FROM made'
            )
        yield database


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_before_it_reaches_the_database(text):
    with pytest.raises((QueryForbidden, QueryUnreadable)):
        console.checked(text, KNOWN)


@pytest.mark.parametrize("text", SHADOWS)
def test_a_with_part_never_opens_the_table_of_its_name(store, text):
    with pytest.raises(LeadbenchError):
        console.run(store, text)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_select_over_the_views_runs(store, text):
    assert console.run(store, text).rows.width >= 1


@pytest.mark.parametrize("text", ["", "   ", "-- nothing", "SELEC 1 FROM", "SELECT FROM WHERE", "((((", "'"])
def test_text_that_is_no_sql_is_refused_with_a_remedy(text):
    with pytest.raises((QueryUnreadable, QueryForbidden)) as refused:
        console.checked(text, KNOWN)
    assert refused.value.remedy


def test_very_long_and_very_deep_text_is_refused():
    words = (
        "1 + " * 10_000 + "1",
        "(" * 500 + "1" + ")" * 500,
        "NOT " * 4_000 + "true",
        "1 IN " + "(1) IN " * 1_000 + "(1)",
    )
    for text in (f"SELECT {word}" for word in words):
        with pytest.raises(QueryForbidden):
            console.checked(text, KNOWN)


def test_the_nearest_view_is_named():
    with pytest.raises(QueryForbidden, match="Did you mean `leads`"):
        console.checked("SELECT * FROM lead", KNOWN)


def test_no_more_rows_than_the_limit_and_it_says_so(store):
    answer = console.run(store, "SELECT * FROM leads", limit=5)
    assert (answer.rows.height, answer.cut) == (5, True)
    assert not console.run(store, "SELECT * FROM leads", limit=20).cut


def test_an_unknown_column_is_a_refusal(store):
    with pytest.raises(UnreadableSql, match="no_such"):
        console.run(store, "SELECT no_such FROM leads")


def test_a_wrong_cast_is_a_refusal(store):
    with pytest.raises(UnreadableSql):
        console.run(store, "SELECT lead_id::INTEGER FROM leads")


def test_a_running_query_is_cancelled_from_another_thread(store):
    running = console.Running()
    six = ", ".join(f"leads AS l{i}" for i in range(9))
    timer = threading.Timer(0.3, running.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        console.run(store, f"SELECT count(*) FROM {six}", running=running)
    timer.join()
    assert console.run(store, "SELECT count(*) AS n FROM leads").rows.item() == 20


def test_a_query_cancelled_before_it_began_does_not_run(store):
    running = console.Running()
    running.cancel()
    with pytest.raises(QueryCancelled):
        console.run(store, "SELECT * FROM leads", running=running)


def test_the_views_are_listed_with_their_columns(store):
    assert console.views(store)["leads"] == ("lead_id",)


def test_the_store_is_unchanged_by_the_console(store):
    before = store.revision()
    console.run(store, "SELECT * FROM leads")
    assert store.revision() == before
    assert store.read("SELECT count(*) AS n FROM made").equals(pl.DataFrame({"n": [20]}))


@pytest.fixture
def fresh(tmp_path):
    with Database.open(tmp_path / "fresh", CLOCK) as database:
        yield database


def test_every_published_view_of_a_new_store_can_be_read(fresh):
    known = console.views(fresh)
    assert {"events", "leads", "decisions", "ledger"} <= set(known)
    for name in known:
        assert console.run(fresh, f"SELECT * FROM {name}").rows.columns == list(known[name])


def test_no_published_view_shows_a_sealed_value_a_key_or_a_user(fresh):
    columns = {column for names in console.views(fresh).values() for column in names}
    assert not columns & {"sealed", "wrapped", "name_key", "role"}


def test_no_query_finds_out_an_address_whatever_it_makes_of_it(fresh):
    with fresh.change("governance", "test.prepared", "ana") as change:
        change.execute("INSERT INTO leads (lead_no, lead_id, batch_id) VALUES (1, 'kim@acme.com', 'b'), (2, 'L2', 'b')")
        change.execute(
            """INSERT INTO quarantine SELECT 'q1', 'b', 'leads', 'f', 1, 'c', 'of kim@acme.com', 'kim@acme.com',
               ''::BLOB, 'waiting', TIMESTAMP '2026-01-01'"""
        )
    asked = (
        "SELECT count(*) FROM leads WHERE lead_id = 'kim@acme.com' OR contains(lead_id, 'kim') OR lead_id LIKE '%@%'"
    )
    assert console.run(fresh, asked).rows.item() == 0
    assert console.run(fresh, "SELECT substring(lead_id, 1, 3) AS n FROM leads ORDER BY 1").rows["n"].to_list() == [
        "L2",
        "no-",
    ]
    joined = "SELECT l.lead_id, q.detail FROM leads l JOIN quarantine q USING (lead_id)"
    assert console.run(fresh, joined).rows.rows() == [("no-1", "of •••")]
    with pytest.raises(UnreadableSql) as refused:
        console.run(fresh, "SELECT lead_id::INTEGER FROM leads")
    assert "@" not in str(refused.value)
