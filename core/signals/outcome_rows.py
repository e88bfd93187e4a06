"""From a file's records to outcome records whose conditions are still to be tried. Runs in a worker."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from core.kernel.expressions import Field, Kind
from core.signals import adapters, checks, readers
from core.signals.adapters.adapter import Adapter
from core.signals.checks import Check
from core.signals.columns import file_hash, lay, pick, preferred, text_field, time_field, without_nulls
from core.signals.grouped_numbers import plain_amounts
from core.signals.mapping import Mapping, Resolved
from core.signals.raw import ROW, Raw, ReadOptions
from core.signals.typed_text import typed

COLUMN = "c:"
WON = ("won", "closedwon", "converted", "true", "1", "yes", "approved", "accepted", "customer")
WORKED = ("true", "1", "yes", "worked", "contacted")
UNWORKED = ("false", "0", "no", "unworked", "notworked", "notcontacted", "never")
LOST = ("lost", "closedlost", "rejected", "declined", "cancelled", "canceled")
TIMES = ("closed_at", "received_at", "worked_at")
KINDS = {"number": Kind.NUMBER, "boolean": Kind.BOOL, "time": Kind.TIME, "text": Kind.TEXT}


@dataclass(frozen=True)
class PreparedOutcomes:
    """Checked outcome records: `rows` has row_no, lead_id, closed_at, received_at, amount, word (won, lost or null,
    from the outcome column), worked, worked_at and every column of the file as `c:<name>`, typed; `fields` are those.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    fields: tuple[Field, ...]
    read: int
    adapter: str
    format: str
    content_hash: str


def prepare_outcomes(path: str, mapping: Mapping, options: ReadOptions, now: datetime) -> PreparedOutcomes:
    """The outcome records of a file and its rejects."""
    file = Path(path)
    raw = readers.read(file, replace(options, kind="outcomes", delimiter=options.delimiter or mapping.delimiter))
    adapter = adapters.choose(raw, options.format, mapping, "outcomes", path)
    laid = lay(preferred(mapping, adapter, "outcomes", raw), raw, "outcomes", path)
    frame, fields = _frame(raw, laid, _won_words(laid, adapter))
    good, bad = checks.divide(frame, _gate(now), raw)
    good = good.drop([name for name in good.columns if name.startswith("__") and name != ROW])
    return PreparedOutcomes(
        good.rename({ROW: "row_no"}),
        pl.concat([raw.rejects, bad]),
        fields,
        raw.read,
        adapter.name,
        raw.format,
        file_hash(file),
    )


def _won_words(laid: Resolved, adapter: Adapter) -> tuple[str, ...]:
    """The words that mean won; a source's own count only in the column that it says outcomes in."""
    own = adapter.fields.get("outcomes", {}).get("outcome", ())
    return (*WON, *adapter.won) if set(laid.columns.get("outcome", ())) & set(own) else WON


def _frame(raw: Raw, laid: Resolved, won: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[Field, ...]]:
    closed, closed_text = time_field(raw, laid, "at")
    received, received_text = time_field(raw, laid, "received_at")
    amount, infinite, amount_text = _amount(raw, laid)
    worked_at, worked_at_text = time_field(raw, laid, "worked_at")
    columns = {name: typed(without_nulls(raw.frame[name]), raw.textual) for name in raw.columns}
    fields = tuple(Field(name, KINDS[column.kind]) for name, column in columns.items())
    values = [column.values.alias(COLUMN + name) for name, column in columns.items()]
    head = [
        raw.frame[ROW],
        text_field(raw, laid, "lead_id"),
        closed.alias("closed_at"),
        closed_text.alias("__closed_at"),
    ]
    frame = pl.DataFrame(
        [
            *head,
            *(received, received_text, amount, amount_text, infinite, _word(raw, laid, won)),
            *(worked_at, worked_at_text, *_worked(raw, laid)),
            *values,
        ]
    )
    fallback = pl.when(pl.col("__received_at").is_null()).then("closed_at").otherwise("received_at")
    said = pl.when(pl.col("worked_at").is_not_null()).then(True).otherwise("worked")
    return frame.with_columns(received_at=fallback, worked=said), fields


def _amount(raw: Raw, laid: Resolved) -> tuple[pl.Series, pl.Series, pl.Series]:
    values = pick(raw, laid, "amount")
    height = raw.frame.height
    if values is None:
        values = pl.repeat(None, height, eager=True, dtype=pl.String)
    text = values.cast(pl.String).str.strip_chars()
    number = plain_amounts(text).cast(pl.Float64, strict=False)
    infinite = number.is_infinite().fill_null(False)
    return number.fill_nan(None).alias("amount"), infinite.alias("__infinite"), text.alias("__amount")


def _word(raw: Raw, laid: Resolved, words: tuple[str, ...]) -> pl.Series:
    word = text_field(raw, laid, "outcome").str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    frame = word.to_frame("w")
    won = pl.when(pl.col("w").is_in(list(words))).then(pl.lit("won"))
    return frame.select(won.when(pl.col("w").is_in(list(LOST))).then(pl.lit("lost")).alias("word")).to_series()


def _worked(raw: Raw, laid: Resolved) -> tuple[pl.Series, pl.Series]:
    """Whether the record says that the lead was worked, null where it does not say; and the text as it stands."""
    text = text_field(raw, laid, "worked")
    word = pl.col("w").str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    said = pl.when(word.is_in(list(WORKED))).then(True).when(word.is_in(list(UNWORKED))).then(False)
    return text.to_frame("w").select(said.alias("worked")).to_series(), text.alias("__worked")


def _gate(now: datetime) -> list[Check]:
    unsaid = pl.col("worked").is_null() & pl.col("__worked").is_not_null()
    unread = pl.col("amount").is_null() & pl.col("__amount").is_not_null()
    return [
        checks.missing("lead_id"),
        checks.too_long("lead_id"),
        *(checks.readable_time(name, f"__{name}") for name in TIMES),
        *(checks.possible_time(name) for name in TIMES),
        *(checks.past_time(name, now) for name in TIMES),
        checks.marked("__infinite", "not_finite", "`amount` is not finite"),
        Check("mixed_types", unsaid, pl.format("`{}` does not say whether the lead was worked", pl.col("__worked"))),
        Check("mixed_types", unread, pl.format("`{}` is no number for `amount`", pl.col("__amount"))),
    ]
