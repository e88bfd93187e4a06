"""What a running server shows of itself: readiness, measures, and the trace of a request down to its decision."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import api, live
from core.kernel import telemetry
from core.kernel.settings import Settings
from core.kernel.telemetry.trace_files import of_trace

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def client(empty):
    recording = telemetry.start(empty.db.directory, Settings())
    with TestClient(Starlette(routes=api.routes())) as found:
        found.recording = recording  # type: ignore[attr-defined]
        found.headers["Authorization"] = f"Bearer {empty.rooms.write_keys.issue('web', 'root')[1]}"
        yield found
    live.close()
    telemetry.stop()


def track(client, **more):
    body = {"userId": "l1", "event": "Pricing Viewed", "messageId": "m1", "timestamp": "2026-01-01T10:00:00Z"}
    return client.post("/v1/track", json=body | more, headers={"traceparent": CALLER})


def test_a_request_is_one_trace_with_its_callers_id(client, empty):
    assert track(client).status_code == 200
    telemetry.active().flush()  # type: ignore[union-attr]
    spans = of_trace(client.recording.folder, "0af7651916cd43dd8448eb211c80319c")
    assert [span.name for span in spans][:3] == ["ingest", "validate", "commit"]
    assert spans[0].parent_id == "b7ad6b7169203331"
    assert empty.db.scalar("SELECT trace_id FROM events") == "0af7651916cd43dd8448eb211c80319c"


def test_metrics_are_open_metrics_with_queues_and_stages(client):
    track(client)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    assert families["leadbench_stage_seconds"].type == "histogram" and answer.text.endswith("# EOF\n")
    assert 'leadbench_stage_seconds_count{stage="commit"} 1.0' in answer.text
    assert "leadbench_ingest_accepted_since_start 1.0" in answer.text
    assert "leadbench_spans_dropped_total 0.0" in answer.text


def test_a_ready_server_names_its_checks(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["checks"] == {"store": True, "writable": True, "chain": True, "disk": True}


def test_a_server_whose_record_lost_its_end_is_not_ready(client, empty):
    mark = empty.db.directory / "high-water.log"
    mark.write_text(mark.read_text() + "999 sha256:" + "0" * 64 + "\n")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["chain"]) == (503, False)


def test_without_telemetry_there_are_no_measures(client):
    telemetry.stop()
    assert client.get("/metrics").status_code == 503
    assert track(client).status_code == 200
