"""Files are read as they are; what cannot be read is named, with its place and what to do."""

import gzip
import json

import polars as pl
import pytest

from core.signals.errors import (
    FileEmpty,
    FileMissing,
    FileTooLarge,
    FileUnreadable,
    UnknownFormat,
    UnsafeXml,
    WrongEncoding,
)
from core.signals.raw import ROW, ReadOptions
from core.signals.readers import opening, read

LOG = """<?xml version="1.0"?>
<log xmlns="http://www.xes-standard.org/">
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <trace><string key="concept:name" value="c1"/><string key="AMOUNT" value="20"/>
    <event><string key="concept:name" value="A"/><date key="time:timestamp" value="2020-01-01T00:00:00+01:00"/></event>
    <event><string key="concept:name" value="B"/><string key="org:resource" value="7"/></event>
  </trace>
  <trace><string key="concept:name" value="c2"/></trace>
</log>"""


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write, delimiter):
    path = write(
        "a.csv", f"a{delimiter}b\n1{delimiter}x, y; z\n" if delimiter not in ",;" else f"a{delimiter}b\n1{delimiter}2\n"
    )
    assert read(path, ReadOptions()).columns == ["a", "b"]


def test_csv_values_stay_text_and_blank_is_missing(write):
    raw = read(write("a.csv", "id,n\n007,\n 8 ,  \n"), ReadOptions())
    assert raw.frame["id"].to_list() == ["007", " 8 "]
    assert raw.frame["n"].to_list() == [None, None]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    assert read(write("a.csv", "\ufeffid,n\n1,2\n"), ReadOptions()).columns == ["id", "n"]


def test_a_quoted_field_may_hold_lines_and_quotes(write):
    raw = read(write("a.csv", 'id,note\n1,"two\nlines, ""quoted"""\n2,x\n'), ReadOptions())
    assert raw.frame["note"].to_list() == ['two\nlines, "quoted"', "x"]


def test_a_row_with_a_wrong_number_of_fields_is_set_aside_with_its_number(write):
    raw = read(write("a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n"), ReadOptions())
    assert raw.frame[ROW].to_list() == [1, 4]
    assert raw.rejects.select("row_no", "code", "raw").rows() == [
        (2, "wrong_field_count", "3"),
        (3, "wrong_field_count", "4,5,6"),
    ]


def test_nameless_and_repeated_columns_get_names(write):
    raw = read(write("a.csv", "a,a,,\n1,2,3,\n"), ReadOptions())
    assert raw.columns == ["a", "a_2", "column_3"]


def test_a_field_that_is_too_long_is_set_aside_and_cut(write):
    raw = read(write("a.csv", f"id,note\n1,{'x' * 10_000_000}\n2,y\n"), ReadOptions())
    assert raw.frame["id"].to_list() == ["2"]
    assert raw.rejects["code"].to_list() == ["field_too_long"]
    assert len(raw.rejects["raw"][0]) == 65_536


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf16_is_refused_with_a_remedy(write, encoding):
    with pytest.raises(WrongEncoding, match=r"UTF-16.*iconv"):
        read(write("a.csv", "id,name\n1,Zoë\n".encode(encoding)), ReadOptions())


def test_latin1_is_refused_with_its_line(write):
    with pytest.raises(WrongEncoding) as refused:
        read(write("a.csv", "id,name\n1,Zoë\n".encode("latin-1")), ReadOptions())
    assert refused.value.where.line == 2


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileMissing, match="no-such"):
        read(tmp_path / "no-such.csv", ReadOptions())


@pytest.mark.parametrize("content", ["", "\n\n", "id,name\n"])
def test_a_file_without_records_is_refused(write, content):
    with pytest.raises(FileEmpty):
        read(write("a.csv", content), ReadOptions())


def test_an_unknown_ending_is_refused(write):
    with pytest.raises(UnknownFormat, match="csv, jsonl, parquet or xes"):
        read(write("a.docx", "x"), ReadOptions())


def test_packed_files_are_read_like_plain_ones(write):
    raw = read(write("a.csv.gz", gzip.compress(b"a,b\n1,2\n")), ReadOptions())
    assert raw.frame.select("a", "b").rows() == [("1", "2")]


