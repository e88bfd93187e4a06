"""Lists as files: nothing in them is a formula, and every file says where it comes from."""

import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from core.exports import tables
from core.exports.errors import ExportTooLarge
from core.exports.origin import Origin

MOMENT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ABOUT = dict(Origin("Leads", "band = A", "default@v1", "2", MOMENT, MOMENT, "ana").lines())
HOSTILE = ["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x"]
FRAME = pl.DataFrame(
    {
        "lead": HOSTILE,
        "score": [0.5] * len(HOSTILE),
        "change": [-1.5] * len(HOSTILE),
        "why": [["=a", "b"]] * len(HOSTILE),
        "at": [datetime(2026, 11, 24, 9, 30)] * len(HOSTILE),
    }
)


def sheets(data: bytes) -> dict[str, pl.DataFrame]:
    return pl.read_excel(io.BytesIO(data), sheet_id=0)


def test_no_text_of_a_csv_can_start_a_formula():
    rows = pl.read_csv(tables.to_csv(FRAME), infer_schema=False)
    assert all(value.startswith("'") for value in rows["lead"])
    assert all(value.startswith("'=a; b") for value in rows["why"])


def test_a_negative_number_stays_a_number():
    assert pl.read_csv(tables.to_csv(FRAME))["change"].dtype == pl.Float64


def test_a_column_name_cannot_start_a_formula():
    assert tables.guarded(pl.DataFrame({"=x": [1]})).columns == ["'=x"]


def test_the_words_of_an_enumeration_cannot_start_a_formula():
    words = pl.Series("word", ["=b"], dtype=pl.Enum(["a", "=b"]))
    assert b"'=b" in tables.to_csv(words.to_frame())


def test_the_byte_order_mark_is_an_option():
    assert tables.to_csv(FRAME).startswith(tables.BOM)
    assert not tables.to_csv(FRAME, bom=False).startswith(tables.BOM)


def test_times_of_a_csv_say_that_they_are_utc():
    assert b"2026-11-24T09:30:00" in tables.to_csv(FRAME) and b"Z" in tables.to_csv(FRAME)


def test_missing_text_stays_missing():
    assert tables.guarded(pl.DataFrame({"a": ["=x", None]}))["a"].to_list() == ["'=x", None]


def test_the_workbook_has_a_read_me_sheet_with_filter_policy_model_and_time():
    read_me = tables.READ_ME
    data = tables.to_excel(FRAME, ABOUT)
    rows = pl.read_excel(io.BytesIO(data), sheet_name=read_me, has_header=False).rows()
    facts = dict(rows)
    assert (facts["Filter"], facts["Policy"], facts["Model"]) == ("band = A", "default@v1", "2")
    assert facts["As of"] == "2026-11-24T09:30:00Z" and facts["Exported by"] == "ana"


def test_no_cell_of_a_workbook_is_a_formula():
    import zipfile

    book = zipfile.ZipFile(io.BytesIO(tables.to_excel(FRAME, ABOUT)))
    sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2 and not any("<f>" in sheet for sheet in sheets)


@pytest.mark.parametrize("title", ["Read me", "a/b*c?[d]", "", "x" * 80])
def test_any_title_makes_a_sheet(title):
    assert len(sheets(tables.to_excel(FRAME, ABOUT, title))) == 2


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "EXCEL_ROWS", 3)
    with pytest.raises(ExportTooLarge, match="Parquet"):
        tables.to_excel(FRAME, ABOUT)


def test_parquet_keeps_types_and_carries_the_origin():
    data = tables.to_parquet(FRAME, ABOUT)
    assert pl.read_parquet(io.BytesIO(data)).equals(FRAME)
    assert pl.read_parquet_metadata(io.BytesIO(data))["leadbench.policy"] == "default@v1"


def test_json_is_a_list_of_objects_without_bytes():
    frame = FRAME.with_columns(sealed=pl.lit(b"x"))
    rows = json.loads(tables.to_json(frame))
    assert len(rows) == FRAME.height and "sealed" not in rows[0]


def test_an_empty_list_exports():
    empty = FRAME.clear()
    assert tables.to_csv(empty).startswith(tables.BOM + b"lead")
    assert tables.to_excel(empty, ABOUT)
    assert tables.to_parquet(empty, ABOUT)
