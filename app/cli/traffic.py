"""simulate-traffic: a log played into a server as live events."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from app.cli import traffic_client
from app.cli.common import JsonOption, emit, settings
from app.cli.traffic_client import Due, Message
from core.kernel.errors import LeadbenchError
from core.kernel.times import to_text

DEMO_EVENTS, DEMO_LEADS = 20_000, 1_200
TEXTS = {"anonymous_id": "anonymousId", "account_id": "groupId"}


class KeyNotGiven(LeadbenchError):
    """Traffic without a write key."""

    code = "no_write_key"

    def __init__(self) -> None:
        super().__init__(
            "Nobody sends events without a write key.", remedy="Give --key, or set LEADBENCH_WRITE_KEY on both sides."
        )


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    example = "Example: leadbench simulate-traffic --url http://127.0.0.1:8501 --speed 3600 --key KEY"
    app.command("simulate-traffic", epilog=example)(simulate_traffic)


def simulate_traffic(
    url: Annotated[str, typer.Option("--url", help="Address of the server.")] = "http://127.0.0.1:8501",
    speed: Annotated[float, typer.Option("--speed", min=0.001, help="Multiple of real time.")] = 3600.0,
    key: Annotated[str | None, typer.Option("--key", help="Write key; default $LEADBENCH_WRITE_KEY.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A log of events; default: the demo stream.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", min=0.1, help="Events a second, in place of --speed.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Stop after so many events.")] = 100_000,
    seconds: Annotated[float, typer.Option("--for", min=0.1, help="Stop after so many seconds.")] = 86_400.0,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Requests at the same time.")] = 8,
    as_recorded: Annotated[bool, typer.Option("--as-recorded", help="Keep the log's own ids and times.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the demo stream.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Play a log into a running server, as events that happen now, at a multiple of real time."""
    given = key or settings().write_key
    if not given:
        raise KeyNotGiven
    log = _log(file, seed).head(limit)
    began = datetime.now(UTC)
    due = _until(seconds, _due(log, speed, rate, None if as_recorded else began))
    tally = traffic_client.play(url, given, due, connections)
    found = tally.to_json((datetime.now(UTC) - began).total_seconds())
    emit(found, lambda: _text(found))


def _log(file: Path | None, seed: int) -> pl.DataFrame:
    """The events in order of arrival, with canonical columns."""
    if file is None:
        return _demo(seed)
    from core.signals.event_rows import prepare_events
    from core.signals.mapping import Mapping
    from core.signals.raw import ReadOptions

    rows = prepare_events(str(file), Mapping(), ReadOptions("events"), datetime.now(UTC)).rows
    return rows.drop([name for name in rows.columns if name.startswith("personal:")]).sort("received_at")


def _demo(seed: int) -> pl.DataFrame:
    from core.demo import generate

    with tempfile.TemporaryDirectory() as folder:
        files = generate(Path(folder), events=DEMO_EVENTS, leads=DEMO_LEADS, seed=seed)
        given = [path for path in files.paths if path.stem in ("web", "mobile", "product", "crm")]
        logs = [_log(path, seed).with_columns(source=pl.lit(path.stem)) for path in given]
        return pl.concat(logs, how="diagonal_relaxed").sort("received_at", "event_id")


def _due(log: pl.DataFrame, speed: float, rate: float | None, began: datetime | None) -> Iterator[Due]:
    """Each event as a message and when it is due; with `began` under a new id, as happening then."""
    first, happened = log["received_at"].min(), {}
    for place, row in enumerate(log.iter_rows(named=True)):
        at = place / rate if rate else (row["received_at"] - first).total_seconds() / speed
        yield at, _message(row, happened.setdefault(row["event_id"], at), began)


def _message(row: dict[str, Any], at: float, began: datetime | None) -> Message:
    moment = row["occurred_at"].replace(tzinfo=UTC) if began is None else began + timedelta(seconds=at)
    prefix = "" if began is None else f"{began:%Y%m%d%H%M%S%f}-"
    message = {
        "type": "track",
        "messageId": f"{prefix}{row['event_id']}",
        "userId": row["lead_id"],
        "event": row["type"],
        "channel": row["source"],
        "timestamp": to_text(moment),
        **{name: row[field] for field, name in TEXTS.items() if row.get(field)},
    }
    if row.get("properties"):
        message["properties"] = json.loads(row["properties"])
    return message


def _until(seconds: float, due: Iterator[Due]) -> Iterator[Due]:
    for at, message in due:
        if at > seconds:
            return
        yield at, message


def _text(found: dict[str, Any]) -> str:
    waits = ", ".join(f"{name} {value:g} ms" for name, value in found["latency_ms"].items())
    return (
        f"{found['sent']:,} events in {found['requests']:,} requests, {found['events_per_s']:,.0f} a second: "
        f"{found['accepted']:,} accepted, {found['duplicate']:,} duplicate, {found['errors']:,} errors, "
        f"{found['retries']:,} times asked to wait; answered in {waits}"
    )
