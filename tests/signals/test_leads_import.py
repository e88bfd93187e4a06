"""Leads with attributes known from a time; merged ids; placeholders; personal values sealed."""

from datetime import datetime

import pytest

from core.signals.errors import NothingAccepted

HEAD = "lead_id,created_at,employees,industry,country,email,active,since\n"
ROWS = [
    "l1,2026-01-01,50,Software,DE,ann@example.com,true,2020-05-01",
    "l2,2026-01-02,,Select,N/A,bob@example.com,false,",
]


def attributes(signals, lead="l1"):
    rows = signals.db.read(
        "SELECT a.* FROM attributes a JOIN leads l USING (lead_no) WHERE l.lead_id = ? ORDER BY name, received_at",
        [lead],
    )
    return {row["name"]: row for row in rows.iter_rows(named=True)}


@pytest.fixture
def leads(write):
    return write("leads.csv", HEAD + "\n".join(ROWS) + "\n")


def test_attributes_are_typed_and_known_from_creation(signals, leads):
    found = signals.import_leads(leads, actor="ana")
    assert (found.accepted, found.new_leads) == (2, 2)
    one = attributes(signals)
    assert (one["employees"]["number"], one["industry"]["text"], one["active"]["flag"]) == (50.0, "Software", True)
    assert one["since"]["moment"] == datetime(2020, 5, 1)
    assert {row["valid_from"] for row in one.values()} == {datetime(2026, 1, 1)}
    types = dict(signals.views.attribute_types().select("name", "type").iter_rows())
    assert types == {
        "employees": "number", "industry": "category", "country": "category", "email": "category",
        "active": "boolean", "since": "time",
    }  # fmt: skip


def test_placeholders_are_missing_and_said(signals, leads):
    found = signals.import_leads(leads, actor="ana")
    assert set(attributes(signals, "l2")) == {"email", "active"}
    held = {finding.column for finding in found.findings if finding.code == "placeholder_missing"}
    assert held == {"industry", "country"}


def test_personal_attributes_are_sealed_and_can_be_opened(signals, leads):
    signals.import_leads(leads, actor="ana")
    row = attributes(signals)["email"]
    assert row["text"] is None
    assert signals.db.unseal(["l1"], [row["sealed"]]) == [b"ann@example.com"]
    assert "email" not in signals.attributes_wide().columns


def test_loading_again_adds_nothing(signals, leads):
    signals.import_leads(leads, actor="ana")
    before = signals.db.revision()
    again = signals.import_leads(leads, actor="ana")
    assert (again.accepted, again.duplicate, again.unchanged) == (0, 2, True)
    assert signals.db.revision() == before


def test_a_value_that_changed_is_known_from_now_not_from_creation(signals, leads, write):
    signals.import_leads(leads, actor="ana")
    changed = write("later.csv", HEAD + ROWS[0].replace("50", "80") + "\n" + ROWS[1].replace("Select", "Retail") + "\n")
    found = signals.import_leads(changed, actor="ana")
    assert found.accepted == 2
    now = datetime(2026, 11, 24, 12)
    one, two = attributes(signals), attributes(signals, "l2")
    assert (one["employees"]["number"], one["employees"]["valid_from"]) == (80.0, now)
    assert (two["industry"]["text"], two["industry"]["valid_from"]) == ("Retail", now)
    assert signals.attributes_wide()["employees"].to_list() == [80.0, None]


def test_known_at_gives_each_value_its_own_time(signals, write):
    rows = "l1,2026-01-01,2026-01-01,new\nl1,2026-01-01,2026-02-01,contacted\n"
    found = signals.import_leads(write("h.csv", "lead_id,created_at,known_at,stage\n" + rows), actor="ana")
    assert (found.accepted, found.quarantined) == (2, 0)
    stored = signals.db.read("SELECT text, valid_from FROM attributes ORDER BY valid_from").rows()
    assert stored == [("new", datetime(2026, 1, 1)), ("contacted", datetime(2026, 2, 1))]


