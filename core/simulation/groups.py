"""What leads have in common: the region, segment, company size and consent by which a simulation is broken down."""

from collections.abc import Mapping, Sequence

import polars as pl

from core.kernel.database import Database
from core.signals.aliases import plain_name
from core.signals.store_pages import SignalPages

ATTRIBUTES: Mapping[str, Sequence[str]] = {
    "region": ("region", "country", "territory", "market"),
    "segment": ("segment", "customersegment", "industry"),
    "company_size": ("companysize", "employees", "employeecount", "numberofemployees", "headcount"),
    "consent": ("consent", "consentstatus", "optin", "emailoptin", "donotcontact", "suppressed"),
}
SIZES = ((50, "1-49"), (250, "50-249"), (1_000, "250-999"), (5_000, "1,000-4,999"))
LARGEST = "5,000 or more"
UNKNOWN = "unknown"
MOST_GROUPS = 12
OTHER = "other"


def groups_of(db: Database, lead_ids: Sequence[str]) -> pl.DataFrame:
    """lead_id and a text column for each dimension that the store knows an attribute of, by all that is known.

    Personal attributes are never read. Numbers of employees are put into five sizes; of many values the commonest
    eleven are kept apart.
    """
    pages = SignalPages(db)
    chosen = _chosen(pages)
    found = pages.attributes(lead_ids, list(chosen.values()))
    frame = pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String})
    for dimension, name in chosen.items():
        values = found.filter(pl.col("name") == name).select("lead_id", pl.col("value").alias(dimension))
        frame = frame.join(values, on="lead_id", how="left", maintain_order="left")
    return _few(frame.with_columns(_text(name) for name in chosen), list(chosen))


def _chosen(pages: SignalPages) -> dict[str, str]:
    """By dimension the store's name of the first of its attributes that is there and is not personal."""
    types = pages.attribute_types().filter(~pl.col("personal"))["name"].to_list()
    plain = {plain_name(name): name for name in reversed(types)}
    found = {
        dimension: next((plain[word] for word in words if word in plain), None)
        for dimension, words in ATTRIBUTES.items()
    }
    return {dimension: name for dimension, name in found.items() if name is not None}


def _text(name: str) -> pl.Expr:
    """The values as texts, numbers of employees as sizes."""
    texts = pl.col(name).fill_null(UNKNOWN)
    if name != "company_size":
        return texts
    number = pl.col(name).cast(pl.Float64, strict=False)
    sized = pl.when(number.is_null()).then(texts)
    for below, text in SIZES:
        sized = sized.when(number < below).then(pl.lit(text))
    return sized.otherwise(pl.lit(LARGEST)).alias(name)


def _few(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The frame with rare values as `other` where there are too many to tell apart."""
    for name in names:
        sizes = frame[name].value_counts().sort("count", name, descending=[True, False])
        if sizes.height > MOST_GROUPS:
            kept = pl.col(name).is_in(sizes[name].head(MOST_GROUPS - 1).to_list())
            frame = frame.with_columns(pl.when(kept).then(name).otherwise(pl.lit(OTHER)).alias(name))
    return frame
