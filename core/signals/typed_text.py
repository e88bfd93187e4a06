"""What the text of a column means: numbers, truths, moments; never a guess from part of the column."""

from dataclasses import dataclass

import polars as pl

from core.kernel.errors import LeadbenchError
from core.signals.grouped_numbers import plain_numbers

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
WHOLE = r"^[+-]?\d{1,15}$"
LEADING_ZERO = r"^[+-]?0\d"
LONG_DIGITS = r"^[+-]?\d{16,}$"
INFINITE = r"^[+-]?(?i:inf|infinity)$"
NOT_AVAILABLE = "NA"  # missing among numbers, North America among words
TRUTHS = {"true": True, "false": False}
ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*(?i:z|utc|gmt|[+-]\d{2}(:?\d{2})?)?$"
SLASHED = (
    r"^(\d{1,2})([/.])(\d{1,2})[/.](\d{4})"
    r"(?:,?[ T](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(?i:(am|pm))?\s*(?i:(z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?)?$"
)
WORDED = ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
EPOCH_UNITS = ((10, 1_000_000, 1), (13, 1_000, 1), (16, 1, 1), (19, 1, 1_000))


class AmbiguousDates(LeadbenchError):
    """Dates of which nobody can say whether day or month comes first."""

    code = "ambiguous_dates"

    def __init__(self, column: str, example: str) -> None:
        super().__init__(
            f"The dates of `{column}`, such as `{example}`, can be read day first or month first.",
            value=example,
            remedy="Add `dates: dmy` or `dates: mdy` to the mapping.",
        )


@dataclass(frozen=True)
class Typed:
    """A column in its own type: number, boolean or text; `infinite` marks records whose number is not finite."""

    values: pl.Series
    kind: str
    infinite: pl.Series | None = None


def typed(series: pl.Series, textual: bool = True) -> Typed:
    """The column as numbers or truths where every present value is one, else as text.

    A text column of a file that keeps types (`textual` false) stays text.
    """
    if series.dtype != pl.String:
        return _already_typed(series)
    if not textual:
        return Typed(series, "text")
    present = series.drop_nulls()
    if present.is_empty():
        return Typed(series, "text")
    infinite = series.str.contains(INFINITE).fill_null(False)
    if is_number_column(present.filter(present != NOT_AVAILABLE)):
        return _numbers(series, infinite)
    if present.str.to_lowercase().is_in(list(TRUTHS)).all():
        return Typed(series.str.to_lowercase() == "true", "boolean")
    plain = plain_numbers(series)
    return Typed(series, "text") if plain is None else _numbers(plain, infinite)


def is_number_column(present: pl.Series) -> bool:
    """Whether every text is a number and none looks like an id (leading zero, more than 15 digits)."""
    finite = present.filter(~present.str.contains(INFINITE))
    if finite.is_empty() or not finite.head(50).str.contains(NUMBER).all():
        return False
    looks_like_id = finite.str.contains(LEADING_ZERO) | finite.str.contains(LONG_DIGITS)
    return bool(finite.str.contains(NUMBER).all()) and not bool(looks_like_id.any())


def _numbers(series: pl.Series, infinite: pl.Series) -> Typed:
    number = ~infinite & (series != NOT_AVAILABLE)
    finite = series.to_frame("v").select(pl.when(number).then(pl.col("v"))).to_series()
    whole = bool(finite.drop_nulls().str.contains(WHOLE).all())
    values = finite.str.strip_prefix("+").cast(pl.Int64 if whole else pl.Float64, strict=False).alias(series.name)
    return Typed(values, "number", infinite if bool(infinite.any()) else None)


def _already_typed(series: pl.Series) -> Typed:
    if series.dtype == pl.Boolean:
        return Typed(series, "boolean")
    if series.dtype.is_float():
        infinite = series.is_infinite().fill_null(False)
        return Typed(series.fill_nan(None), "number", infinite if bool(infinite.any()) else None)
    if series.dtype.is_integer():
        return Typed(series, "number")
    return Typed(series, "time" if series.dtype == pl.Datetime else "text")


