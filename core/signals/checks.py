"""The validation gate: which records may pass, and the reason of each that may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.kernel.times import naive
from core.signals.raw import REJECTS, ROW, Raw, row_texts

LONGEST_ID = 256
LONGEST_SHOWN = 60
EARLIEST = datetime(1980, 1, 1)
TOLERANCE = timedelta(days=1)
HIGHEST_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """Something worth knowing about a file: code, the column it is about or null, what it is, what to do."""

    code: str
    column: str | None
    message: str
    remedy: str

    def to_json(self) -> dict[str, str | None]:
        """The finding as `inspect` prints it."""
        return {"code": self.code, "column": self.column, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True)
class Check:
    """One reason to hold a record: where `fails` is true, with `code`; `detail` is text or an expression of text."""

    code: str
    fails: pl.Expr
    detail: str | pl.Expr


def plural(count: int, one: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def divide(frame: pl.DataFrame, checks: Sequence[Check], raw: Raw) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records that pass every check, and the others as rejects with the first check that each fails."""
    failing = [
        pl.when(check.fails.fill_null(False)).then(pl.lit(position)).otherwise(None)
        for position, check in enumerate(checks)
    ]
    marked = frame.with_columns(pl.coalesce(failing).alias("__failed"))
    bad = marked.filter(pl.col("__failed").is_not_null())
    if bad.is_empty():
        return frame, pl.DataFrame(schema=REJECTS)
    detail = pl.coalesce(
        pl.when(pl.col("__failed") == position).then(pl.lit(c.detail) if isinstance(c.detail, str) else c.detail)
        for position, c in enumerate(checks)
    )
    code = pl.col("__failed").replace_strict(list(range(len(checks))), [c.code for c in checks], return_dtype=pl.String)
    held = bad.select(
        row_no=ROW, code=code, detail=detail.fill_null(""), lead_id=pl.col("lead_id").str.head(LONGEST_ID)
    )
    whole = raw.frame if raw.originals is None else raw.originals
    source = whole.filter(pl.col(ROW).is_in(bad[ROW].implode()))
    texts = pl.DataFrame(
        {"row_no": source[ROW], "raw": row_texts(source)}, schema={"row_no": pl.Int64, "raw": pl.String}
    )
    good = marked.filter(pl.col("__failed").is_null()).drop("__failed")
    return good, held.join(texts, on="row_no", how="left").select(list(REJECTS))


def missing(column: str, code: str = "missing_key") -> Check:
    """The column must have a value."""
    return Check(code, pl.col(column).is_null(), f"`{column}` is missing")


def too_long(column: str) -> Check:
    """An id must not be longer than 256 characters."""
    long = pl.col(column).str.len_chars() > LONGEST_ID
    return Check("id_too_long", long, f"`{column}` is longer than {LONGEST_ID} characters")


def readable_time(column: str, source: str) -> Check:
    """A time that is given must be one; `source` is the column of its text."""
    unread = pl.col(column).is_null() & pl.col(source).is_not_null()
    return Check("impossible_time", unread, pl.format("`{}` is no time for `" + column + "`", shown(source)))


def possible_time(column: str) -> Check:
    """A time before 1980 is a default of some system, not a moment."""
    early = pl.col(column) < EARLIEST
    return Check("impossible_time", early, pl.format("`" + column + "` is {}, before 1980", pl.col(column)))


def past_time(column: str, now: datetime) -> Check:
    """A time more than a day ahead of the clock has not happened."""
    late = pl.col(column) > naive(now) + TOLERANCE
    return Check("future_time", late, pl.format("`" + column + "` is {}, in the future", pl.col(column)))


def shown(column: str) -> pl.Expr:
    """The column's text as a reason may repeat it: no address, at most 60 characters."""
    text = pl.col(column).cast(pl.String).str.replace_all(r"[^\s@]+@[^\s@]+", "…@…")
    return pl.when(text.str.len_chars() > LONGEST_SHOWN).then(text.str.head(LONGEST_SHOWN) + "…").otherwise(text)


def marked(column: str, code: str, detail: str) -> Check:
    """Records where the truth column is true are held."""
    return Check(code, pl.col(column), detail)