def test_an_id_twice_is_a_duplicate_where_equal_and_held_where_not(signals, write):
    rows = [ROWS[0], ROWS[0], ROWS[0].replace("50", "51")]
    found = signals.import_leads(write("d.csv", HEAD + "\n".join(rows) + "\n"), actor="ana")
    assert (found.read, found.accepted, found.duplicate, found.reasons) == (3, 1, 1, {"duplicate_id": 1})
    assert attributes(signals)["employees"]["number"] == 50.0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",2026-01-01,1,,,,,", "missing_key"),
        ("x,2026-13-45,1,,,,,", "impossible_time"),
        ("x,2031-01-01,1,,,,,", "future_time"),
        ("x,2026-01-01,inf,,,,,", "not_finite"),
    ],
)
def test_a_lead_that_cannot_be_right_is_held(signals, write, row, code):
    found = signals.import_leads(write("b.csv", HEAD + ROWS[0] + "\n" + row + "\n"), actor="ana")
    assert (found.accepted, found.reasons) == (1, {code: 1})


def test_nothing_accepted_leaves_the_store_as_it_was(signals, write):
    with pytest.raises(NothingAccepted):
        signals.import_leads(write("b.csv", "lead_id,created_at\nx,never\n"), actor="ana")
    assert signals.db.entries().is_empty()


def test_a_table_without_dates_is_always_known(signals, write):
    signals.import_leads(write("u.csv", "Prospect ID,Visits\np1,3\np2,4\n"), actor="ana")
    assert signals.lead_frame().rows() == [("p1", None, None), ("p2", None, None)]
    assert attributes(signals, "p1")["Visits"]["valid_from"] is None


def test_row_order_is_time_only_where_it_is_said(signals, write):
    mapping = {"map": {"lead_id": "id", "created_at": {"order_of_rows": True}}}
    signals.import_leads(write("o.csv", "id,v\nb,1\na,2\n"), mapping, actor="ana")
    assert signals.lead_frame().rows() == [("b", None, 1), ("a", None, 2)]


def test_merged_ids_lead_to_the_one_that_remains(signals, write):
    leads = write(
        "m.csv", "id,createdate,hs_merged_object_ids,plan\n1,2026-01-01,2;3,pro\n2,2026-01-01,,free\n4,2026-01-01,,x\n"
    )
    found = signals.import_leads(leads, actor="ana")
    assert (found.accepted, found.new_leads, found.merged) == (3, 2, 2)
    signals.import_events(write("e.csv", "contact_id,type,ts\n3,a,2026-01-05\n4,a,2026-01-05\n"), actor="ana")
    assert signals.events_of("1")["type"].to_list() == ["a"]
    assert signals.events_of("3").height == 1
    assert signals.lead_frame()["lead_id"].to_list() == ["1", "4"]
    assert signals.import_leads(leads, actor="ana").unchanged


def test_a_merge_takes_over_what_came_before_under_the_old_id(signals, write):
    signals.import_events(write("e.csv", "lead_id,type,ts\n2,a,2026-01-05\n1,b,2026-01-06\n"), actor="ana")
    signals.import_leads(write("m.csv", "id,createdate,merged_ids\n1,2026-01-01,2\n"), actor="ana")
    assert signals.lead_frame()["lead_id"].to_list() == ["1"]
    assert sorted(signals.events_of("1")["type"]) == ["a", "b"]


def test_a_leads_file_outranks_the_first_event_for_creation(signals, write):
    signals.import_events(write("e.csv", "lead_id,type,ts\nl1,a,2026-03-05\n"), actor="ana")
    signals.import_leads(write("l.csv", "lead_id,created_at\nl1,2026-03-01\n"), actor="ana")
    signals.import_events(write("f.csv", "lead_id,type,ts\nl1,a,2026-02-05\n"), actor="ana")
    assert signals.lead_frame()["created_at"].to_list() == [datetime(2026, 3, 1)]


def test_an_account_of_a_leads_file_is_known_from_creation(signals, write):
    signals.import_leads(write("l.csv", "lead_id,created_at,account_id\nl1,2026-03-01,acme\n"), actor="ana")
    found = signals.db.read("SELECT account_id, valid_from, origin FROM lead_accounts JOIN accounts USING (account_no)")
    assert found.rows() == [("acme", datetime(2026, 3, 1), "leads")]


def test_events_of_leads_that_no_file_names_are_warned_about(signals, write, leads):
    signals.import_leads(leads, actor="ana")
    found = signals.import_events(write("e.csv", "lead_id,type,ts\nl1,a,2026-03-01\nnew,a,2026-03-01\n"), actor="ana")
    assert found.accepted == 2
    assert [(warning.code, warning.message[:7]) for warning in found.warnings] == [("unmatched_records", "1 event")]


