"""The forms of CRMs, exactly as formats.md writes them, and workbooks as another program reads them."""

import io
import json
import zipfile
from datetime import datetime

import openpyxl
import polars as pl
import pytest

from core.exports import crm, tables
from core.exports.errors import ExportTooLarge, NothingToFindBy

ROWS = pl.DataFrame(
    {
        "lead_id": ["00Q5e00000AbCdEEAV", "ld_2", "=HYPERLINK(1)"],
        "email": [None, "Ann@Acme.EU", None],
        "score": [0.91234, 0.5, 0.1],
        "score_before": [0.8, None, 0.1],
        "label": ["A", "B", "D"],
        "label_before": ["A", None, "D"],
        "pool": ["sdr.priority", None, "auto"],
        "trend": ["Improving", None, "Steady"],
        "reasons": [["Pricing visits (+)", "Seats (+)", "Region (−)", "more"], ["@cmd (+)"], []],
        "policy": ["default v3"] * 3,
        "model": ["Model 2"] * 3,
        "scored_at": [datetime(2026, 11, 24, 9, 30)] * 3,
    }
)


def files(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as folder:
        return {name: folder.read(name).decode() for name in folder.namelist()}


def table(text: str) -> pl.DataFrame:
    return pl.read_csv(io.StringIO(text), infer_schema=False)


def test_salesforce_has_the_api_names_with_the_external_id_first():
    found = files(crm.to_salesforce(ROWS))
    assert found["leads.csv"].splitlines()[0] == (
        "Leadbench_Id__c,Id,Lead_Score__c,Lead_Grade__c,Lead_Score_Trend__c,Score_Reason_1__c,Score_Reason_2__c,"
        "Score_Reason_3__c,Route__c,Policy_Version__c,Model_Version__c,Scored_At__c"
    )
    first, second, _ = table(found["leads.csv"]).rows(named=True)
    assert (first["Id"], first["Lead_Score__c"], first["Scored_At__c"]) == (
        "00Q5e00000AbCdEEAV",
        "0.9123",
        "2026-11-24T09:30:00Z",
    )
    assert second["Id"] is None and second["Route__c"] is None and second["Score_Reason_2__c"] is None
    mapped = [line for line in found["leads.sdl"].splitlines() if not line.startswith("#")]
    assert mapped == [f"{name}={name}" for name in crm.SALESFORCE]


def test_hubspot_has_a_request_that_names_its_columns_and_a_file_of_what_was_before():
    found = files(crm.to_hubspot(ROWS, "leads of today"))
    header = found["scores.csv"].splitlines()[0].split(",")
    assert header == ["Record ID", "Email", "Leadbench Score", "Leadbench Grade", "Leadbench Reasons"]
    request = json.loads(found["import.json"])
    (file,) = request["files"]
    mapped = file["fileImportPage"]["columnMappings"]
    assert mapped[0] == {
        "columnObjectTypeId": "0-1",
        "columnName": "Email",
        "propertyName": "email",
        "columnType": "HUBSPOT_ALTERNATE_ID",
    }
    assert {one["columnName"] for one in mapped} <= set(header)
    assert (request["importOperations"], request["dateFormat"]) == ({"0-1": "UPDATE"}, "YEAR_MONTH_DAY")
    assert table(found["scores.csv"])["Email"].to_list() == [None, "ann@acme.eu", None]
    assert table(found["before.csv"])["Leadbench Score"].to_list() == ["0.8", "0.1"]


def test_contacts_are_found_by_record_id_where_every_lead_has_one():
    request = crm.import_request(pl.DataFrame({"Record ID": ["101", "102"]}), "x")
    assert request["files"][0]["fileImportPage"]["columnMappings"][0]["columnType"] == "HUBSPOT_OBJECT_ID"  # type: ignore[index]


def test_nothing_in_a_crm_file_is_a_formula():
    for data in (crm.to_salesforce(ROWS), crm.to_hubspot(ROWS, "x")):
        for name, text in files(data).items():
            if name.endswith(".csv"):
                cells = [cell for row in table(text).rows() for cell in row if cell]
                assert not any(cell.startswith(tables.STARTERS) for cell in cells)


def test_more_rows_than_hubspot_takes_are_refused(monkeypatch):
    monkeypatch.setattr(crm, "HUBSPOT_ROWS", 2)
    with pytest.raises(ExportTooLarge, match="HubSpot"):
        crm.to_hubspot(ROWS, "x")


def test_an_empty_list_and_the_same_rows_give_the_same_bytes():
    assert crm.to_salesforce(ROWS) == crm.to_salesforce(ROWS)
    assert files(crm.to_hubspot(ROWS.clear(), "x"))["scores.csv"].startswith("Record ID,")


def test_openpyxl_reads_a_workbook_of_hostile_text_without_a_single_formula():
    hostile = [f"{start}1+1" for start in tables.STARTERS] + ["=cmd|'/c calc'!A0", "http://x.example"]
    frame = pl.DataFrame({"=head": hostile, "n": [1.5] * len(hostile)})
    book = openpyxl.load_workbook(io.BytesIO(tables.to_excel(frame, {"Filter": "=1+1", "Policy": "@x"}, "=Leads")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert len(book.sheetnames) == 2 and len(cells) > 2 * len(hostile)
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    facts = {row[0].value: row[1].value for row in book[tables.READ_ME].iter_rows()}
    assert facts["Filter"] == "=1+1" and facts["Policy"] == "@x"


def test_without_any_address_contacts_are_found_by_record_id_and_the_others_are_counted():
    rows = ROWS.with_columns(lead_id=pl.Series(["101", "102", "ld_3"]), email=pl.lit(None, pl.String))
    found = files(crm.to_hubspot(rows, "x"))
    mapped = json.loads(found["import.json"])["files"][0]["fileImportPage"]["columnMappings"]
    assert mapped[0]["columnName"] == "Record ID"
    assert "2 of 3 rows have a value under `Record ID`" in found["README.txt"]


def test_rows_that_hubspot_could_not_find_are_refused():
    rows = ROWS.with_columns(lead_id=pl.format("ld_{}", pl.int_range(pl.len())), email=pl.lit(None, pl.String))
    with pytest.raises(NothingToFindBy, match="record id or an e-mail"):
        crm.to_hubspot(rows, "x")
