"""Spans, measures and logs: nothing dropped, nothing personal, nothing at all where it is off."""

import json
import threading
import time
from pathlib import Path

import pytest

from core.kernel import telemetry
from core.kernel.errors import StoreMissing
from core.kernel.settings import Settings
from core.kernel.telemetry.exporting import Exporting
from core.kernel.telemetry.names import WITHHELD
from core.kernel.telemetry.trace_files import TraceFiles, files, of_trace

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def recording(tmp_path):
    found = telemetry.start(tmp_path, Settings())
    yield found
    telemetry.stop()


def rows(recording, trace_id: str):
    recording.flush()
    return of_trace(recording.folder, trace_id)


def test_nothing_is_recorded_before_start(tmp_path):
    with telemetry.span("ingest", source="web") as span:
        assert span is telemetry.NOTHING
        assert telemetry.trace_id() is None and telemetry.traceparent() is None
    telemetry.count("events")
    telemetry.log("started")
    assert list(tmp_path.iterdir()) == []


def test_a_callers_trace_is_kept_down_to_the_innermost_span(recording):
    with telemetry.span("ingest", parent=CALLER), telemetry.span("commit"):
        assert telemetry.trace_id() == "0af7651916cd43dd8448eb211c80319c"
    outer, inner = rows(recording, "0af7651916cd43dd8448eb211c80319c")
    assert (outer.name, outer.parent_id) == ("ingest", "b7ad6b7169203331")
    assert (inner.name, inner.parent_id) == ("commit", outer.span_id)


@pytest.mark.parametrize("malformed", ["", "nonsense", "00-0-0-01", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
def test_a_malformed_traceparent_begins_a_new_trace(recording, malformed):
    with telemetry.span("ingest", parent=malformed) as span:
        assert span.trace_id and set(span.trace_id) != {"0"}


def test_a_batch_is_found_by_the_traces_that_it_serves(recording):
    with telemetry.span("decide", links=[CALLER, "nonsense"]), telemetry.span("score"):
        pass
    assert [row.name for row in rows(recording, "0af7651916cd43dd8448eb211c80319c")] == ["decide", "score"]


def test_a_refusal_fails_its_span_by_its_code_alone(recording):
    with pytest.raises(StoreMissing), telemetry.span("ingest") as span:
        raise StoreMissing("/home/mara@acme.example/store")
    (row,) = rows(recording, span.trace_id)
    assert row.failed
    assert "mara" not in (recording.folder / "spans-000001.jsonl").read_text()
    assert recording.measures.snapshot()[0] == {("stage_errors", (("stage", "ingest"),)): 1}


def test_no_span_and_no_log_carries_a_personal_value(recording, tmp_path):
    canaries = {"source": "mara@acme.example", "code": "+49 170 1234567", "email": "Mara Brandt", "lead_id": "ld_1"}
    with telemetry.span("ingest", **canaries) as span:
        span.set(**canaries)
        telemetry.log("event.refused", **canaries)
    telemetry.stop()
    written = "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))
    assert "mara" not in written.lower() and "1234567" not in written
    line = json.loads((tmp_path / "logs" / "server.jsonl").read_text())
    assert (line["event"], line["lead_id"], line["email"]) == ("event.refused", "ld_1", WITHHELD)
    assert line["trace_id"] == span.trace_id


def test_no_span_of_a_burst_is_dropped(recording):
    def burst():
        for _ in range(2_500):
            with telemetry.span("score"):
                pass

    threads = [threading.Thread(target=burst) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recording.flush()
    written = sum(path.read_bytes().count(b"\n") for path in files(recording.folder))
    assert (written, recording.dropped, recording.unsent) == (10_000, 0, 0)


class Stuck:
    """A disk that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def export(self, spans):
        self.free.wait(5)
        raise OSError(28, "No space left on device")

    def shutdown(self) -> None:
        return None


def test_a_stuck_exporter_never_holds_the_work_up_and_drops_are_counted():
    from opentelemetry.sdk.trace import TracerProvider

    exporter = Stuck()
    exporting = Exporting(exporter, room=10)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(exporting)
    started = time.monotonic()
    for _ in range(50):
        provider.get_tracer("t").start_span("x").end()
    assert time.monotonic() - started < 1
    exporter.free.set()
    exporting.shutdown()
    assert exporting.dropped >= 30 and exporting.dropped + exporting.failed == 50


def test_full_files_are_followed_by_new_ones_and_the_oldest_go(tmp_path: Path):
    from opentelemetry.sdk.trace import TracerProvider

    exporting = Exporting(TraceFiles(tmp_path, total_bytes=6_000, file_bytes=2_000))
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(exporting)
    for number in range(60):
        span = provider.get_tracer("t").start_span("score")
        span.set_attribute("lead.rows", number)
        span.end()
        exporting.force_flush()
    exporting.shutdown()
    kept = files(tmp_path)
    assert len(kept) == 3 and kept[0].name > "spans-000001.jsonl"
    assert sum(path.stat().st_size for path in kept) <= 6_000
    assert json.loads(kept[-1].read_text().splitlines()[-1])["attributes"] == {"lead.rows": 59}


def test_a_quantile_is_within_a_tenth_of_the_true_one():
    measures = telemetry.Measures()
    for us in range(1_000, 101_000, 100):
        measures.observe("stage_seconds", us, {"stage": "score"})
    counts = measures.drain()[0]["score"].counts
    for share, true in ((0.5, 51_000), (0.95, 96_000), (0.99, 100_000)):
        assert telemetry.quantile_us(counts, share) == pytest.approx(true, rel=0.1)
    assert telemetry.quantile_us([0] * len(counts), 0.5) is None
    assert measures.drain() == ({}, {})


def test_stages_that_were_timed_before_are_laid_end_to_end_under_the_open_span(recording):
    with telemetry.span("decide", links=["0af7651916cd43dd8448eb211c80319c"]) as span:
        telemetry.stages({"features": 3_000, "score": 2_000})
    decide, features, score = sorted(rows(recording, span.trace_id), key=lambda row: row.name)
    assert (features.name, features.us, score.us) == ("features", 3_000, 2_000)
    assert score.start_us == pytest.approx(features.start_us + 3_000, abs=1)
    assert features.parent_id == score.parent_id == decide.span_id
    assert {row.name for row in rows(recording, "0af7651916cd43dd8448eb211c80319c")} == {"decide", "features", "score"}
