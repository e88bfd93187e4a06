"""Scored leads in the forms that CRMs load (formats.md, outputs), each as one zip with its mapping or request.

rows: lead_id, email (or null), score, label, pool, trend, reasons (list of text), policy, model, scored_at (naive UTC),
score_before, label_before.
"""

import io
import json
import re
import zipfile

import polars as pl

from core.exports.errors import ExportTooLarge, NothingToFindBy
from core.exports.tables import to_csv

SALESFORCE_ID = r"^00Q[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$"
RECORD_ID = r"^\d+$"
HUBSPOT_ROWS = 1_048_575
HUBSPOT_BYTES = 512 * 1024 * 1024
STAMP = (1980, 1, 1, 0, 0, 0)
SALESFORCE = (
    "Leadbench_Id__c",
    "Id",
    "Lead_Score__c",
    "Lead_Grade__c",
    "Lead_Score_Trend__c",
    "Score_Reason_1__c",
    "Score_Reason_2__c",
    "Score_Reason_3__c",
    "Route__c",
    "Policy_Version__c",
    "Model_Version__c",
    "Scored_At__c",
)
HUBSPOT = ("Record ID", "Email", "Leadbench Score", "Leadbench Grade", "Leadbench Reasons")
PROPERTIES = {
    "Leadbench Score": "leadbench_score",
    "Leadbench Grade": "leadbench_grade",
    "Leadbench Reasons": "leadbench_reasons",
}
KEYS = {"Record ID": ("hs_object_id", "HUBSPOT_OBJECT_ID"), "Email": ("email", "HUBSPOT_ALTERNATE_ID")}
UNDO = "HubSpot cannot undo an import: `before.csv` holds what leadbench had said before, to import in its place."


def to_salesforce(rows: pl.DataFrame) -> bytes:
    """`leads.csv` to upsert by the external id `Leadbench_Id__c` (Data Loader, Bulk API 2.0), and its `leads.sdl`.

    An empty cell leaves the field as it is. `Id` is filled where the lead's id is a Salesforce lead's.
    """
    reasons = [pl.col("reasons").list.get(place, null_on_oob=True) for place in range(3)]
    values = (
        pl.col("lead_id"),
        _matching("lead_id", SALESFORCE_ID),
        pl.col("score").round(4),
        pl.col("label"),
        pl.col("trend"),
        *reasons,
        pl.col("pool"),
        pl.col("policy"),
        pl.col("model"),
        pl.col("scored_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    frame = rows.select(value.alias(name) for name, value in zip(SALESFORCE, values, strict=True))
    mapping = "# leadbench: column = field, for Data Loader\n" + "".join(f"{name}={name}\n" for name in SALESFORCE)
    return _zipped({"leads.csv": to_csv(frame, bom=False), "leads.sdl": mapping.encode()})


def to_hubspot(rows: pl.DataFrame, name: str) -> bytes:
    """`scores.csv` with the request that imports it, `import.json`, and `before.csv` with the scores before.

    Contacts are found by their record id where every lead's id is one or no e-mail is told, else by e-mail;
    `README.txt` says how many rows have what they are found by. Raises ExportTooLarge, and NothingToFindBy where no row
    has either.
    """
    if rows.height > HUBSPOT_ROWS:
        raise ExportTooLarge("A HubSpot import", rows.height, HUBSPOT_ROWS)
    now, before = (
        _hubspot(rows, score, label) for score, label in (("score", "label"), ("score_before", "label_before"))
    )
    if now.height and now[_key(now)].null_count() == now.height:
        raise NothingToFindBy("HubSpot", "a record id or an e-mail address", now.height)
    data = to_csv(now, bom=False)
    if len(data) >= HUBSPOT_BYTES:
        raise ExportTooLarge("A HubSpot import of under 512 MB", rows.height, HUBSPOT_ROWS)
    known = before.filter(pl.col("Leadbench Score").is_not_null()).drop("Leadbench Reasons")
    request = json.dumps(import_request(now, name), ensure_ascii=False, indent=2)
    files = {"scores.csv": data, "import.json": request.encode(), "before.csv": to_csv(known, bom=False)}
    return _zipped({**files, "README.txt": f"{UNDO}\n{_found(now)}\n".encode()})


def _found(frame: pl.DataFrame) -> str:
    key = _key(frame)
    known = frame.height - frame[key].null_count()
    return f"{known:,} of {frame.height:,} rows have a value under `{key}`; HubSpot finds no contact for the others."


def _key(frame: pl.DataFrame) -> str:
    """The column that contacts are found by."""
    by_record = frame["Record ID"].null_count() == 0 or frame["Email"].null_count() == frame.height
    return "Record ID" if by_record else "Email"


def import_request(frame: pl.DataFrame, name: str) -> dict[str, object]:
    """The body of HubSpot's import request for the frame of `scores.csv`."""
    column = _key(frame)
    key = (column, *KEYS[column])
    mapped = [{"columnObjectTypeId": "0-1", "columnName": key[0], "propertyName": key[1], "columnType": key[2]}]
    mapped += [
        {"columnObjectTypeId": "0-1", "columnName": column, "propertyName": field}
        for column, field in PROPERTIES.items()
    ]
    return {
        "name": name,
        "importOperations": {"0-1": "UPDATE"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": "scores.csv",
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": mapped},
            }
        ],
    }


def _hubspot(rows: pl.DataFrame, score: str, label: str) -> pl.DataFrame:
    values = (
        _matching("lead_id", RECORD_ID),
        pl.col("email").str.to_lowercase(),
        pl.col(score).round(4),
        pl.col(label),
        pl.col("reasons").list.join("; "),
    )
    return rows.select(value.alias(name) for name, value in zip(HUBSPOT, values, strict=True))


def _matching(column: str, pattern: str) -> pl.Expr:
    return pl.when(pl.col(column).str.contains(pattern)).then(column)


def _zipped(files: dict[str, bytes]) -> bytes:
    """The files in one zip whose bytes depend on them alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, data in files.items():
            folder.writestr(zipfile.ZipInfo(re.sub(r"[^\w.]", "_", name), STAMP), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
