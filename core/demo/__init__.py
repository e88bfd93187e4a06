"""The seeded demo stream: half a year of an invented B2B market, written as the files a company would export.

`web.parquet, mobile.parquet, product.parquet, third_party.parquet` and `crm.jsonl` hold one event a row, in order of
arrival: `event_id, lead_id, type, occurred_at, received_at` (UTC), `region`, for web, mobile and product also
`anonymous_id` and `session_id`, for web the `page`. A visitor's events from before the form was sent in have as
`received_at` the moment at which we learnt who it was. About 1.5 % of the rows come twice.

`leads.csv` holds a row a lead: `lead_id, account_id, created_at`, firmographics, consent, `contact_name` and `email`
(personal), and `onboarding_manager`, which somebody filled in after the win. `outcomes.csv` holds the closed leads:
`lead_id, outcome` (won or lost), `closed_at, amount_eur`; `work.csv` what reps noted in the last days: `lead_id,
worked` (yes or no), `worked_at`. `demo.yaml` is the recipe for all of them; `hands.speak` says what people would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from core.demo import recipe, stream, tables, work
from core.demo.errors import DemoSizeInvalid

EVENTS, LEADS, SEED = 200_000, 12_000, 7
LEAST_LEADS = 50
LEAST_EVENTS_A_LEAD = 3
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class DemoFiles:
    """What was written: the recipe, and every data file."""

    recipe: Path
    paths: tuple[Path, ...]


def generate(
    directory: Path, *, events: int = EVENTS, leads: int = LEADS, seed: int = SEED, progress: Progress | None = None
) -> DemoFiles:
    """Write the stream of `leads` leads with exactly `events` distinct events; same seed and sizes, same bytes.

    Raises DemoSizeInvalid for fewer than 50 leads or three events a lead.
    """
    check(events, leads)
    tell = progress or (lambda share, what: None)
    tell(0.0, "Inventing leads and what they did")
    drawn = stream.draw(seed, events, leads)
    directory.mkdir(parents=True, exist_ok=True)
    tell(0.5, "Writing the sources' files")
    files = [write(directory / name_of(source), frame) for source, frame in tables.events(drawn, seed).items()]
    people = [
        write(directory / "leads.csv", tables.leads(drawn, seed)),
        write(directory / "outcomes.csv", tables.outcomes(drawn)),
        write(directory / "work.csv", work.table(drawn, seed)),
    ]
    document = directory / "demo.yaml"
    document.write_text(recipe.text({path.stem: path.name for path in files}), encoding="utf-8")
    tell(1.0, f"{events:,} events of {leads:,} leads")
    return DemoFiles(document, (*files, *people))


def check(events: int, leads: int) -> None:
    """Refuse sizes that show nothing."""
    if leads < LEAST_LEADS:
        raise DemoSizeInvalid("leads", leads, LEAST_LEADS, "so few leads hold too few wins to learn from")
    if events < leads * LEAST_EVENTS_A_LEAD:
        raise DemoSizeInvalid("events", events, leads * LEAST_EVENTS_A_LEAD, f"{leads:,} leads would hardly do a thing")


def name_of(source: str) -> str:
    """File name of a source's events: the CRM writes JSON lines, the others Parquet."""
    return f"{source}.jsonl" if source == "crm" else f"{source}.parquet"


def write(path: Path, frame: pl.DataFrame) -> Path:
    """Write a table in the form its name asks for."""
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", row_group_size=100_000)
        return path
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    readable = frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    readable.write_csv(path) if path.suffix == ".csv" else readable.write_ndjson(path)
    return path