def test_broken_gzip_is_refused(write):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    with pytest.raises(FileUnreadable, match="broken gzip"):
        read(write("a.csv.gz", packed[: len(packed) // 2]), ReadOptions())


def test_a_gzip_bomb_is_refused(write, monkeypatch):
    monkeypatch.setattr(opening, "RATIO_FROM", 1_000_000)
    with pytest.raises(FileTooLarge, match="200 times"):
        read(write("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 2_000_000)), ReadOptions())


def test_a_file_over_the_size_bound_is_refused(write):
    with pytest.raises(FileTooLarge, match="1,000 bytes"):
        read(write("a.csv", "a,b\n" + "1,2\n" * 1_000), ReadOptions(max_bytes=1_000))


def test_json_lines_keep_their_types(write):
    lines = [{"id": "1", "n": 5, "f": 1.5, "b": True}, {"id": "2", "n": 6, "mixed": "5"}, {"id": "3", "mixed": 5}]
    raw = read(write("a.jsonl", "".join(json.dumps(line) + "\n" for line in lines)), ReadOptions())
    assert raw.frame.schema["n"] == pl.Int64
    assert raw.frame.schema["b"] == pl.Boolean
    assert raw.frame["mixed"].to_list() == [None, '"5"', "5"]
    assert raw.json_columns == {"mixed"}


def test_a_line_that_is_no_json_object_is_set_aside(write):
    raw = read(write("a.jsonl", '{"id": 1}\n{broken\n[1]\n{"id": NaN}\n{"id": 2}\n'), ReadOptions())
    assert raw.frame[ROW].to_list() == [1, 5]
    assert raw.rejects["row_no"].to_list() == [2, 3, 4]


def test_a_json_array_is_read_too(write):
    assert read(write("a.json", '[{"id": 1}, {"id": 2}]'), ReadOptions()).frame["id"].to_list() == [1, 2]


def test_parquet_keeps_types_and_nested_values_become_json(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame(
        {"id": ["1"], "n": [3], "at": [None], "p": [{"plan": "x"}], "tags": [["a", "b"]]},
        schema_overrides={"at": pl.Datetime("ns", "Europe/Berlin")},
    ).write_parquet(path)
    raw = read(path, ReadOptions())
    assert raw.frame.schema["at"] == pl.Datetime("us")
    assert raw.frame.select("n", "p", "tags").rows() == [(3, '{"plan":"x"}', '["a","b"]')]


def test_a_damaged_parquet_file_is_refused(write):
    with pytest.raises(FileUnreadable, match="not Parquet"):
        read(write("a.parquet", b"PAR1" + b"x" * 100), ReadOptions())


def test_xes_events_come_with_their_case(write):
    raw = read(write("a.xes", LOG), ReadOptions())
    assert raw.frame.select("case_id", "activity", "resource").rows() == [("c1", "A", None), ("c1", "B", "7")]


def test_xes_traces_are_leads(write):
    raw = read(write("a.xes", LOG), ReadOptions(kind="leads"))
    assert raw.frame.select("case_id", "AMOUNT").rows() == [("c1", "20"), ("c2", None)]


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "aaaa">', '<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "http://x/e">']
)
def test_xml_with_entities_is_refused(write, declared):
    with pytest.raises(UnsafeXml, match="entit"):
        read(write("a.xes", LOG.replace("<log", f"<!DOCTYPE log [{declared}]><log", 1)), ReadOptions())


def test_xml_that_is_cut_is_refused_with_its_line(write):
    with pytest.raises(FileUnreadable, match="not well-formed"):
        read(write("a.xes", LOG[:400]), ReadOptions())


def test_an_open_quote_is_named(write):
    inside = read(write("a.csv", 'a,b\n1,2\n"open,3\n4,5\n6,7\n8,9\n'), ReadOptions())
    at_end = read(write("b.csv", 'a,b\n1,2\n3,"open\n4,5\n6,7\n8,9\n'), ReadOptions())
    assert inside.frame.height == at_end.frame.height == 1
    assert "is a quote left open?" in inside.rejects["detail"][0]
    assert at_end.rejects.select("row_no", "code").rows() == [(2, "open_quote")]


def test_whole_numbers_too_large_for_sixty_four_bits_with_sign_become_text(tmp_path):
    path = tmp_path / "e.parquet"
    pl.DataFrame({"id": pl.Series([1, 2**64 - 1], dtype=pl.UInt64)}).write_parquet(path)
    assert read(path, ReadOptions()).frame["id"].to_list() == ["1", str(2**64 - 1)]


def test_a_parquet_file_is_opened_by_its_very_name(tmp_path):
    pl.DataFrame({"id": [1]}).write_parquet(tmp_path / "e[1].parquet")
    pl.DataFrame({"id": [2]}).write_parquet(tmp_path / "e1.parquet")
    assert read(tmp_path / "e[1].parquet", ReadOptions()).frame["id"].to_list() == [1]
