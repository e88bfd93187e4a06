"""Text is a number, a truth or a time only where the whole column says so."""

from datetime import datetime

import polars as pl
import pytest

from core.signals.grouped_numbers import plain_amounts
from core.signals.typed_text import AmbiguousDates, moments, typed


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2.5", "1e3", None], "number"),
        (["1", "two"], "text"),
        (["007", "8"], "text"),
        (["12345678901234567", "1"], "text"),
        (["true", "FALSE"], "boolean"),
        (["yes", "no"], "text"),
        (["17.365,83", "560", "12,5"], "number"),
        (["1,234", "12", None], "number"),
        (["1,2", "3"], "text"),
        (["1,2,3", "4"], "text"),
        ([None, None], "text"),
    ],
)
def test_a_column_is_a_number_only_where_every_value_is_one(texts, kind):
    assert typed(pl.Series("c", texts, dtype=pl.String)).kind == kind


def test_strings_of_a_typed_file_are_never_numbers():
    assert typed(pl.Series("c", ["1", "2"]), textual=False).kind == "text"


def test_infinity_is_marked_and_nan_is_missing():
    assert typed(pl.Series("c", ["1", "inf"])).infinite.to_list() == [False, True]
    found = typed(pl.Series("c", [1.0, float("nan"), float("-inf")]))
    assert found.values.to_list()[1] is None
    assert found.infinite.to_list() == [False, False, True]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-10-01T00:38:44.546+02:00", datetime(2011, 9, 30, 22, 38, 44, 546000)),
        ("2019-10-01 00:00:00 UTC", datetime(2019, 10, 1)),
        ("2021-01-07 6:49:18", datetime(2021, 1, 7, 6, 49, 18)),
        ("2018-02-01", datetime(2018, 2, 1)),
        ("2020-01-01T10:00Z", datetime(2020, 1, 1, 10)),
        ("1577836800", datetime(2020, 1, 1)),
        ("1577836800123", datetime(2020, 1, 1, 0, 0, 0, 123000)),
        ("20200103", datetime(2020, 1, 3)),
        ("22.3.2021 14:05", datetime(2021, 3, 22, 14, 5)),
        ("3/22/2021 2:05 PM", datetime(2021, 3, 22, 14, 5)),
        ("27.03.2025 14:07:11Z", datetime(2025, 3, 27, 14, 7, 11)),
        ("14.07.2025 08:47:08+02:00", datetime(2025, 7, 14, 6, 47, 8)),
        ("26.03.2025 15:40:39.5 -0530", datetime(2025, 3, 26, 21, 10, 39, 500000)),
        ("26.03.2025, 15:40", datetime(2025, 3, 26, 15, 40)),
        ("3 Oct 2019", datetime(2019, 10, 3)),
    ],
)
def test_the_usual_ways_to_write_a_time_are_read(text, moment):
    assert moments(pl.Series("t", [text])).to_list() == [moment]


@pytest.mark.parametrize("text", ["2018-02-30", "2012-13-01", "soon", "", "0000-00-00", "24:00"])
def test_impossible_times_are_missing(text):
    assert moments(pl.Series("t", [text])).to_list() == [None]


def test_dates_that_can_be_read_two_ways_are_refused_until_said():
    dates = pl.Series("signed", ["3/2/2021", "4/5/2021"])
    with pytest.raises(AmbiguousDates, match="dmy"):
        moments(dates)
    assert moments(dates, "dmy")[0] == datetime(2021, 2, 3)
    assert moments(dates, "mdy")[0] == datetime(2021, 3, 2)


def test_numbers_written_for_people_keep_their_value():
    assert typed(pl.Series("c", ["17.365,83", "3.815", "-12,5"])).values.to_list() == [17365.83, 3815.0, -12.5]
    assert typed(pl.Series("c", ["1,234,567", "12.5", None])).values.to_list() == [1234567.0, 12.5, None]


@pytest.mark.parametrize(
    ("texts", "amounts"),
    [
        (["1.234,50", "12,5", "3.815"], ["1234.50", "12.5", "3815"]),
        (["$ 1,234.50", "12,500", "7"], ["1234.50", "12500", "7"]),
        (["1 234,50 €", None], ["1234.50", None]),
    ],
)
def test_an_amount_is_read_with_its_own_decimal_mark(texts, amounts):
    assert plain_amounts(pl.Series("amount", texts)).to_list() == amounts


def test_na_is_missing_among_numbers_and_north_america_among_words():
    assert typed(pl.Series("c", ["1", "NA", None])).values.to_list() == [1, None, None]
    assert typed(pl.Series("c", ["NA", "DACH"])).values.to_list() == ["NA", "DACH"]


def test_seconds_since_1970_keep_their_fraction():
    wanted = [datetime(2026, 1, 1, 0, 0, 0, 250_000)]
    assert moments(pl.Series([1767225600.25])).to_list() == wanted
    assert moments(pl.Series(["1767225600.25"])).to_list() == wanted
