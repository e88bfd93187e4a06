from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from core.models import leak_events
from core.models.leak_evidence import one_sided
from core.models.leak_names import hint
from core.models.leaks import LeadHistory, suspected

START = datetime(2026, 1, 1)
LEADS = 400
NAMES = [f"l{n:03d}" for n in range(LEADS)]
WON = [n % 3 == 0 for n in range(LEADS)]
CREATED = [START + timedelta(hours=n) for n in range(LEADS)]
CLOSED = [at + timedelta(days=5) for at in CREATED]
LEAD_FRAME = pl.DataFrame({"lead_id": NAMES, "created_at": CREATED})
OUTCOMES = pl.DataFrame({"lead_id": NAMES, "outcome": ["won" if won else "lost" for won in WON], "at": CLOSED})
ROWS = pl.DataFrame(
    {
        "lead_id": NAMES,
        "as_of": [at + timedelta(days=1) for at in CREATED],
        "y": [int(won) for won in WON],
        "part": ["train"] * 300 + ["test"] * 100,
    }
)
NO_TIMES = pl.DataFrame(schema={"lead_id": pl.String, "name": pl.String, "valid_from": pl.Datetime("us")})
NO_EVENTS = pl.DataFrame(schema={"lead_id": pl.String, "type": pl.String, "occurred_at": pl.Datetime("us")})


def events(kind: str, who, when) -> pl.DataFrame:
    chosen = [n for n in range(LEADS) if who(n)]
    return pl.DataFrame(
        {
            "lead_id": [NAMES[n] for n in chosen],
            "type": [kind] * len(chosen),
            "occurred_at": [when(n) for n in chosen],
        },
        schema=NO_EVENTS.schema,
    )


def found(log=NO_EVENTS, attributes=None, times=NO_TIMES, **more) -> dict:
    columns = LEAD_FRAME.select("lead_id") if attributes is None else pl.DataFrame({"lead_id": NAMES, **attributes})
    history = LeadHistory(log, LEAD_FRAME, OUTCOMES, columns, times)
    return {suspect.key: suspect for suspect in suspected(history, ROWS, "won", **more)}


def test_an_event_in_the_second_of_the_outcome_is_suspected_by_its_timing():
    suspects = found(events("registered", lambda n: n % 2 == 0, lambda n: CLOSED[n]))
    assert suspects["registered"].rules == ("timing",)
    assert suspects["registered"].name == "type = 'registered'"
    assert "100 %" in suspects["registered"].evidence


def test_an_event_of_one_outcome_only_is_suspected_even_before_the_outcome():
    contract = events("contract_sent", lambda n: WON[n], lambda n: CLOSED[n] - timedelta(hours=1))
    refusal = events("refused", lambda n: not WON[n], lambda n: CLOSED[n] - timedelta(hours=1))
    suspects = found(pl.concat([contract, refusal]))
    assert suspects["contract_sent"].rules == ("one_outcome",)
    assert suspects["contract_sent"].auc_alone == 1.0
    assert "another outcome" in suspects["refused"].evidence


def test_an_honest_stage_of_every_won_lead_is_not_suspected():
    offers = events("offer_sent", lambda n: WON[n] or n % 4 == 0, lambda n: CREATED[n] + timedelta(hours=2))
    assert found(offers) == {}


def test_an_event_that_foretells_the_outcome_beyond_belief_is_suspected():
    twice = events("sync", lambda n: True, lambda n: CREATED[n] + timedelta(hours=2))
    again = events("sync", lambda n: WON[n], lambda n: CREATED[n] + timedelta(hours=3))
    assert found(pl.concat([twice, again]))["sync"].rules == ("separates",)


def test_the_event_types_of_the_outcome_itself_are_always_named():
    wins = events("closed", lambda n: True, lambda n: CREATED[n])
    assert found(wins, outcome_types=("closed",))["closed"].rules[0] == "outcome"
    assert found(wins) == {}


def test_what_is_left_out_anyway_is_not_named_again():
    assert found(events("registered", lambda n: WON[n], lambda n: CLOSED[n]), skip=("registered",)) == {}


def test_a_column_filled_in_for_winners_only_is_suspected():
    suspects = found(attributes={"segment": ["pet" if won else None for won in WON]})
    assert suspects["segment"].rules == ("one_outcome", "separates")
    assert "134 of 134 positive and 0 of 266" in suspects["segment"].evidence


def test_a_column_missing_for_winners_only_is_suspected():
    assert "one_outcome" in found(attributes={"reminder": [None if won else "sent" for won in WON]})["reminder"].rules


