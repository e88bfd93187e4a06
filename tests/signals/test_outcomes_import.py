"""Outcomes come from events, a file or a column, with their own time; neither is open."""

from datetime import datetime

import pytest

from core.kernel.expressions import ExpressionInvalid
from core.signals.errors import MappingInvalid, NothingAccepted


@pytest.fixture
def loaded(signals, write):
    rows = [
        "l1,A,2026-01-01",
        "l1,WON,2026-01-05",
        "l1,WON,2026-01-07",
        "l2,LOST,2026-01-03",
        "l2,WON,2026-01-03",
        "l3,A,2026-01-02",
    ]
    signals.import_events(write("e.csv", "lead_id,type,ts\n" + "\n".join(rows) + "\n"), actor="ana")
    return signals


def outcomes(signals):
    return {row[0]: row[1:] for row in signals.outcome_frame().select("lead_id", "outcome", "at", "amount").iter_rows()}


def test_the_earliest_matching_event_decides_and_the_rest_stay_open(loaded):
    found = loaded.import_outcomes({"from_events": {"won": "type = 'WON'", "lost": "type = 'LOST'"}}, actor="ana")
    assert (found.accepted, found.read) == (2, 2)
    assert outcomes(loaded) == {
        "l1": ("won", datetime(2026, 1, 5), None),
        "l2": ("won", datetime(2026, 1, 3), None),
    }
    assert loaded.summary()["outcomes"] == {"won": 2, "open": 1}


def test_loading_again_adds_nothing(loaded):
    source = {"from_events": {"won": "type = 'WON'"}}
    loaded.import_outcomes(source, actor="ana")
    before = loaded.db.revision()
    again = loaded.import_outcomes(source, actor="ana")
    assert (again.accepted, again.duplicate, again.unchanged) == (0, 2, True)
    assert loaded.db.revision() == before


def test_a_file_says_its_outcomes_by_condition(loaded, write):
    path = write("d.csv", "lead_id,closed_at,stage,price\nl1,2026-02-01,done,10.5\nl2,2026-02-02,gone,\nl3,,talk,\n")
    source = {"path": str(path), "map": {"amount": "price"}, "won": "stage = 'done'", "lost": "stage = 'gone'"}
    found = loaded.import_outcomes(source, actor="ana")
    assert (found.read, found.accepted, found.open) == (3, 2, 1)
    assert outcomes(loaded)["l1"] == ("won", datetime(2026, 2, 1), 10.5)
    assert outcomes(loaded)["l2"] == ("lost", datetime(2026, 2, 2), None)


def test_every_row_of_a_file_of_winners_is_won(loaded, write):
    path = write("w.csv", "lead_id,won_date\nl1,2026-02-01\nnobody,2026-02-01\n")
    found = loaded.import_outcomes({"path": str(path), "won": "true"}, actor="ana")
    assert (found.accepted, found.unmatched) == (1, 1)
    assert [warning.code for warning in found.warnings] == ["unmatched_records"]


def test_without_conditions_the_outcome_column_is_read(loaded, write):
    path = write(
        "o.csv", "lead_id,outcome,date\nl1,Closed Won,2026-02-01\nl2,closed-lost,2026-02-01\nl3,negotiation,\n"
    )
    found = loaded.import_outcomes({"path": str(path)}, actor="ana")
    assert (found.accepted, found.open) == (2, 1)
    assert {lead: told[0] for lead, told in outcomes(loaded).items()} == {"l1": "won", "l2": "lost"}


def test_a_column_of_the_leads_says_the_outcome(signals, write):
    signals.import_leads(write("l.csv", "id,Converted,done\na,1,2026-01-05\nb,0,\nc,,\n"), actor="ana")
    source = {"column": "Converted", "won": "Converted = 1", "lost": "Converted = 0", "at": "done"}
    found = signals.import_outcomes(source, actor="ana")
    assert (found.accepted, found.open) == (2, 0)
    assert outcomes(signals) == {"a": ("won", datetime(2026, 1, 5), None), "b": ("lost", None, None)}


def test_an_outcome_under_a_merged_id_counts_for_the_lead_that_remains(signals, write):
    signals.import_leads(write("m.csv", "id,createdate,merged_ids\n1,2026-01-01,2\n"), actor="ana")
    signals.import_outcomes(
        {"path": str(write("w.csv", "contact_id,closedate\n2,2026-02-01\n")), "won": "true"}, actor="ana"
    )
    assert list(outcomes(signals)) == ["1"]
    again = write("v.csv", "contact_id,closedate\n1,2026-02-01\n")
    found = signals.import_outcomes({"path": str(again), "won": "true"}, actor="ana")
    assert (found.accepted, found.duplicate) == (0, 1)
    assert signals.db.scalar("SELECT count(*) FROM outcomes") == 1


def test_an_outcome_before_creation_is_warned_about(signals, write):
    signals.import_leads(write("l.csv", "id,createdate\n1,2026-03-01\n"), actor="ana")
    path = write("w.csv", "contact_id,closedate\n1,2026-02-01\n")
    found = signals.import_outcomes({"path": str(path), "won": "true"}, actor="ana")
    assert (found.accepted, [warning.code for warning in found.warnings]) == (1, ["impossible_time"])


