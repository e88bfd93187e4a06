"""From a file's records to event rows: resolve the mapping, type the values, check each record. Runs in a worker."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from core.kernel.workers import report_progress
from core.signals import adapters, checks, readers
from core.signals.adapters.adapter import Adapter, Record
from core.signals.adapters.records import Translation, received, translate, translated
from core.signals.checks import Check, Finding
from core.signals.columns import file_hash, lay, pick, text_field, time_field, without_nulls
from core.signals.mapping import Mapping, Resolved
from core.signals.personal import PersonalMembers, personal_columns
from core.signals.properties import json_object, merged
from core.signals.raw import ROW, Raw, ReadOptions
from core.signals.trait_rows import Traits, traits_of
from core.signals.typed_text import as_text, typed

SOURCES = ("web", "mobile", "crm", "product", "third_party")
SOURCE_WORDS = {
    **{name: name for name in SOURCES},
    **dict.fromkeys(("browser", "website", "site", "desktop", "javascript"), "web"),
    **dict.fromkeys(("app", "ios", "android", "phone", "tablet"), "mobile"),
    **dict.fromkeys(("server", "backend", "in_app", "saas"), "product"),
    **dict.fromkeys(("hubspot", "salesforce", "sales", "marketo", "email"), "crm"),
    **dict.fromkeys(("third-party", "thirdparty", "partner", "vendor"), "third_party"),
}
IDS = ("lead_id", "event_id", "anonymous_id", "account_id", "session_id", "trace_id")
NAMED = ("corrects", "retracts")
TEXTS = (*IDS, *NAMED, "type", "source", "region")
PERSONAL = "personal:"
AS_IT_IS = Mapping()


@dataclass(frozen=True)
class Prepared:
    """Checked rows of one file, ready for the store; `rows` has the canonical columns, `rejects` the rest.

    `links` are what records say of identities: __row, from_id, into_id, at, received_at, origin (identify, alias:
    from_id is the lead into_id; group: it belongs to the account into_id), event_id (null: to be derived). `traits` are
    the attributes that records carry for their leads.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    read: int
    adapter: str
    format: str
    content_hash: str
    findings: tuple[Finding, ...]
    links: pl.DataFrame
    traits: Traits | None = None


def prepare_events(path: str, mapping: Mapping, options: ReadOptions, now: datetime) -> Prepared:
    """The event rows of a file and its rejects.

    Columns: __row, lead_id, event_id (null: to be derived), the other envelope fields, occurred_at and received_at
    (naive UTC), properties and context (JSON text), `identity` (text that a derived id is made from; only where some
    event_id is missing), and `personal:<name>` for each personal property, still open.
    """
    file = Path(path)
    raw = readers.read(file, replace(options, kind="events", delimiter=options.delimiter or mapping.delimiter))
    report_progress(0.5, f"{raw.read:,} records read")
    adapter = adapters.choose(raw, options.format, mapping, "events", path)
    found = translated(raw, adapter) if adapter.translate else Translation.plain(raw)
    prepared = _prepared(found, adapter, mapping, now, path)
    report_progress(0.9, f"{prepared.rows.height:,} records checked")
    return replace(prepared, content_hash=file_hash(file))


def prepare_records(
    records: Iterable[Record], adapter: Adapter, now: datetime, mapping: Mapping = AS_IT_IS
) -> Prepared:
    """The same of records that a request brought at `now`, by an adapter with records of its own.

    `__row` and the rejects' `row_no` number them from 1, after those that carry several were parted. The content hash
    is left empty.
    """
    numbered = enumerate(received(records, adapter, now), 1)
    return _prepared(translate(numbered, adapter), adapter, mapping, now, f"{adapter.name} records")


def _prepared(found: Translation, adapter: Adapter, mapping: Mapping, now: datetime, path: object) -> Prepared:
    rows, rejected, findings = event_rows(found.raw, adapter, mapping, now, path)
    traits = traits_of(found.traits, rows, (*mapping.personal, *adapter.personal))
    links = dated(found.links, rows)
    return Prepared(rows, rejected, found.raw.read, adapter.name, found.raw.format, "", findings, links, traits)


