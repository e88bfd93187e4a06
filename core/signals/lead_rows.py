"""From a file's records to leads with typed attributes. Runs in a worker."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from core.kernel.workers import report_progress
from core.signals import adapters, checks, readers
from core.signals.adapters.adapter import Adapter
from core.signals.checks import Check, Finding
from core.signals.columns import file_hash, lay, preferred, text_field, time_field
from core.signals.domains import company_domains
from core.signals.mapping import Mapping, Resolved
from core.signals.personal import personal_columns
from core.signals.raw import REJECTS, ROW, Raw, ReadOptions, rejects, row_texts
from core.signals.typed_text import as_text, looks_like_time, moments, typed

PLACEHOLDERS = frozenset(
    ("select", "-select-", "--select--", "please select", "select...", "n/a", "#n/a", "(not set)", "not set",
     "(not provided)", "not provided", "(none)", "-", "--", "?", "null", "nil", "--none--", "nan", "nat")
)  # fmt: skip
ATTRIBUTE = "a:"
PERSONAL = "p:"
CATEGORY, NUMBER, BOOLEAN, TIME = "category", "number", "boolean", "time"


@dataclass(frozen=True)
class Attribute:
    """A column of a leads file kept as an attribute; type is number, category, boolean or time.

    `column` is the column's name in the file where the attribute has another.
    """

    name: str
    type: str
    personal: bool
    column: str | None = None


@dataclass(frozen=True)
class PreparedLeads:
    """Checked leads of one file: `rows` has __row, lead_id, created_at, created_order, known_at, account_id,
    account_domain (of an e-mail address or a web site) and the attributes as `a:<name>` (typed) or `p:<name>`
    (personal, still open); `merged` maps an id to the lead it went into.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    attributes: tuple[Attribute, ...]
    merged: dict[str, str]
    merged_rows: int
    duplicate: int
    read: int
    adapter: str
    format: str
    content_hash: str
    findings: tuple[Finding, ...]


def prepare_leads(path: str, mapping: Mapping, options: ReadOptions, now: datetime) -> PreparedLeads:
    """The leads of a file, their attributes typed and placeholders taken as missing, and the rejects."""
    file = Path(path)
    raw = readers.read(file, replace(options, kind="leads", delimiter=options.delimiter or mapping.delimiter))
    report_progress(0.5, f"{raw.read:,} records read")
    adapter = adapters.choose(raw, options.format, mapping, "leads", path)
    laid = lay(preferred(mapping, adapter, "leads", raw), raw, "leads", path)
    frame, attributes, findings = _typed_frame(raw, laid, adapter)
    good, bad = checks.divide(frame, _gate(frame, now), raw)
    good = good.drop([name for name in good.columns if name.startswith("__") and name != ROW])
    good, duplicate, repeated = _once(good, raw, by_time="known_at" in laid.columns)
    good, merged, merged_rows = _merge(good)
    report_progress(0.9, f"{good.height:,} leads checked")
    return PreparedLeads(
        good,
        pl.concat([raw.rejects, bad, repeated]),
        attributes,
        merged,
        merged_rows,
        duplicate,
        raw.read,
        adapter.name,
        raw.format,
        file_hash(file),
        findings,
    )


def _typed_frame(
    raw: Raw, laid: Resolved, adapter: Adapter
) -> tuple[pl.DataFrame, tuple[Attribute, ...], tuple[Finding, ...]]:
    created, created_text = time_field(raw, laid, "created_at")
    known, known_text = time_field(raw, laid, "known_at")
    order = (
        raw.frame[ROW] if laid.mapping.order_of_rows else pl.repeat(None, raw.frame.height, eager=True, dtype=pl.Int64)
    )
    texts = [text_field(raw, laid, name) for name in ("lead_id", "account_id", "merged_into", "merged_ids")]
    columns = [raw.frame[ROW], *texts, created, created_text, known, known_text, order.alias("created_order")]
    values, attributes, infinite, findings = _attributes(raw, laid, adapter)
    sealed = [one.column or one.name for one in attributes if one.personal]
    domain = company_domains(raw.frame, laid.kept, sealed, texts[0]).alias("account_domain")
    frame = pl.DataFrame([*columns, domain, *values]).with_columns(infinite.alias("__infinite"))
    return frame, attributes, findings


def _attributes(
    raw: Raw, laid: Resolved, adapter: Adapter
) -> tuple[list[pl.Series], tuple[Attribute, ...], pl.Series, tuple[Finding, ...]]:
    words = PLACEHOLDERS | {word.lower() for word in laid.mapping.placeholders}
    personal = personal_columns(raw.frame, laid.kept, laid.mapping.personal)
    infinite = pl.repeat(False, raw.frame.height, eager=True)
    values, attributes, findings = [], [], []
    for column_name, name in own_names(laid.kept, adapter).items():
        column, held = without_placeholders(raw.frame[column_name], words)
        findings += [placeholder_finding(column_name, held)] if held else []
        if column_name in personal:
            values.append(as_text(column).alias(PERSONAL + name))
            attributes.append(Attribute(name, CATEGORY, True, column_name))
            continue
        kind, typed_values, not_finite = attribute_values(column, raw.textual)
        infinite = infinite | not_finite if not_finite is not None else infinite
        values.append(typed_values.alias(ATTRIBUTE + name))
        attributes.append(Attribute(name, kind, False, column_name))
    findings += [
        Finding(
            "personal_data",
            name,
            f"`{name}` holds personal data ({why}); it is stored sealed",
            "Leave it out if it is not needed.",
        )
        for name, why in personal.items()
    ]
    return values, tuple(attributes), infinite, tuple(findings)


