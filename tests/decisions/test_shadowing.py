"""A champion and a challenger on the same leads: how far they agree."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from core.decisions.shadowing import agreement

START = datetime(2026, 1, 1)
ORDER = ("hot", "warm", "cold")


def pairs(rows) -> pl.DataFrame:
    names = ("champion", "challenger", "champion_band", "challenger_band")
    frame = pl.DataFrame(
        rows, schema=dict(zip(names, (pl.Float64, pl.Float64, pl.String, pl.String), strict=True)), orient="row"
    )
    moments = pl.Series("as_of", [START + timedelta(days=day) for day in range(len(rows))], dtype=pl.Datetime("us"))
    return frame.with_columns(moments)


def test_bands_crossed_are_counted_up_and_down_with_an_interval():
    rows = [(0.9, 0.2, "hot", "cold"), (0.2, 0.5, "cold", "warm"), (0.3, 0.3, "cold", "cold"), (0.1, 0.1, None, None)]
    found = agreement(pairs(rows), ORDER)
    crossing = found["crossing"]
    assert (found["leads"], crossing["share"], crossing["up"], crossing["down"]) == (4, 0.5, 1, 1)
    assert 0 < crossing["low"] < 0.5 < crossing["high"] < 1
    assert found["mean_difference"] == pytest.approx(-0.1)
    assert found["rank_correlation"] is None
    assert {"champion": "hot", "challenger": "cold", "leads": 1} in found["bands"]
    assert (found["from"], found["to"]) == (START, START + timedelta(days=3))


@pytest.mark.parametrize("turned", [1, -1])
def test_ranks_that_agree_or_are_turned_round_correlate_fully(turned):
    found = agreement(pairs([(n / 20, turned * n / 30, "cold", "cold") for n in range(20)]), ORDER)
    ranks = found["rank_correlation"]
    assert ranks["value"] == pytest.approx(turned) and ranks["low"] <= ranks["value"] <= ranks["high"]
    assert found["crossing"]["share"] == 0


def test_no_lead_in_shadow_is_no_agreement():
    found = agreement(pairs([]), ORDER)
    assert (found["leads"], found["crossing"], found["rank_correlation"], found["from"]) == (0, None, None, None)
