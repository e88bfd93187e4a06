"""Every source's records become the same canonical rows, from a file or from a request; the source is always named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from core.signals import adapters, readers
from core.signals.adapters import records
from core.signals.adapters.cloudevents import envelope
from core.signals.errors import AdapterMaps, AmbiguousFormat, NothingAccepted, UnknownFormat, WrongKind
from core.signals.event_rows import prepare_events, prepare_records
from core.signals.inspect import inspect_file
from core.signals.mapping import Mapping
from core.signals.raw import ADAPTERS, ReadOptions
from tests.signals.golden import EVENTS, FOLDER, LEADS, NOW, events_of, expected, leads_of, shown

OF_RECORDS = [path for path in EVENTS if adapters.BY_NAME.get(path.parent.name, adapters.plain.PLAIN).translate]
SEGMENT = FOLDER / "segment" / "input.jsonl"
BOTH = {
    "type": "track", "messageId": "m1", "userId": "u1", "event": "A", "timestamp": "2026-01-01T00:00:00Z",
    "specversion": "1.0", "id": "m1", "source": "/web", "time": "2026-01-01T00:00:00Z", "subject": "u1",
}  # fmt: skip


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", EVENTS, ids=name_of)
def test_a_golden_file_of_events_gives_its_canonical_rows(path):
    assert events_of(path) == expected(path)


@pytest.mark.parametrize("path", LEADS, ids=name_of)
def test_a_golden_file_of_leads_gives_its_leads_and_outcomes(path):
    assert leads_of(path) == expected(path)


@pytest.mark.parametrize("path", [*EVENTS, *LEADS], ids=name_of)
def test_exactly_one_adapter_fits_a_golden_file_and_inspect_names_it(path):
    found = adapters.fitting(readers.read(path, ReadOptions()))
    wanted = path.parent.name if path.parent.name != "plain" else "generic"
    assert [adapter.name for adapter in found] == ([] if wanted == "generic" else [wanted])
    assert inspect_file(str(path), ReadOptions(), NOW)["adapter"] == wanted


@pytest.mark.parametrize("path", [*EVENTS, *LEADS], ids=name_of)
def test_a_golden_file_loads_once_and_names_its_adapter(signals, path):
    kind = "leads" if path in LEADS else "events"
    found = signals.import_file(kind, path, actor="ana")
    assert found.adapter == expected(path)["adapter"]
    assert found.read == found.accepted + found.quarantined > 0
    assert signals.import_file(kind, path, actor="ana").unchanged


@pytest.mark.parametrize("path", OF_RECORDS, ids=name_of)
def test_one_record_by_itself_gives_the_row_that_its_file_gives(path):
    raw, adapter = readers.read(path, ReadOptions()), adapters.BY_NAME[path.parent.name]
    whole = records.translated(raw, adapter)
    parted = [one for _, record in records.records_of(raw) for one in adapter.expand(record)]
    alone = [records.translate([(number, one)], adapter) for number, one in enumerate(parted, 1)]
    assert pl.concat([one.raw.frame for one in alone]).equals(whole.raw.frame)
    assert [found for one in alone for found in one.traits] == whole.traits
    assert pl.concat([one.links for one in alone]).equals(whole.links)


def test_inspect_says_the_schema_versions_that_the_events_are_written_in():
    versions = [inspect_file(str(FOLDER / name), ReadOptions(), NOW)["schema_versions"] for name in (
        "cloudevents/input.jsonl", "snowplow/input.tsv", "plain/input.csv", "salesforce/api.csv")]  # fmt: skip
    assert versions == [[1, 3], [1, 2], [1], []]


def test_the_adapters_of_the_reader_are_those_that_there_are():
    assert {*ADAPTERS, "xes"} == set(adapters.BY_NAME)
    assert all(adapters.about(name) for name in adapters.BY_NAME)


def test_a_file_that_two_adapters_fit_is_refused_until_the_format_is_said(signals, write):
    path = write("both.jsonl", json.dumps(BOTH) + "\n")
    with pytest.raises(AmbiguousFormat, match="`segment`, `cloudevents`") as refusal:
        signals.import_events(path, actor="ana")
    assert "--format segment" in refusal.value.remedy
    assert signals.db.entries().is_empty()
    found = inspect_file(str(path), ReadOptions(), NOW)
    assert found["adapter"] is None and "ambiguous_format" in {one["code"] for one in found["findings"]}
    assert signals.import_events(path, format="segment", actor="ana").adapter == "segment"
    assert signals.import_events(path, format="cloudevents", actor="ana").adapter == "cloudevents"


def test_a_named_format_is_followed_or_refused_and_never_replaced(signals, write):
    plain = write("p.csv", "lead_id,type,ts\nl1,a,2026-01-01\n")
    with pytest.raises(NothingAccepted, match="missing_key"):
        signals.import_events(plain, format="segment", actor="ana")
    with pytest.raises(UnknownFormat, match="mixpanel"):
        signals.import_events(plain, format="mixpanel", actor="ana")


def test_a_mapping_of_columns_is_followed_as_it_stands(signals):
    mapping = {"map": {"lead_id": "anonymousId", "type": "type", "occurred_at": "originalTimestamp"}}
    found = signals.import_events(SEGMENT, mapping, actor="ana")
    assert (found.adapter, found.accepted) == ("generic", 3)
    with pytest.raises(AdapterMaps):
        signals.import_events(SEGMENT, mapping, format="segment", actor="ana")


def test_a_literal_overrules_what_the_adapter_says(signals):
    signals.import_events(SEGMENT, {"source": {"literal": "crm"}}, actor="ana")
    assert signals.db.read("SELECT DISTINCT source FROM event_log")["source"].to_list() == ["crm"]


def test_calls_are_not_leads(signals):
    with pytest.raises(WrongKind, match="segment events, not leads"):
        signals.import_leads(SEGMENT, actor="ana")


def test_traits_are_attributes_from_the_call_on_in_both_times(signals):
    signals.import_events(FOLDER / "posthog" / "input.jsonl", actor="ana")
    stored = signals.db.read("SELECT name, text, sealed, valid_from, received_at FROM attributes ORDER BY name").rows()
    assert [(name, text) for name, text, *_ in stored] == [
        ("account_industry", "Steel"),
        ("name", None),
        ("plan", "pro"),
    ]
    assert stored[2][3:] == (datetime(2026, 1, 6, 8, 1), datetime(2026, 1, 6, 8, 1, 1))
    assert stored[1][2] is not None
    assert "Ann" not in str(signals.db.read("SELECT properties FROM events").rows())


def test_a_refused_event_brings_no_traits(signals, write):
    first = {"type": "identify", "messageId": "i1", "userId": "u1", "traits": {"plan": "a"}, "timestamp": "2026-01-01"}
    signals.import_events(write("a.jsonl", json.dumps(first) + "\n"), actor="ana")
    other = {**first, "traits": {"plan": "b"}}
    found = signals.import_events(write("b.jsonl", json.dumps(other) + "\n"), actor="ana")
    assert found.reasons == {"conflicting_duplicate": 1}
    assert signals.attributes_wide()["plan"].to_list() == ["a"]


def test_a_record_that_its_format_forbids_is_held_with_its_reason_and_can_come_again(signals):
    found = signals.import_events(FOLDER / "cloudevents" / "input.jsonl", actor="ana")
    assert found.reasons == {"missing_key": 1}
    raw = json.loads(signals.quarantine_raw([found.batch_id])["raw"][0])
    assert raw["type"] == "com.example.ping" and "id" not in raw
    again = signals.redrive(found.batch_id, {"map": {"lead_id": "subject"}}, actor="ana")
    assert (again.accepted, signals.quarantine().height) == (1, 0)


def test_records_of_a_request_take_the_receivers_time():
    call = {"type": "track", "messageId": "1", "userId": "u", "event": "A", "timestamp": "2026-11-24T11:00:00Z"}
    early = {**call, "sentAt": "2026-11-24T11:30:00Z", "receivedAt": "2001-01-01T00:00:00Z"}
    found = prepare_records([{"batch": [early, {"type": "track"}]}], adapters.BY_NAME["segment"], NOW)
    assert found.rows.select("occurred_at", "received_at").row(0) == (
        datetime(2026, 11, 24, 11, 30),
        datetime(2026, 11, 24, 12),
    )
    assert found.rejects.select("row_no", "code").rows() == [(2, "missing_key")]


@pytest.mark.parametrize("value", ['{"a":' * 100 + "1" + "}" * 100, '{"a":"\\ud800"}', '{"a":NaN}', '{"a":'], ids=str)
def test_a_poisonous_record_is_held_and_the_others_pass(value):
    call = {"type": "track", "messageId": "1", "userId": "u", "event": "A", "timestamp": "2026-11-24T11:00:00Z"}
    found = prepare_records([call, {**call, "properties": value}], adapters.BY_NAME["segment"], NOW)
    assert (found.rows.height, found.rejects["row_no"].to_list()) == (1, [2])


def test_a_canonical_row_comes_back_from_its_cloud_event(signals, tmp_path):
    for path in (SEGMENT, FOLDER / "ga4" / "input.jsonl", FOLDER / "cloudevents" / "input.jsonl"):
        signals.import_events(path, actor="ana")
    log = signals.db.read("SELECT * EXCLUDE (event_no, batch_id) FROM event_log ORDER BY event_id")
    out = tmp_path / "out.jsonl"
    out.write_text("".join(json.dumps(envelope(row)) + "\n" for row in log.iter_rows(named=True)))
    rows = prepare_events(str(out), Mapping(), ReadOptions(), datetime(2026, 11, 24, tzinfo=UTC)).rows
    again = rows.select(log.columns).sort("event_id")
    assert same(again) == same(log)


def same(frame: pl.DataFrame) -> list[dict]:
    return [
        {name: json.loads(v or "{}") if name in ("properties", "context") else v for name, v in row.items()}
        for row in frame.iter_rows(named=True)
    ]


def test_parquet_and_json_lines_of_one_export_give_the_same(tmp_path):
    lines = FOLDER / "ga4" / "input.jsonl"
    frame = pl.read_ndjson(lines)
    frame.write_parquet(tmp_path / "ga4.parquet")
    parquet, wanted = events_of(tmp_path / "ga4.parquet"), events_of(lines)
    for found in (parquet, wanted):
        for event in found["events"]:
            del event["context"]
    assert parquet == wanted


def test_the_same_table_amended_brings_only_what_is_new(signals, write):
    lines = (FOLDER / "ga4" / "input.jsonl").read_text()
    signals.import_events(write("a.jsonl", lines), actor="ana")
    more = lines.replace('"sign_up"', '"purchase"')
    found = signals.import_events(write("b.jsonl", more), actor="ana")
    assert (found.accepted, found.duplicate) == (1, 1)


def test_a_source_said_in_several_ways_is_shown_as_its_adapter_says():
    assert shown(prepare_records([BOTH], adapters.BY_NAME["cloudevents"], NOW))["events"][0]["source"] == "web"