def test_a_number_that_separates_the_classes_is_suspected():
    chance = np.random.default_rng(1)
    paid = np.array(WON) * 10.0 + chance.normal(0, 1, LEADS)
    suspects = found(attributes={"paid": paid, "employees": chance.lognormal(3, 1, LEADS)})
    assert {key: suspect.rules for key, suspect in suspects.items()} == {"paid": ("separates",)}
    assert suspects["paid"].auc_alone > 0.99


def half_telling() -> list[str]:
    return ["high" if (won and n % 2) or n % 5 == 0 else "low" for n, won in enumerate(WON)]


def test_a_name_from_selling_is_suspected_only_where_the_column_tells_something():
    noise = np.random.default_rng(2).choice(["a", "b"], LEADS).tolist()
    suspects = found(attributes={"Lead Quality": half_telling(), "Lead Status": noise, "industry": half_telling()})
    assert {key: suspect.rules for key, suspect in suspects.items()} == {"Lead Quality": ("name",)}


def test_a_column_with_its_own_history_is_not_judged_by_its_name():
    times = LEAD_FRAME.select(
        "lead_id", pl.lit("rating").alias("name"), (pl.col("created_at") + pl.duration(hours=1)).alias("valid_from")
    ).with_row_index()
    partly_late = times.with_columns(
        pl.when(pl.col("index") % 4 == 0).then("valid_from").otherwise(pl.col("valid_from") - pl.duration(hours=1))
    ).drop("index")
    assert "rating" not in found(attributes={"rating": half_telling()}, times=partly_late)
    assert "rating" in found(attributes={"rating": half_telling()})


def test_a_column_filled_in_after_the_outcome_is_suspected_where_history_shows_it():
    late = pl.DataFrame({"lead_id": NAMES, "name": "notes", "valid_from": CLOSED}, schema=NO_TIMES.schema)
    noise = np.random.default_rng(3).choice(["a", "b"], LEADS).tolist()
    assert found(attributes={"notes": noise}, times=late)["notes"].rules == ("timing",)


def test_a_telling_column_filled_in_after_creation_is_suspected_where_history_shows_it():
    after = [at + timedelta(days=2) for at in CREATED]
    late = pl.DataFrame({"lead_id": NAMES, "name": "size", "valid_from": after}, schema=NO_TIMES.schema)
    telling = ["big" if won == (n % 5 > 0) else "small" for n, won in enumerate(WON)]
    assert found(attributes={"size": telling}, times=late)["size"].rules == ("timing",)


def test_few_leads_of_one_class_prove_nothing():
    assert not one_sided(4, 4, 0.01, 1)
    assert not one_sided(12, 12, 0.9, 1)
    assert one_sided(12, 12, 0.1, 50)
    assert not one_sided(95, 100, 0.1, 1)


@pytest.mark.parametrize(
    "name", ["LastActivityDate", "Rating", "lead_status", "IsConverted", "OwnerId", "hubspotscore", "lifecycle stage"]
)
def test_outcome_adjacent_crm_fields_are_known_by_name(name):
    assert hint(name)


@pytest.mark.parametrize("name", ["last_name", "origin", "employees", "What is your current occupation", "AMOUNT_REQ"])
def test_plain_fields_are_not_hinted_at(name):
    assert hint(name) is None


def test_a_long_log_is_judged_on_a_sample_of_leads(monkeypatch):
    monkeypatch.setattr(leak_events, "MOST_PAIRS", 200)
    once = events("sync", lambda n: True, lambda n: CREATED[n] + timedelta(hours=2))
    again = events("sync", lambda n: WON[n], lambda n: CREATED[n] + timedelta(hours=3))
    assert found(pl.concat([once, again]))["sync"].rules == ("separates",)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([None] * LEADS, dtype=pl.Float64),
        pl.Series([float("nan")] * LEADS),
        pl.Series([float("inf")] * LEADS),
        pl.Series([True] * LEADS),
        pl.Series(CREATED),
        pl.Series([f"id {n}" for n in range(LEADS)]),
    ],
)
def test_columns_that_say_nothing_are_not_suspected(column):
    assert found(attributes={"thing": column}) == {}


def test_a_time_that_only_winners_have_is_suspected():
    assert (
        "one_outcome"
        in found(attributes={"signed": [at if won else None for at, won in zip(CLOSED, WON, strict=True)]})[
            "signed"
        ].rules
    )


def test_no_leads_give_no_suspects():
    empty = LeadHistory(NO_EVENTS, LEAD_FRAME.clear(), OUTCOMES.clear(), LEAD_FRAME.select("lead_id").clear(), NO_TIMES)
    assert suspected(empty, ROWS.clear(), "won") == ()
