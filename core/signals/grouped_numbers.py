"""Numbers written for people: thousands separators, a comma as decimal mark; one style for a whole column or none."""

import polars as pl

ENGLISH = r"^[+-]?(\d+(\.\d+)?|[1-9]\d{0,2}(,\d{3})+(\.\d+)?)$"
EUROPEAN = r"^[+-]?((0|[1-9]\d{0,14})(,\d+)?|[1-9]\d{0,2}(\.\d{3})+(,\d+)?)$"
SURELY_EUROPEAN = r"\.\d{3}[.,]\d"
CENTS = r",\d{2}$"
NOT_THOUSANDS = r",\d{1,2}$|,\d{4,}$|^[+-]?0,"
ZERO_LED = r"^[+-]?0\d"


def plain_numbers(series: pl.Series) -> pl.Series | None:
    """The texts with a point as only mark where every present one is a number of one style; None elsewhere.

    A comma counts as decimal mark where `1.234,5` stands beside it, or where every comma has two digits behind it.
    """
    present = series.drop_nulls()
    comma = present.filter(present.str.contains(",", literal=True))
    if present.is_empty() or bool(present.str.contains(ZERO_LED).any()):
        return None
    if bool(present.str.contains(EUROPEAN).all()):
        cents = not comma.is_empty() and bool(comma.str.contains(CENTS).all())
        if cents or bool(present.str.contains(SURELY_EUROPEAN).any()):
            return _european(series)
    if not comma.is_empty() and bool(present.str.contains(ENGLISH).all()):
        return series.str.replace_all(",", "", literal=True)
    return None


def plain_amounts(series: pl.Series) -> pl.Series:
    """Amounts of money as plain numbers: blanks and currency signs go, the column's own decimal mark is a point."""
    bare = series.str.replace_all(r"[\s\u00a0$€£']", "")
    present = bare.drop_nulls()
    european = bool(present.str.contains(EUROPEAN).all()) and bool(
        present.str.contains(f"{SURELY_EUROPEAN}|{NOT_THOUSANDS}").any()
    )
    return _european(bare) if european else bare.str.replace_all(r",(\d{3})", "${1}")


def _european(series: pl.Series) -> pl.Series:
    return series.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
