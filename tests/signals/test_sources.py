"""A source keeps its contract, or waits whole; late events are counted; robots are kept out of features."""

import json

import pytest

from core.kernel.errors import ReasonMissing
from core.signals.contracts import Contract, Facts, failures
from core.signals.errors import BreakerClosed, ContractInvalid, UnknownSource

HEAD = "event_id,lead_id,type,occurred_at,received_at,source,plan,context\n"


def rows(first, count, day, source="web", kind="page_viewed", plan="pro", context=""):
    return [
        f"e{n},l{n % 7},{kind},2026-01-{day:02}T10:00:{n % 60:02},2026-01-{day:02}T11:00:00,{source},{plan},{context}"
        for n in range(first, first + count)
    ]


@pytest.fixture
def load(signals, write):
    def loader(*lines):
        path = write(f"{len(lines)}_{hash(lines)}.csv", HEAD + "\n".join(lines) + "\n")
        return signals.import_events(path, actor="ana")

    return loader


def source(signals, name="web"):
    return next(one for one in signals.sources.all() if one["source"] == name)


def test_an_event_later_than_the_watermark_is_counted_as_late(signals, load):
    load(*rows(0, 5, 20))
    load(*rows(10, 2, 18), *rows(20, 3, 10))
    found = source(signals)
    assert (found["events"], found["late"], found["lateness_hours"]) == (10, 3, 72.0)


def test_a_learned_contract_lets_the_like_of_the_past_through(signals, load):
    for day in (1, 2, 3):
        load(*rows(100 * day, 60, day))
    contract = signals.sources.learned("web")
    assert contract.types == ("page_viewed",) and contract.values == {"plan": ("pro",)}
    assert contract.most_per_day == 120
    signals.sources.confirm("web", contract.to_json(), "ana")
    assert load(*rows(900, 60, 4)).accepted == 60


def test_a_batch_that_breaks_its_contract_waits_whole_with_all_that_follows(signals, load):
    for day in (1, 2, 3):
        load(*rows(100 * day, 60, day))
    signals.sources.confirm("web", signals.sources.learned("web").to_json(), "ana")
    bad = load(*rows(900, 60, 4, plan=""), *rows(2000, 2, 4, source="crm"))
    assert (bad.accepted, bad.reasons) == (2, {"gate_failed": 60})
    assert (source(signals)["breaker"], "plan" in source(signals)["why"]) == ("open", True)
    assert load(*rows(960, 1, 5)).reasons == {"breaker_open": 1}
    assert signals.sources.held_back() == {"web"}


def test_what_waited_is_redriven_after_the_fix(signals, load):
    load(*rows(0, 60, 1))
    signals.sources.confirm("web", {"missing": {"plan": 0.1}}, "ana")
    load(*rows(900, 60, 4, plan=""))
    ids = signals.quarantine()["quarantine_id"].to_list()
    assert signals.redrive(ids, actor="ana").accepted == 0
    with pytest.raises(ReasonMissing):
        signals.sources.close("web", " ", "ana")
    signals.sources.close("web", "the form lost its plan for a day", "ana")
    assert signals.redrive(ids, actor="ana").accepted == 0, "the contract still holds"
    signals.sources.confirm("web", {"missing": {"plan": 1.0}}, "ana")
    assert signals.sources.held_back() == frozenset()
    assert signals.redrive(ids, actor="ana").accepted == 60
    assert signals.quarantine().is_empty()


def test_a_source_that_falls_silent_or_quiet_is_said_so(signals, load):
    load(*rows(0, 5, 1))
    assert not source(signals)["silent"] and not source(signals)["quiet"]
    signals.sources.confirm("web", {"max_silence_hours": 24, "least_per_day": 6}, "ana")
    found = source(signals)
    assert (found["silent"], found["quiet"], found["last_day"]) == (True, True, 5)


def test_closing_what_is_not_open_and_unknown_sources_are_refused(signals, load):
    load(*rows(0, 5, 1))
    with pytest.raises(BreakerClosed):
        signals.sources.close("web", "why not", "ana")
    with pytest.raises(UnknownSource):
        signals.sources.learned("fax")


def test_a_confirmed_contract_is_in_the_ledger(signals, load):
    load(*rows(0, 5, 1))
    signals.sources.confirm("web", {"most_per_day": 10}, "ana")
    entry = signals.db.entries("signals").row(-1, named=True)
    assert (entry["kind"], json.loads(entry["body"])["contract"]["most_per_day"]) == ("contract.confirmed", 10)


@pytest.mark.parametrize(
    "given",
    [{"most_late": 2}, {"wrong": 1}, {"types": "a"}, {"missing": {"a": -1}}, {"values": {"a": "b"}}, {"bots": "yes"},
     {"most_per_day": True}, {"lateness_hours": None}],
)  # fmt: skip
def test_a_bound_that_is_none_is_refused(given):
    with pytest.raises(ContractInvalid):
        Contract.of(given)


def test_a_small_batch_is_not_judged():
    contract = Contract(most_late=0.1, least_rows=50)
    assert failures(contract, Facts(49, late=49)) == ()
    assert [one.gate for one in failures(contract, Facts(50, late=6))] == ["share that is late"]


def test_a_robots_events_are_kept_and_left_out(signals, load):
    agent = '"{""userAgent"": ""Mozilla/5.0 (compatible; Googlebot/2.1)""}"'
    phone = '"{""userAgent"": ""Mozilla/5.0 (Linux; CUBOT_X18)""}"'
    found = load(*rows(0, 2, 1, context=agent), *rows(10, 3, 1, context=phone))
    assert (found.accepted, [one.code for one in found.warnings]) == (5, ["flagged_events"])
    assert signals.db.scalar("SELECT count(*) FROM event_log") == 3
    assert source(signals)["flagged"] == 2


def test_a_burst_counts_up_to_the_limit_across_batches(signals, load):
    load(*rows(0, 7, 1))
    signals.sources.confirm("web", {"burst_per_minute": 3}, "ana")
    load(*[row.replace(",l", ",x", 1) for row in rows(100, 7, 1)])
    same = [f"b{n},one,page_viewed,2026-01-01T12:00:{n:02},2026-01-01T13:00:00,web,pro," for n in range(8)]
    load(*same[:2])
    load(*same[2:])
    counted = signals.db.scalar("SELECT count(*) FROM event_log WHERE lead_id = 'one'")
    assert (counted, signals.events_of("one").height) == (3, 3)
    assert signals.db.scalar("SELECT count(*) FROM events WHERE flag = 'burst'") == 5