def dated(links: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The links (__row, from_id, into_id, origin) of these rows as statements, with event, time and receipt."""
    times = rows.select(ROW, "event_id", at="occurred_at", received_at="received_at")
    return links.join(times, on=ROW, how="inner", maintain_order="left")


def event_rows(
    raw: Raw, adapter: Adapter, mapping: Mapping, now: datetime, path: object
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[Finding, ...]]:
    """The checked event rows of records already read, the rejects, and what was noticed."""
    laid = lay(mapping, raw, "events", path)
    said = (*mapping.personal, *adapter.personal)
    frame = _envelope(raw, laid)
    frame, findings = _with_source(frame, laid, adapter.source)
    kept = {name: typed(without_nulls(raw.frame[name]), raw.textual) for name in laid.kept}
    sealed = personal_columns(raw.frame, laid.kept, said)
    open_values = {name: column.values for name, column in kept.items() if name not in sealed}
    frame = frame.with_columns(_properties(frame, raw, laid, open_values))
    frame = frame.with_columns(as_text(raw.frame[name]).alias(PERSONAL + name) for name in sealed)
    for field in _with_objects(raw, laid):
        frame, found = without_personal(frame, field, said)
        sealed |= found
    frame = _with_named(frame)
    infinite = [column.infinite for column in kept.values() if column.infinite is not None]
    frame = frame.with_columns(_any(infinite, frame.height).alias("__infinite"))
    good, bad = checks.divide(frame, _gate(frame, now), raw)
    told = [name for name in laid.kept if name not in sealed] if adapter.translate is None else ["properties"]
    good = _with_identity(good, told, raw)
    findings += [_personal_finding(name, why) for name, why in sealed.items()]
    dropped = [name for name in good.columns if name.startswith("__") and name != ROW]
    return good.drop(dropped), pl.concat([raw.rejects, bad]), tuple(findings)


def _envelope(raw: Raw, laid: Resolved) -> pl.DataFrame:
    texts = [text_field(raw, laid, field) for field in TEXTS]
    occurred, occurred_text = time_field(raw, laid, "occurred_at")
    received, received_text = time_field(raw, laid, "received_at")
    version = text_field(raw, laid, "schema_version").cast(pl.Int16, strict=False).fill_null(1)
    frame = pl.DataFrame([raw.frame[ROW], *texts, occurred, occurred_text, received, received_text, version])
    fallback = pl.when(pl.col("__received_at").is_null()).then("occurred_at").otherwise("received_at")
    return frame.with_columns(received_at=fallback, lead_id=pl.coalesce("lead_id", "anonymous_id"))


def _with_named(frame: pl.DataFrame) -> pl.DataFrame:
    """The ids that a record corrects or retracts, from its context where no column gives them."""
    if not bool(frame["context"].str.contains(r'"(corrects|retracts)"').any()):
        return frame
    inside = [pl.col("context").str.json_path_match(f"$.{name}").alias(f"__{name}") for name in NAMED]
    given = frame.with_columns(inside)
    return given.with_columns(pl.coalesce(name, f"__{name}").alias(name) for name in NAMED)


def _with_source(frame: pl.DataFrame, laid: Resolved, default: str) -> tuple[pl.DataFrame, list[Finding]]:
    words = frame["source"].unique().drop_nulls().sort().to_list()
    meant = [SOURCE_WORDS.get(word.lower()) for word in words]
    unknown = [word for word, meaning in zip(words, meant, strict=True) if meaning is None]
    known = (
        pl.col("source").replace_strict(words, meant, default=None, return_dtype=pl.String) if words else pl.lit(None)
    )
    named = frame.with_columns(source=known.fill_null(default))
    if "source" in laid.columns and unknown:
        message = f"`source` has other values than {', '.join(SOURCES)}, such as `{unknown[0]}`; taken as {default}"
        return named, [Finding("unknown_source", "source", message, "Map `source`, or give {literal: ...}.")]
    if frame["source"].null_count() and not laid.literals.get("source"):
        message = f"The file does not say where its events come from; taken as {default}"
        return named, [Finding("default_source", None, message, "Add `source: {literal: web}` to the mapping.")]
    return named, []


def _properties(frame: pl.DataFrame, raw: Raw, laid: Resolved, kept: dict[str, pl.Series]) -> list[pl.Series]:
    members = {name.removeprefix("properties."): values for name, values in kept.items()}
    nested = frozenset(name.removeprefix("properties.") for name in raw.json_columns)
    objects = {}
    for field in ("properties", "context"):
        values = pick(raw, laid, field)
        if values is None or _are_objects(values):
            objects[field] = values
        else:
            members[laid.columns[field][0]] = values
    made = json_object(members, nested, frame.height)
    given = objects.get("properties")
    context = objects.get("context")
    return [
        (made if given is None else merged(given, made)).alias("properties"),
        pl.Series("context", [None] * frame.height, dtype=pl.String) if context is None else context.alias("context"),
    ]


def _with_objects(raw: Raw, laid: Resolved) -> list[str]:
    """The fields that hold objects of the file, in which personal members can stand at any depth."""
    fields = [field for field in ("properties", "context") if field in laid.columns]
    nested = "properties" not in fields and bool(set(laid.kept) & set(raw.json_columns))
    return ["properties", *fields] if nested else fields


def without_personal(frame: pl.DataFrame, field: str, said: Iterable[str]) -> tuple[pl.DataFrame, dict[str, str]]:
    """The frame with the field's personal members as columns of their own, and why each was taken."""
    inner = PersonalMembers.of(frame[field], said)
    if inner is None:
        return frame, {}
    prefix = "context." if field == "context" else ""
    taken = {prefix + name: column for name, column in inner.taken.items() if PERSONAL + prefix + name not in frame}
    columns = [column.alias(PERSONAL + name) for name, column in taken.items()]
    return frame.with_columns(inner.rest, *columns), dict.fromkeys(taken, f"inside `{field}`")


def _are_objects(values: pl.Series) -> bool:
    present = values.drop_nulls().head(1_000)
    return values.dtype == pl.String and float(present.str.contains(r"^\s*\{").mean() or 0) > 0.5  # type: ignore[arg-type]


def _any(flags: list[pl.Series], height: int) -> pl.Series:
    held = pl.repeat(False, height, eager=True)
    for flag in flags:
        held = held | flag
    return held


def _gate(frame: pl.DataFrame, now: datetime) -> list[Check]:
    return [
        checks.missing("lead_id"),
        checks.missing("type", "missing_type"),
        *(checks.too_long(name) for name in (*IDS, *NAMED)),
        Check("corrects_itself", _names_itself(), "the event names itself as the one that it corrects"),
        Check(
            "id_too_long", pl.col("type").str.len_chars() > checks.LONGEST_ID, "`type` is longer than 256 characters"
        ),
        checks.readable_time("occurred_at", "__occurred_at"),
        checks.missing("occurred_at", "missing_time"),
        checks.readable_time("received_at", "__received_at"),
        *(checks.possible_time(name) for name in ("occurred_at", "received_at")),
        *(checks.past_time(name, now) for name in ("occurred_at", "received_at")),
        checks.marked("__infinite", "not_finite", "a number is not finite"),
    ]


def _names_itself() -> pl.Expr:
    return pl.any_horizontal(pl.col(name) == pl.col("event_id") for name in NAMED)


def _with_identity(rows: pl.DataFrame, names: list[str], raw: Raw) -> pl.DataFrame:
    if not rows["event_id"].null_count():
        return rows
    texts = raw.frame.select(ROW, *(pl.col(name).cast(pl.String) for name in sorted(names)))
    parts = [pl.lit(f"\x1f{name}=") + pl.col(name) for name in sorted(names)]
    identity = pl.concat_str(parts, ignore_nulls=True) if parts else pl.lit("")
    return rows.join(texts.select(ROW, identity.alias("identity")), on=ROW, how="left", maintain_order="left")


def _personal_finding(column: str, why: str) -> Finding:
    return Finding(
        "personal_data",
        column,
        f"`{column}` holds personal data ({why}); it is stored sealed",
        "Leave it out if it is not needed.",
    )