def test_an_outcome_that_is_revised_is_kept_beside_the_first_one_and_warned_about(loaded, write):
    loaded.import_outcomes({"path": str(write("a.csv", "lead_id,outcome,date\nl1,won,2026-02-01\n"))}, actor="ana")
    path = write("b.csv", "lead_id,outcome,date\nl1,lost,2026-03-01\nl2,lost,2026-03-01\n")
    found = loaded.import_outcomes({"path": str(path)}, actor="ana")
    assert found.accepted == 2 and [one.code for one in found.warnings] == ["outcome_revised"]
    assert found.warnings[0].message.startswith("1 lead") and outcomes(loaded)["l1"][0] == "won"


def test_a_condition_over_an_unknown_column_is_refused(loaded, write):
    path = write("d.csv", "lead_id,stage\nl1,done\n")
    with pytest.raises(ExpressionInvalid, match="stge"):
        loaded.import_outcomes({"path": str(path), "won": "stge = 'done'"}, actor="ana")
    assert loaded.outcome_frame().is_empty()


@pytest.mark.parametrize("given", [{}, {"path": "a.csv", "column": "b"}])
def test_an_outcome_source_has_exactly_one_origin(signals, given):
    with pytest.raises(MappingInvalid):
        signals.import_outcomes(given, actor="ana")


def test_an_amount_that_is_no_number_is_held(loaded, write):
    path = write("d.csv", 'lead_id,won_date,amount\nl1,2026-02-01,lots\nl2,2026-02-01,"1,500.50"\nl3,2026-02-01,inf\n')
    found = loaded.import_outcomes({"path": str(path), "won": "true"}, actor="ana")
    assert found.reasons == {"mixed_types": 1, "not_finite": 1}
    assert outcomes(loaded)["l2"][2] == 1500.5


def test_a_file_without_any_usable_record_is_refused(loaded, write):
    with pytest.raises(NothingAccepted):
        loaded.import_outcomes(
            {"path": str(write("d.csv", "lead_id,won_date\nl1,never\n")), "won": "true"}, actor="ana"
        )


def test_columns_that_differ_only_in_case_are_told_apart(loaded, write):
    path = write("deals.csv", "lead_id,closed_at,Stage,stage\nl1,2026-01-05,won,open\nl2,2026-01-05,open,won\n")
    loaded.import_outcomes({"path": str(path), "won": "stage = 'won'"}, actor="ana")
    assert list(outcomes(loaded)) == ["l2"]


def test_attributes_that_differ_only_in_case_are_told_apart(signals, write):
    signals.import_leads(write("l.csv", "lead_id,Stage,stage\nl1,won,x\nl2,won,y\n"), actor="ana")
    signals.import_outcomes({"column": "Stage", "won": "Stage = 'won' AND stage = 'y'"}, actor="ana")
    assert list(outcomes(signals)) == ["l2"]


def work(signals):
    return {row[0]: row[1:] for row in signals.work_frame().iter_rows()}


def test_a_file_says_whether_and_when_a_lead_was_worked_also_of_an_open_one(loaded, write):
    path = write(
        "o.csv",
        "lead_id,closed_at,outcome,worked,worked_at\n"
        "l1,2026-02-01,won,,2026-01-20\nl2,2026-02-02,lost,no,\nl3,,,yes,\n",
    )
    found = loaded.import_outcomes({"path": str(path)}, actor="ana")
    assert (found.read, found.accepted, found.open) == (3, 3, 0)
    assert work(loaded) == {"l1": (True, datetime(2026, 1, 20)), "l2": (False, None), "l3": (True, None)}
    again = loaded.import_outcomes({"path": str(path)}, actor="ana")
    assert (again.accepted, again.duplicate, again.unchanged) == (0, 3, True)


def test_what_was_worked_later_comes_in_though_the_outcome_is_known(loaded, write):
    first = write("a.csv", "lead_id,closed_at,outcome,worked\nl2,2026-02-02,lost,no\n")
    later = write("b.csv", "lead_id,closed_at,outcome,worked,worked_at\nl2,2026-02-02,lost,yes,2026-02-01\n")
    loaded.import_outcomes({"path": str(first)}, actor="ana")
    assert loaded.import_outcomes({"path": str(later)}, actor="ana").accepted == 1
    assert work(loaded) == {"l2": (True, datetime(2026, 2, 1))} and len(outcomes(loaded)) == 1


def test_a_word_that_does_not_say_whether_it_was_worked_waits_with_its_reason(loaded, write):
    path = write("o.csv", "lead_id,closed_at,outcome,worked\nl1,2026-02-01,won,perhaps\nl2,2026-02-02,lost,no\n")
    found = loaded.import_outcomes({"path": str(path)}, actor="ana")
    assert (found.accepted, found.quarantined, found.reasons) == (1, 1, {"mixed_types": 1})


def test_events_say_who_was_worked_and_a_lead_that_closed_without_one_was_not(loaded):
    source = {"from_events": {"won": "type = 'WON'", "lost": "type = 'LOST'"}, "worked_if": "type = 'A'"}
    found = loaded.import_outcomes(source, actor="ana")
    assert (found.accepted, found.open) == (3, 0)
    assert work(loaded) == {
        "l1": (True, datetime(2026, 1, 1)),
        "l2": (False, None),
        "l3": (True, datetime(2026, 1, 2)),
    }
