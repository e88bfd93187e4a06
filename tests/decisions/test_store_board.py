"""What the pages read of many decisions at once."""

from datetime import UTC, datetime

import polars as pl
import pytest

from core.decisions.store_board import DecisionBoard
from core.kernel.clock import FixedClock
from core.kernel.database import Database

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
DAYS = [datetime(2026, 11, day) for day in (20, 21, 22)]


def row(lead: str, day: int, percentile: float, band: str, *, arm: str = "live", disposition: str = "PERMIT") -> dict:
    name = f"d_{lead}_{day}_{arm}"
    texts = dict.fromkeys(("model_hash", "policy_hash", "feature_set_hash", "hash", "record", "stage_us"), "x")
    return texts | {
        "decision_id": name, "lead_id": lead, "as_of": DAYS[day], "known_at": DAYS[day], "decided_at": DAYS[day],
        "arm": arm, "score": percentile / 200, "percentile": percentile, "fit": 0.1, "engagement": 0.1,
        "disposition": disposition, "band": band, "pool": "sdr" if disposition == "PERMIT" else None, "reasons": "[]",
        "points": '[["f", 0.1]]', "entry_seq": day + 1, "leaf_no": 0,
    }  # fmt: skip


ROWS = [
    row("a", 0, 40, "warm"),
    row("a", 1, 60, "warm"),
    row("a", 2, 90, "hot"),
    row("b", 0, 95, "hot"),
    row("b", 2, 70, "warm", disposition="HOLD"),
    row("c", 2, 99, "hot"),
    row("a", 0, 10, "cold", arm="trial"),
]


@pytest.fixture
def board(tmp_path):
    with Database.open(tmp_path / "store", CLOCK) as database:
        with database.change("decisions", "test.prepared", "ana") as change:
            change.insert("decisions", pl.DataFrame(ROWS, infer_schema_length=None))
        yield DecisionBoard(database)


def test_each_lead_stands_once_with_its_newest_decision_best_first(board):
    assert board.rows()["lead_id"].to_list() == ["c", "a", "b"]


def test_the_decision_before_is_the_one_of_the_same_arm(board):
    rows = {one["lead_id"]: one for one in board.rows().iter_rows(named=True)}
    assert (rows["a"]["percentile_before"], rows["a"]["band_before"]) == (60, "warm")
    assert (rows["b"]["percentile_before"], rows["b"]["before_at"]) == (95, DAYS[0])
    assert rows["c"]["percentile_before"] is None


def test_a_course_holds_one_arm_in_order_of_time(board):
    wanted = pl.DataFrame({"lead_id": ["a"], "arm": ["live"]})
    assert board.courses(wanted)["course"].to_list() == [[40, 60, 90]]


def test_a_course_ends_where_it_is_told_to(board):
    wanted = pl.DataFrame({"lead_id": ["a"], "arm": ["live"]})
    assert board.courses(wanted, DAYS[1].replace(tzinfo=UTC))["course"].to_list() == [[40, 60]]


def test_a_day_counts_each_lead_where_it_stands(board):
    stood = {(one["day"], one["band"]): one for one in board.by_day().iter_rows(named=True)}
    assert [stood[day.date(), "hot"]["leads"] for day in DAYS] == [1, 1, 2]
    hot, warm = (stood[DAYS[2].date(), band] for band in ("hot", "warm"))
    assert (hot["arrived"], hot["held"], hot["score"]) == (1, 0, pytest.approx((90 + 99) / 200))
    assert (warm["leads"], warm["arrived"], warm["held"]) == (1, 1, 1)


def test_points_are_read_for_the_decisions_asked_for(board):
    assert board.points(["d_c_2_live", "nothing"]).rows() == [("d_c_2_live", '[["f", 0.1]]')]


def test_a_lead_that_closed_after_its_newest_decision_is_marked(tmp_path):
    with Database.open(tmp_path / "closed", CLOCK) as database:
        with database.change("decisions", "test.prepared", "ana") as change:
            change.insert("decisions", pl.DataFrame(ROWS, infer_schema_length=None))
            change.execute("INSERT INTO leads BY NAME SELECT 1 AS lead_no, 'a' AS lead_id, 'b1' AS batch_id")
            change.execute(
                "INSERT INTO outcomes BY NAME SELECT 1 AS lead_no, 'won' AS outcome, 'b1' AS batch_id, "
                "TIMESTAMP '2026-11-23' AS closed_at"
            )
        board = DecisionBoard(database)
        closed = dict(board.rows().select("lead_id", "closed_since").iter_rows())
        hot = board.by_day().filter(pl.col("band") == "hot")["leads"].to_list()
        with database.change("decisions", "test.prepared", "ana") as change:
            change.execute(
                """INSERT INTO decisions SELECT * REPLACE (TIMESTAMP '2026-11-24' AS as_of, 'd_late' AS decision_id,
                   99 AS entry_seq) FROM decisions WHERE lead_id = 'a' AND arm = 'live' ORDER BY as_of DESC LIMIT 1"""
            )
        late = board.by_day().filter(pl.col("band") == "hot")["leads"].to_list()
    assert closed == {"a": True, "b": False, "c": False}
    assert hot == late == [1, 1, 1]
