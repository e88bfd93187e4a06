from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.kernel.times import duration_us
from core.models.errors import LandmarksInvalid
from core.models.labels import LabelSpec, LandmarkSpec, landmark_rows, truncated_before

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)
END = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = pl.Datetime("us")


def leads(**created) -> pl.DataFrame:
    return pl.DataFrame(
        {"lead_id": list(created), "created_at": list(created.values()), "created_order": [None] * len(created)},
        schema={"lead_id": pl.String, "created_at": TIMES, "created_order": pl.Int64},
    )


def outcomes(*rows) -> pl.DataFrame:
    return pl.DataFrame(
        [(lead, outcome, at, at) for lead, outcome, at in rows],
        schema={"lead_id": pl.String, "outcome": pl.String, "at": TIMES, "received_at": TIMES},
        orient="row",
    )


def after(*texts, **more) -> LandmarkSpec:
    return LandmarkSpec(after_created_us=tuple(duration_us(text) for text in texts), **more)


def labels_of(result) -> dict:
    return {(row["lead_id"], row["landmark"]): row["y"] for row in result.rows.to_dicts()}


def test_an_open_lead_is_censored_and_counted_never_negative():
    found = landmark_rows(
        leads(a=START, b=START, c=START),
        outcomes(("a", "won", START + 5 * DAY), ("b", "lost", START + 5 * DAY)),
        LabelSpec("won"),
        after("1d", "2d"),
        END,
    )
    assert labels_of(found) == {("a", "1d"): 1, ("a", "2d"): 1, ("b", "1d"): 0, ("b", "2d"): 0}
    assert (found.censored, found.censored_leads) == (2, 1)


def test_an_open_lead_is_negative_only_where_the_recipe_says_so():
    label = LabelSpec("won", censor_open=False)
    found = landmark_rows(leads(a=START), outcomes(), label, after("1d"), END)
    assert labels_of(found) == {("a", "1d"): 0}


def test_a_win_after_the_horizon_is_negative_and_on_its_edge_positive():
    label = LabelSpec("won", duration_us("30d"))
    wins = outcomes(("late", "won", START + 31 * DAY + timedelta(seconds=1)), ("edge", "won", START + 31 * DAY))
    found = landmark_rows(leads(late=START, edge=START), wins, label, after("1d"), END)
    assert labels_of(found) == {("late", "1d"): 0, ("edge", "1d"): 1}


def test_with_a_horizon_wins_are_known_no_earlier_than_the_rest():
    label = LabelSpec("won", duration_us("30d"))
    wins = outcomes(("quick", "won", START + 2 * DAY), ("late", "won", START + 40 * DAY))
    found = landmark_rows(leads(quick=START, late=START), wins, label, after("1d"), END)
    assert found.rows["label_known_at"].to_list() == [START + 31 * DAY] * 2


def test_a_window_that_is_not_over_is_censored():
    label = LabelSpec("won", duration_us("90d"))
    found = landmark_rows(leads(a=START), outcomes(), label, after("1d"), END)
    assert (len(found.rows), found.censored) == (0, 1)


def test_an_outcome_at_as_of_itself_is_no_label():
    decided = outcomes(("a", "won", START + DAY))
    found = landmark_rows(leads(a=START), decided, LabelSpec("won"), after("1d"), END)
    assert (len(found.rows), found.decided) == (0, 1)


def test_a_lost_lead_that_is_kept_can_still_be_won():
    decided = outcomes(("a", "lost", START + DAY), ("a", "won", START + 9 * DAY))
    found = landmark_rows(leads(a=START), decided, LabelSpec("won"), after("2d", only_open=False), END)
    assert labels_of(found) == {("a", "2d"): 1}
    assert len(landmark_rows(leads(a=START), decided, LabelSpec("won"), after("2d"), END).rows) == 0


def test_a_moment_beyond_the_log_is_no_row():
    found = landmark_rows(leads(a=END.replace(tzinfo=None)), outcomes(), LabelSpec("won"), after("1d"), END)
    assert (len(found.rows), found.unreached, found.censored) == (0, 1, 0)


def test_a_label_learned_late_is_known_late():
    late = outcomes(("a", "won", START + 5 * DAY)).with_columns(
        pl.lit(START + 8 * DAY).cast(TIMES).alias("received_at")
    )
    found = landmark_rows(leads(a=START), late, LabelSpec("won"), after("1d"), END)
    assert found.rows["label_known_at"].to_list() == [START + 8 * DAY]


def test_undated_leads_get_one_row_without_as_of():
    undated = outcomes(("a", "won", None), ("b", "lost", None))
    found = landmark_rows(leads(a=None, b=None), undated, LabelSpec("won"), LandmarkSpec(none=True), None)
    assert labels_of(found) == {("a", "none"): 1, ("b", "none"): 0}
    assert found.rows["as_of"].to_list() == [None, None]


def test_one_row_a_lead_is_taken_at_its_creation():
    label = LabelSpec("won", duration_us("10d"))
    wins = outcomes(("a", "won", START + 3 * DAY), ("early", "won", START - DAY))
    found = landmark_rows(leads(a=START, early=START), wins, label, LandmarkSpec(none=True), END)
    assert labels_of(found) == {("a", "none"): 1}
    assert found.rows["as_of"].to_list() == [START]
    assert found.decided == 1


def test_rows_by_age_stop_at_the_decision():
    spec = LandmarkSpec(every_us=duration_us("7d"))
    found = landmark_rows(leads(a=START), outcomes(("a", "won", START + 15 * DAY)), LabelSpec("won"), spec, END)
    assert found.rows["landmark"].to_list() == ["7d", "14d"]


def test_given_moments_take_the_leads_that_exist_by_then():
    spec = LandmarkSpec(at=(datetime(2026, 1, 10, tzinfo=UTC),))
    decided = outcomes(("a", "won", START + 15 * DAY), ("b", "won", START + 30 * DAY))
    found = landmark_rows(leads(a=START, b=START + 20 * DAY), decided, LabelSpec("won"), spec, END)
    assert labels_of(found) == {("a", "2026-01-10T00:00:00Z"): 1}


def test_two_ways_of_placing_landmarks_are_refused():
    with pytest.raises(LandmarksInvalid, match="cannot be placed"):
        landmark_rows(leads(a=START), outcomes(), LabelSpec("won"), LandmarkSpec((1,), none=True), END)


def test_wins_that_were_not_recorded_early_on_are_noticed():
    created = {f"l{n:03d}": START + timedelta(hours=6 * n) for n in range(400)}
    won = [(name, "won", at + 5 * DAY) for index, (name, at) in enumerate(created.items()) if index % 4 == 0]
    late = [row for row in won if row[2] >= START + 50 * DAY]
    assert truncated_before(leads(**created), outcomes(*won), "won") is None
    since = START + 50 * DAY
    assert truncated_before(leads(**created), outcomes(*late), "won") == since.replace(tzinfo=UTC)
    label, everyone = LabelSpec("won", duration_us("10d")), LandmarkSpec(none=True)
    found = landmark_rows(leads(**created), outcomes(*late), label, everyone, datetime(2026, 6, 1, tzinfo=UTC))
    assert found.rows["as_of"].min() >= since
    assert found.truncated == found.censored == sum(at < since for at in created.values())