def test_north_america_is_no_placeholder(signals, write):
    signals.import_leads(write("r.csv", "lead_id,region\nl1,NA\nl2,DACH\n"), actor="ana")
    signals.import_events(write("e.csv", "lead_id,type,ts,region\nl1,a,2026-03-01,NA\n"), actor="ana")
    assert signals.attributes_wide()["region"].to_list() == ["NA", "DACH"]
    assert signals.events_of("l1")["region"].to_list() == ["NA"]


def test_a_column_that_is_only_called_like_a_time_stays_an_attribute(signals, write):
    found = signals.import_leads(write("l.csv", "lead_id,created,v\nl1,yes,1\nl2,no,2\n"), actor="ana")
    assert found.accepted == 2
    assert signals.attributes_wide()["created"].to_list() == ["yes", "no"]


def test_an_attribute_once_personal_is_sealed_in_every_later_file(signals, leads, write):
    signals.import_leads(write("a.csv", "lead_id,contact\nl1,ann@example.com\nl2,bob@example.com\n"), actor="ana")
    rows = "".join(f"m{number},none\n" for number in range(9))
    signals.import_leads(write("b.csv", f"lead_id,contact\nm9,eve@example.com\n{rows}"), actor="ana")
    assert signals.db.scalar("SELECT count(*) FROM attributes WHERE name = 'contact' AND sealed IS NULL") == 0
    assert signals.db.unseal(["m9"], [attributes(signals, "m9")["contact"]["sealed"]]) == [b"eve@example.com"]


def test_whole_and_broken_numbers_of_json_make_one_number_attribute(signals, write):
    path = write("l.jsonl", '{"lead_id":"l1","spend":10}\n{"lead_id":"l2","spend":10.5}\n')
    signals.import_leads(path, actor="ana")
    assert [attributes(signals, lead)["spend"]["number"] for lead in ("l1", "l2")] == [10.0, 10.5]


def test_a_lead_that_comes_back_to_an_account_belongs_to_it_again(signals, write):
    for day, account in ((1, "acme"), (2, "globex"), (3, "acme")):
        path = write(f"l{day}.csv", f"lead_id,known_at,account_id\nl1,2026-01-0{day},{account}\n")
        signals.import_leads(path, actor="ana")
    held = signals.db.read("SELECT account_id FROM lead_accounts JOIN accounts USING (account_no) ORDER BY valid_from")
    assert held["account_id"].to_list() == ["acme", "globex", "acme"]


def test_a_category_of_an_earlier_file_stays_one_where_a_later_file_holds_digits_only(signals, write):
    signals.import_leads(write("a.csv", "lead_id,zip\nl1,A12\n"), actor="ana")
    signals.import_leads(write("b.csv", "lead_id,zip\nl2,12345\n"), actor="ana")
    assert attributes(signals, "l2")["zip"]["text"] == "12345"
    assert signals.attributes_wide()["zip"].to_list() == ["A12", "12345"]


def test_a_number_of_an_earlier_file_stays_one_and_words_stay_readable(signals, write):
    signals.import_leads(write("a.csv", "lead_id,staff\nl1,50\n"), actor="ana")
    signals.import_leads(write("b.csv", "lead_id,staff\nl2,60\nl3,many\n"), actor="ana")
    held = {lead: attributes(signals, lead)["staff"] for lead in ("l2", "l3")}
    assert (held["l2"]["number"], held["l2"]["text"]) == (60.0, None)
    assert (held["l3"]["number"], held["l3"]["text"]) == (None, "many")


def test_a_company_address_or_site_gives_the_account_where_no_file_says_one(signals, write):
    rows = [
        "l1,2026-01-01,ann@Acme.example,,",
        "l2,2026-01-01,bob@gmail.com,https://www.bolt.example/about,",
        "l3,2026-01-01,cy@gmail.com,,",
        "l4,2026-01-01,dee@acme.example,,corp",
    ]
    path = write("l.csv", "lead_id,created_at,email,website,account_id\n" + "\n".join(rows) + "\n")
    signals.import_leads(path, actor="ana")
    sql = """SELECT lead_id, account_id, origin FROM lead_accounts JOIN accounts USING (account_no)
             JOIN leads USING (lead_no) ORDER BY lead_id"""
    assert signals.db.read(sql).rows() == [
        ("l1", "acme.example", "domain"),
        ("l2", "bolt.example", "domain"),
        ("l4", "corp", "leads"),
    ]
    assert signals.import_leads(path, actor="ana").unchanged
