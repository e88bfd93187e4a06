"""From a file's records to sales reps: who takes leads, in which pools, and how many. Runs in a worker."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from core.signals import adapters, checks, readers
from core.signals.checks import Check
from core.signals.columns import file_hash, lay, text_field
from core.signals.grouped_numbers import plain_amounts
from core.signals.mapping import Mapping, Resolved
from core.signals.raw import REJECTS, ROW, Raw, ReadOptions, rejects, row_texts

COUNTS = ("per_day", "max_open", "weight")
TEXTS = ("assignee", "pool", "calendar", "territory", "away")
SEPARATORS = r"\s*[;,|]\s*"
MOST = 100_000


@dataclass(frozen=True)
class PreparedReps:
    """Checked reps of one file: `rows` has row_no, assignee, pool, per_day, max_open, weight, calendar, territory,
    away; a record that names several pools gives a row for each.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    duplicate: int
    read: int
    adapter: str
    format: str
    content_hash: str


def prepare_reps(path: str, mapping: Mapping, options: ReadOptions, now: datetime) -> PreparedReps:
    """The reps of a file, one row a pool, and the rejects."""
    file = Path(path)
    raw = readers.read(file, replace(options, kind="reps", delimiter=options.delimiter or mapping.delimiter))
    adapter = adapters.choose(raw, options.format, mapping, "reps", path)
    good, bad = checks.divide(_frame(raw, lay(mapping, raw, "reps", path)), _gate(), raw)
    rows, duplicate, repeated = _once(good, raw)
    return PreparedReps(
        rows,
        pl.concat([raw.rejects, bad, repeated]),
        duplicate,
        raw.read,
        adapter.name,
        raw.format,
        file_hash(file),
    )


def _frame(raw: Raw, laid: Resolved) -> pl.DataFrame:
    texts = [text_field(raw, laid, name) for name in TEXTS]
    given = [text_field(raw, laid, name) for name in COUNTS]
    numbers = [plain_amounts(text).cast(pl.Float64, strict=False).alias(text.name) for text in given]
    return pl.DataFrame([raw.frame[ROW], *texts, *numbers, *(text.alias(f"__{text.name}") for text in given)]).select(
        pl.all(), lead_id=pl.lit(None, dtype=pl.String)
    )


def _gate() -> list[Check]:
    return [
        checks.missing("assignee"),
        checks.missing("pool"),
        *(checks.too_long(name) for name in TEXTS),
        *(_whole(name) for name in COUNTS),
    ]


def _whole(name: str) -> Check:
    number, text = pl.col(name), pl.col(f"__{name}")
    unread = number.is_null() & text.is_not_null()
    wrong = unread | (number < 0) | (number > MOST) | (number != number.floor())
    return Check("mixed_types", wrong, pl.format("`{}` is no whole number from 0 for `" + name + "`", text))


def _once(good: pl.DataFrame, raw: Raw) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """Each rep's first row in each pool; how many records repeat earlier ones, and those that contradict them."""
    split = good.select(
        pl.col(ROW).alias("row_no"),
        "assignee",
        pl.col("pool").str.replace_all(SEPARATORS, ";").str.strip_chars(";").str.split(";"),
        *(pl.col(name).cast(pl.Int32) for name in COUNTS),
        "calendar",
        "territory",
        "away",
    ).explode("pool")
    kept = split.unique(["assignee", "pool"], keep="first", maintain_order=True)
    later = split.join(kept, on=["row_no", "assignee", "pool"], how="anti")
    same = later.join(kept, on=[name for name in kept.columns if name != "row_no"], how="semi", nulls_equal=True)
    contrary = later.join(same, on=["row_no", "pool"], how="anti").unique("row_no", maintain_order=True)
    rows = kept.join(contrary, on="row_no", how="anti")
    repeated = set(same["row_no"]) - set(rows["row_no"]) - set(contrary["row_no"])
    return rows, len(repeated), _contradictions(contrary, raw)


def _contradictions(contrary: pl.DataFrame, raw: Raw) -> pl.DataFrame:
    if contrary.is_empty():
        return pl.DataFrame(schema=REJECTS)
    ordered = contrary.sort("row_no")
    texts = row_texts(raw.frame.filter(pl.col(ROW).is_in(ordered["row_no"].implode())).sort(ROW))
    detail = "this rep stands in pool `{}` in an earlier row with other values"
    pairs = zip(ordered.select("row_no", "pool").iter_rows(), texts, strict=True)
    return rejects([(row, "duplicate_id", detail.format(pool), None, text) for (row, pool), text in pairs])