def own_names(columns: Sequence[str], adapter: Adapter) -> dict[str, str]:
    """Column → the name of its attribute: the source's own for a label, where no other column has it."""
    named: dict[str, str] = {}
    for column in columns:
        own = adapter.labels.get(column, column)
        named[column] = column if own in columns or own in named.values() else own
    return named


def without_placeholders(column: pl.Series, words: frozenset[str]) -> tuple[pl.Series, dict[str, int]]:
    """The column with texts that mean missing taken as missing, and how often each was met."""
    if column.dtype != pl.String:
        return column, {}
    plain = column.str.strip_chars().str.to_lowercase()
    hit = plain.is_in(list(words)).fill_null(False)
    if not bool(hit.any()):
        return column, {}
    counted = column.filter(hit).value_counts().sort("count", descending=True)
    kept = column.to_frame("v").select(pl.when(~hit).then(pl.col("v"))).to_series().alias(column.name)
    return kept, dict(counted.iter_rows())


def placeholder_finding(column: str, held: dict[str, int]) -> Finding:
    """What is said of a column with texts that mean missing."""
    shown = ", ".join(f"`{text}` ({count:,})" for text, count in list(held.items())[:3])
    return Finding(
        "placeholder_missing",
        column,
        f"`{column}` has {shown}, counted as missing",
        "Nothing to do, unless the word has a meaning.",
    )


def attribute_values(column: pl.Series, textual: bool) -> tuple[str, pl.Series, pl.Series | None]:
    """The type of an attribute, its values in that type, and where a number is not finite."""
    found = typed(column, textual)
    if found.kind == "number":
        return NUMBER, found.values.cast(pl.Float64), found.infinite
    if found.kind == "boolean":
        return BOOLEAN, found.values, None
    if column.drop_nulls().len() and (found.kind == "time" or looks_like_time(column)):
        times = moments(column)
        if times.null_count() == column.null_count():
            return TIME, times, None
    return CATEGORY, as_text(column), None


def _gate(frame: pl.DataFrame, now: datetime) -> list[Check]:
    return [
        checks.missing("lead_id"),
        *(checks.too_long(name) for name in ("lead_id", "account_id")),
        *(checks.readable_time(name, f"__{name}") for name in ("created_at", "known_at")),
        *(checks.possible_time(name) for name in ("created_at", "known_at")),
        *(checks.past_time(name, now) for name in ("created_at", "known_at")),
        checks.marked("__infinite", "not_finite", "a number is not finite"),
    ]


def _once(good: pl.DataFrame, raw: Raw, by_time: bool) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """The first record of each lead, how many repeat it exactly, and those that differ as rejects."""
    key = ["lead_id", "known_at"] if by_time else ["lead_id"]
    kept = good.unique(key, keep="first", maintain_order=True)
    if kept.height == good.height:
        return good, 0, pl.DataFrame(schema=REJECTS)
    later = good.filter(~pl.col(ROW).is_in(kept[ROW].implode()))
    compared = [name for name in good.columns if name not in (ROW, "created_order")]
    same = later.join(kept, on=compared, how="semi", nulls_equal=True)
    differing = later.filter(~pl.col(ROW).is_in(same[ROW].implode()))
    texts = row_texts(raw.frame.filter(pl.col(ROW).is_in(differing[ROW].implode())))
    rows = [
        (row, "duplicate_id", f"`{lead}` stands in an earlier row with other values", lead, text)
        for (row, lead), text in zip(differing.select(ROW, "lead_id").iter_rows(), texts, strict=True)
    ]
    return kept, same.height, rejects(rows)


def _merge(good: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str], int]:
    """Leads that another lead took over leave the rows; each such id points to the lead that remains."""
    named = good.filter(pl.col("merged_ids").is_not_null()).select("lead_id", "merged_ids")
    direct = {
        part: lead for lead, ids in named.iter_rows() for part in re.split(r"[;,|\s]+", ids) if part and part != lead
    }
    masters = good.filter(pl.col("merged_into").is_in(good["lead_id"].implode()))
    direct |= dict(masters.filter(pl.col("lead_id") != pl.col("merged_into")).select("lead_id", "merged_into").rows())
    final = {alias: _survivor(alias, direct) for alias in direct}
    final = {alias: lead for alias, lead in final.items() if alias != lead}
    gone = pl.col("lead_id").is_in(list(final))
    return good.filter(~gone).drop("merged_ids", "merged_into"), final, good.filter(gone).height


def _survivor(alias: str, direct: dict[str, str]) -> str:
    seen = [alias]
    while (following := direct.get(seen[-1])) is not None:
        if following in seen:
            return min(seen)
        seen.append(following)
    return seen[-1]


def listed(attributes: Sequence[Attribute]) -> pl.DataFrame:
    """The attributes as rows of `attribute_types`."""
    return pl.DataFrame(
        [(a.name, a.type, a.personal, a.column or a.name) for a in attributes],
        schema={"name": pl.String, "type": pl.String, "personal": pl.Boolean, "column_name": pl.String},
        orient="row",
    )