def as_text(series: pl.Series) -> pl.Series:
    """The column as trimmed text for use as an id or a word; whole floats lose their `.0`; blank is missing."""
    if series.dtype.is_float():
        whole = series.fill_nan(None)
        if bool((whole.drop_nulls() == whole.drop_nulls().floor()).all()):
            series = whole.cast(pl.Int64, strict=False)
    text = series.cast(pl.String).str.strip_chars()
    return text.to_frame("v").select(pl.when(pl.col("v") != "").then(pl.col("v"))).to_series().alias(series.name)


def moments(series: pl.Series, dates: str | None = None) -> pl.Series:
    """The column as naive UTC moments (microseconds); unreadable ones are missing; a time without a zone is UTC.

    ISO 8601, epoch numbers (seconds to nanoseconds by size), YYYYMMDD, day/month/year (`dates` is dmy or mdy where the
    column itself does not show it; raises AmbiguousDates) and dates with month names are read.
    """
    if series.dtype == pl.Datetime:
        return series.dt.cast_time_unit("us")
    if series.dtype.is_numeric():
        return _seconds(series.cast(pl.Float64)) if series.dtype.is_float() else _epoch(series)
    if series.dtype != pl.String:
        return pl.Series(series.name, [None] * len(series), dtype=pl.Datetime("us"))
    text = series.str.strip_chars()
    found = _iso(text)
    for read in (_digits, lambda rest: _slashed(rest, dates), _worded):
        rest = text.to_frame("t").with_columns(f=found).select(pl.when(pl.col("f").is_null()).then("t")).to_series()
        if rest.null_count() == len(rest):
            break
        found = found.zip_with(found.is_not_null(), read(rest.alias(series.name)))
    return found.alias(series.name)


def looks_like_time(series: pl.Series) -> bool:
    """Whether at least nine in ten present values read as moments; bare numbers do not count."""
    if series.dtype == pl.Datetime:
        return True
    present = series.drop_nulls().head(500)
    if series.dtype != pl.String or present.is_empty() or float(present.str.contains(r"^[\d.]+$").mean() or 0) > 0.1:  # type: ignore[arg-type]
        return False
    try:
        return moments(present).null_count() <= 0.1 * len(present)
    except AmbiguousDates:
        return True


def _iso(text: pl.Series) -> pl.Series:
    frame = text.to_frame("t").select(pl.when(pl.col("t").str.contains(ISO)).then(pl.col("t")))
    t = pl.col("t").str.to_uppercase().str.replace(r"\s*(Z|UTC|GMT)$", "+00:00").str.replace(",", ".", literal=True)
    t = t.str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})[T ]", "${1}T").str.replace(r"T(\d):", "T0${1}:")
    t = t.str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})(\+00:00)?$", "${1}T00:00:00")
    t = t.str.replace(r"\s*([+-]\d{2})$", "${1}:00").str.replace(r"\s*([+-]\d{2})(\d{2})$", "${1}:${2}")
    t = t.str.replace(r"^(.*T\d{2}:\d{2})([+-]|$)", "${1}:00${2}").str.replace(r"\s+", "")
    zoned = pl.when(t.str.contains(r"T.*[+-]\d{2}:\d{2}$")).then(t).otherwise(t + "+00:00")
    parsed = zoned.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)
    return frame.select(parsed.dt.replace_time_zone(None)).to_series()


