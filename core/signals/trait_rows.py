"""From the traits that events carry to typed attributes of their leads, known from the event on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from core.signals.columns import scalars
from core.signals.lead_rows import ATTRIBUTE, CATEGORY, PERSONAL, PLACEHOLDERS, Attribute, attribute_values
from core.signals.lead_rows import without_placeholders as cleaned
from core.signals.personal import personal_columns
from core.signals.raw import ROW, Raw
from core.signals.readers.jsonl_file import collected
from core.signals.typed_text import as_text


@dataclass(frozen=True)
class Traits:
    """Checked traits: `rows` has __row, lead_id, valid_from, received_at (naive UTC) and the attributes as `a:<name>`
    (typed) or `p:<name>` (personal, still open).
    """

    rows: pl.DataFrame
    attributes: tuple[Attribute, ...]


def traits_of(found: list[tuple[int, dict[str, Any]]], events: pl.DataFrame, personal: Iterable[str]) -> Traits | None:
    """The traits of the events that passed the gate, None where there are none; inner objects are taken apart."""
    if not found:
        return None
    raw = collected(((dict(_flat(traits, "")), "", "") for _, traits in found), textual=False)
    if not raw.columns:
        return None
    raw = replace(raw, frame=raw.frame.with_columns(pl.Series(ROW, [row for row, _ in found], dtype=pl.Int64)))
    said = {name.removeprefix("traits.") for name in personal if name.startswith("traits.")}
    sealed = personal_columns(raw.frame, raw.columns, said)
    made = [_attribute(raw, name, name in sealed) for name in raw.columns]
    frame = pl.DataFrame([raw.frame[ROW], *(values for _, values in made)])
    times = events.select(ROW, "lead_id", valid_from="occurred_at", received_at="received_at")
    return Traits(times.join(frame, on=ROW, how="inner", maintain_order="left"), tuple(one for one, _ in made))


def _flat(traits: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in traits.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif value is not None and name != ROW:
            yield above + name, value


def _attribute(raw: Raw, path: str, personal: bool) -> tuple[Attribute, pl.Series]:
    """The attribute of a dotted path, `company.plan` as `company_plan`, and its values."""
    name = path.replace(".", "_")
    values, _ = cleaned(scalars(raw, path), PLACEHOLDERS)
    if personal:
        return Attribute(name, CATEGORY, personal=True), as_text(values).alias(PERSONAL + name)
    kind, typed_values, infinite = attribute_values(values, textual=False)
    if infinite is not None:
        typed_values = typed_values.zip_with(~infinite, pl.Series([None], dtype=typed_values.dtype))
    return Attribute(name, kind, personal=False), typed_values.alias(ATTRIBUTE + name)
