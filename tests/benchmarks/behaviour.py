"""A seeded log of any size straight into a store's tables: skewed leads, 25 types of 5 sources, accounts of four."""

import numpy as np
import polars as pl

from core.kernel.database import Database
from core.kernel.times import DAY_US

START_US = 1_735_689_600_000_000
DAYS = 180
SOURCES = ("web", "mobile", "crm", "product", "third_party")
# type: source, weight, chance of an amount, of a duration, of a page
TYPES = {
    "page_view": (0, 30, 0, 0.9, 1), "form_submit": (0, 2, 0, 0, 1), "download": (0, 2, 0, 0, 1),
    "pricing_view": (0, 3, 0, 0.9, 1), "search": (0, 3, 0, 0, 1), "video_play": (0, 2, 0, 1, 1),
    "chat_open": (0, 1, 0, 0.5, 1), "app_open": (1, 6, 0, 0, 0), "screen_view": (1, 8, 0, 0.9, 1),
    "push_open": (1, 2, 0, 0, 0), "call": (2, 1, 0, 0.8, 0), "email_sent": (2, 8, 0, 0, 0),
    "email_open": (2, 5, 0, 0, 0), "email_click": (2, 2, 0, 0, 1), "meeting": (2, 0.5, 0, 1, 0),
    "stage_change": (2, 0.7, 0.5, 0, 0), "task": (2, 1, 0, 0, 0), "signup": (3, 0.4, 0, 0, 0),
    "login": (3, 7, 0, 0, 0), "feature_use": (3, 8, 0, 0.7, 0), "invite": (3, 0.6, 0, 0, 0),
    "purchase": (3, 1, 1, 0, 0), "trial_start": (3, 0.3, 0, 0, 0), "intent_signal": (4, 3, 0.2, 0, 0),
    "review": (4, 0.5, 0, 0, 0),
}  # fmt: skip
SLICE = 1_000_000
BATCH = "bench"


def lead_id(number: int) -> str:
    """The id of a lead by its number."""
    return f"L{number:08d}"


def fill(db: Database, events: int, leads: int, seed: int = 7) -> None:
    """Write leads, accounts and so many events, in the order in which they were received."""
    rng = np.random.default_rng(seed)
    with db.change("signals", "events.imported", BATCH) as change:
        number = pl.int_range(1, leads + 1, dtype=pl.Int32, eager=True).alias("lead_no")
        named = pl.format("L{}", pl.col("lead_no").cast(pl.String).str.zfill(8)).alias("lead_id")
        people = number.to_frame().with_columns(named, batch_id=pl.lit(BATCH))
        change.insert("leads", people)
        accounts = pl.int_range(1, (leads + 3) // 4 + 1, dtype=pl.Int32, eager=True).alias("account_no").to_frame()
        change.insert("accounts", accounts.with_columns(pl.format("A{}", pl.col("account_no")).alias("account_id")))
        member = ((number - 1) // 4 + 1).alias("account_no")
        change.insert("lead_accounts", people.select("lead_no", member, "batch_id", origin=pl.lit("leads")))
        kinds = [{"kind_no": n, "source": SOURCES[t[0]], "type": k} for n, (k, t) in enumerate(TYPES.items(), 1)]
        change.insert("event_kinds", pl.DataFrame(kinds))
        shares = np.cumsum(_shares(rng, leads))
        for first in range(0, events, SLICE):
            change.insert("events", _events(rng, first, min(SLICE, events - first), events, shares))


def _shares(rng: np.random.Generator, leads: int) -> np.ndarray:
    """Each lead's share of the events: a long tail, the heaviest with about forty times the average."""
    weights = (np.arange(leads) + leads / 100) ** -0.8
    return rng.permutation(weights / weights.sum())


def _events(rng: np.random.Generator, first: int, count: int, events: int, shares: np.ndarray) -> pl.DataFrame:
    kinds = np.array(list(TYPES.values()))
    kind = rng.choice(len(TYPES), count, p=kinds[:, 1] / kinds[:, 1].sum())
    span = DAYS * DAY_US
    occurred = START_US + np.sort(rng.integers(first * span // events, (first + count) * span // events, count))
    delay = np.where(rng.random(count) < 0.05, rng.integers(0, 3 * DAY_US, count), rng.integers(0, 2_000_000, count))
    has = rng.random((3, count)) < kinds[kind, 2:].T
    numbers = {"amount": rng.integers(100, 500_000, count), "duration": rng.integers(1, 600_000, count)}
    frame = pl.DataFrame(numbers | {"page": rng.integers(0, 48, count)})
    members = [
        pl.when(pl.Series(has[place])).then(pl.format(text, pl.col(name))).otherwise(pl.lit(""))
        for place, (name, text) in enumerate(
            {"amount": ',"amount":{}e-2', "duration": ',"duration":{}e-3', "page": ',"page":"/p{}"'}.items()
        )
    ]
    properties = pl.concat_str(members).str.strip_prefix(",")
    return frame.select(
        event_no=pl.Series(np.arange(first + 1, first + count + 1)),
        event_id=pl.format("e{}", pl.Series(np.arange(first + 1, first + count + 1))),
        lead_no=pl.Series(np.searchsorted(shares, rng.random(count)) + 1).clip(1, len(shares)).cast(pl.Int32),
        kind_no=pl.Series(kind + 1).cast(pl.Int16),
        occurred_at=pl.Series(occurred).cast(pl.Datetime("us")),
        received_at=pl.Series(occurred + delay).cast(pl.Datetime("us")),
        properties=pl.when(properties != "").then("{" + properties + "}"),
        schema_version=pl.lit(1, pl.Int16),
        batch_id=pl.lit(BATCH),
    )


def append(db: Database, events: int, seed: int = 11) -> None:
    """Write so many more events, of any leads, at the end of the log's time."""
    rng = np.random.default_rng(seed)
    first, leads = db.read("SELECT (SELECT max(event_no) FROM events), (SELECT count(*) FROM leads)").row(0)
    with db.change("signals", "events.imported", BATCH) as change:
        change.insert("events", _events(rng, first, events, first + events, np.cumsum(_shares(rng, leads))))