def _digits(text: pl.Series) -> pl.Series:
    day = (
        text.to_frame("t")
        .select(
            pl.when(pl.col("t").str.contains(r"^(19|20)\d{6}$"))
            .then(pl.col("t"))
            .str.to_datetime("%Y%m%d", time_unit="us", strict=False)
        )
        .to_series()
    )
    numbers = (
        text.to_frame("t")
        .select(
            pl.when(pl.col("t").str.contains(r"^\d{10}$|^\d{13}$|^\d{16}$|^\d{19}$"))
            .then(pl.col("t"))
            .cast(pl.Int64, strict=False)
        )
        .to_series()
    )
    found = day.zip_with(day.is_not_null(), _epoch(numbers))
    broken = text.str.contains(r"^\d{10}\.\d+$").fill_null(False)
    if not broken.any():
        return found
    seconds = text.to_frame("t").select(pl.when(broken).then("t").cast(pl.Float64, strict=False)).to_series()
    return found.zip_with(~broken, _seconds(seconds))


def _seconds(numbers: pl.Series) -> pl.Series:
    """Moments of numbers that may have a fraction: seconds keep it to the microsecond."""
    whole = _epoch(numbers)
    micros = (numbers * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    return whole.zip_with(~numbers.is_between(1e9, 1e10, closed="left").fill_null(False), micros)


def _epoch(numbers: pl.Series) -> pl.Series:
    frame = numbers.cast(pl.Int64, strict=False).to_frame("n")
    length = pl.col("n").cast(pl.String).str.len_bytes()
    micros = pl.coalesce(
        pl.when(length == digits).then(pl.col("n") * times // over) for digits, times, over in EPOCH_UNITS
    )
    return frame.select(micros.cast(pl.Datetime("us"))).to_series()


def _slashed(text: pl.Series, dates: str | None) -> pl.Series:
    parts = text.str.extract_groups(SLASHED).struct.unnest()
    parts.columns = ["a", "mark", "b", "year", "time", "half", "zone"]
    a, b = parts["a"].cast(pl.Int64), parts["b"].cast(pl.Int64)
    if a.null_count() == len(a):
        return pl.Series([None] * len(text), dtype=pl.Datetime("us"))
    order = dates or _order(a, b, bool((parts["mark"] == ".").any()))
    if order is None:
        raise AmbiguousDates(text.name, str(text.drop_nulls()[0]))
    day, month = ("a", "b") if order == "dmy" else ("b", "a")
    clock = pl.col("time").fill_null("0:00")
    clock = pl.when(clock.str.count_matches(":") == 1).then(clock + ":00").otherwise(clock)
    stamp = pl.concat_str(pl.col("year"), pl.col(month), pl.col(day), separator="-") + " " + clock
    half = pl.col("half").str.to_lowercase()
    twelve = (stamp + " " + half).str.to_datetime("%Y-%m-%d %I:%M:%S%.f %p", time_unit="us", strict=False)
    plain = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    local = pl.when(half.is_not_null()).then(twelve).otherwise(plain)
    return parts.select(local - _offset(pl.col("zone"))).to_series()


def _offset(zone: pl.Expr) -> pl.Expr:
    """How far a zone such as +02:00, -0530, Z or none at all is ahead of UTC, as a duration."""
    hours, minutes = zone.str.extract(r"^[+-](\d{2})"), zone.str.extract(r"^[+-]\d{2}:?(\d{2})$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    size = hours.cast(pl.Int64).fill_null(0) * 60 + minutes.cast(pl.Int64).fill_null(0)
    return pl.duration(minutes=(sign * size).fill_null(0))


def _order(a: pl.Series, b: pl.Series, dotted: bool) -> str | None:
    if dotted or (a.max() or 0) > 12:  # type: ignore[operator]
        return "dmy"
    return "mdy" if (b.max() or 0) > 12 else None  # type: ignore[operator]


def _worded(text: pl.Series) -> pl.Series:
    frame = text.to_frame("t")
    tries = [
        pl.col("t").str.to_datetime(day + clock, time_unit="us", strict=False)
        for day in WORDED
        for clock in (" %H:%M:%S", " %H:%M")
    ]
    days = [pl.col("t").str.to_date(day, strict=False).cast(pl.Datetime("us")) for day in WORDED]
    return frame.select(pl.coalesce(*tries, *days)).to_series()
