"""What stands out in a file: quality, times, keys and personal data."""

from collections.abc import Iterator

import polars as pl

from core.kernel.times import naive
from core.signals.checks import EARLIEST, TOLERANCE, Finding, plural
from core.signals.findings_leaks import leak_findings
from core.signals.findings_senders import sender_findings
from core.signals.inspect import Looked
from core.signals.lead_rows import placeholder_finding
from core.signals.raw import ROW
from core.signals.typed_text import NUMBER

SENTINELS = (99, 999, 9999, 99999, -99, -999, -9999)
MIXED = (0.5, 1.0)
TOKENS = r"(?i)[?&](email|e_mail|recipient|_hsenc|_hsmi|mc_eid|mkt_tok|vero_id|contact_?id|token|uid)="


def all_findings(looked: Looked) -> list[Finding]:
    """Every finding about the file, most basic first."""
    return [
        *_sources(looked),
        *_unread(looked),
        *_keys(looked),
        *_placeholders(looked),
        *_constants(looked),
        *_mixed(looked),
        *_times(looked),
        *_personal(looked),
        *sender_findings(looked),
        *leak_findings(looked),
    ]


def _sources(looked: Looked) -> Iterator[Finding]:
    if looked.adapter is None:
        names = ", ".join(adapter.name for adapter in looked.adapters)
        message = f"The records could come from any of {names}"
        yield Finding("ambiguous_format", None, message, "Say which with `--format`, or `format:` in a recipe.")


def _unread(looked: Looked) -> Iterator[Finding]:
    for code, count in looked.raw.rejects.group_by("code").len().sort("code").iter_rows():
        first = looked.raw.rejects.filter(pl.col("code") == code).row(0, named=True)
        message = (
            f"{plural(count, 'record')} could not be read ({code}), first record {first['row_no']}: {first['detail']}"
        )
        yield Finding("unparsed_rows", None, message, "They go to quarantine; correct them at the source.")
    for name, count in looked.infinite.items():
        message = f"`{name}` has {plural(count, 'number')} that are not finite"
        yield Finding("mixed_types", name, message, "Such records go to quarantine; write an empty field instead.")


def _keys(looked: Looked) -> Iterator[Finding]:
    records = looked.adapter is None or looked.adapter.translate
    required = () if records else ("lead_id", "type", "occurred_at") if looked.kind == "events" else ("lead_id",)
    for field in required:
        column = looked.column(field)
        if column is not None and column.null_count():
            message = f"`{column.name}` is missing in {plural(column.null_count(), 'record')}, but it gives `{field}`"
            yield Finding("missing_key", column.name, message, "Such records go to quarantine.")
    yield from _repeated(looked)


def _repeated(looked: Looked) -> Iterator[Finding]:
    if looked.kind == "events":
        ids = looked.column("event_id")
        whole = looked.raw.frame.drop(ROW)
        repeated = (
            whole.height - whole.n_unique() if ids is None else ids.drop_nulls().len() - ids.drop_nulls().n_unique()
        )
        if repeated:
            what = f"repeat an earlier `{ids.name}`" if ids is not None else "repeat an earlier record in every field"
            remedy = "Equal ids count once; equal records without an id are kept, numbered."
            yield Finding("duplicate_event", None if ids is None else ids.name, f"{repeated:,} records {what}", remedy)
        return
    ids = looked.column("lead_id")
    if ids is not None and (repeated := ids.drop_nulls().len() - ids.drop_nulls().n_unique()):
        message = f"{plural(repeated, 'record')} of `{ids.name}` repeat an earlier id"
        yield Finding(
            "duplicate_key", ids.name, message, "The first counts; others with different values go to quarantine."
        )


def _placeholders(looked: Looked) -> Iterator[Finding]:
    for name, met in looked.held.items():
        yield placeholder_finding(name, met)
    for name, values in looked.values.items():
        if values.dtype.is_numeric() and (found := _sentinel(values)) is not None:
            message = f"`{name}` has the value {found}, far from all others, in several records: it may mean missing"
            yield Finding("placeholder_missing", name, message, f"Add `placeholders: ['{found}']` if it means missing.")


def _sentinel(values: pl.Series) -> int | None:
    present = values.drop_nulls()
    for number in SENTINELS:
        share = float((present == number).mean() or 0)  # type: ignore[arg-type]
        rest = present.filter(present != number)
        if share >= 0.01 and len(rest) and float(rest.abs().max() or 0) * 3 < abs(number):  # type: ignore[arg-type]
            return number
    return None


def _constants(looked: Looked) -> Iterator[Finding]:
    for name, values in looked.values.items():
        distinct = values.drop_nulls().n_unique()
        if distinct == 0:
            yield Finding("constant", name, f"`{name}` is always missing", "Leave it out.")
        elif distinct == 1 and values.null_count() == 0 and len(values) > 1:
            yield Finding(
                "constant", name, f"`{name}` has the same value in every record", "It can tell nothing; leave it out."
            )


def _mixed(looked: Looked) -> Iterator[Finding]:
    for name, values in looked.values.items():
        if name in looked.raw.json_columns or values.dtype != pl.String or name in looked.times:
            continue
        present = values.drop_nulls()
        numbers = float(present.str.contains(NUMBER).mean() or 0)  # type: ignore[arg-type]
        if MIXED[0] <= numbers < MIXED[1]:
            odd = present.filter(~present.str.contains(NUMBER))[0]
            shown = "text" if name in looked.personal else f"`{odd}`"
            message = f"`{name}` is a number in {numbers:.1%} of its values, else text such as {shown}"
            yield Finding("mixed_types", name, message, "It is read as text; correct the odd values if it is a number.")


def _times(looked: Looked) -> Iterator[Finding]:
    late = naive(looked.now) + TOLERANCE
    for name, times in looked.times.items():
        unread = looked.unread_times.get(name, 0)
        early = int((times < EARLIEST).sum() or 0)
        if unread + early:
            message = f"`{name}` has {plural(unread + early, 'value')} that cannot be its time"
            yield Finding("impossible_time", name, message, "Such records go to quarantine where the time is needed.")
        if future := int((times > late).sum() or 0):
            message = f"`{name}` is in the future in {plural(future, 'record')}"
            yield Finding("future_time", name, message, "Such records go to quarantine where the time is needed.")
    yield from _order(looked)


def _order(looked: Looked) -> Iterator[Finding]:
    first = looked.fields.get("occurred_at" if looked.kind == "events" else "created_at")
    if first not in looked.times:
        return
    for name, times in looked.times.items():
        later = looked.kind == "leads" or name == looked.fields.get("received_at")
        before = int((times < looked.times[first]).sum() or 0) if name != first and later else 0
        if before and before < 0.5 * len(times):
            message = f"`{name}` lies before `{first}` in {plural(before, 'record')}"
            yield Finding("impossible_time", name, message, "Check which of the two is right.")


def _personal(looked: Looked) -> Iterator[Finding]:
    for name, why in looked.personal.items():
        message = f"`{name}` holds personal data ({why})"
        yield Finding(
            "personal_data", name, message, "It is stored sealed and never a feature; leave it out if not needed."
        )
    for name, values in looked.values.items():
        if name in looked.personal or values.dtype != pl.String:
            continue
        found = int(values.head(10_000).str.contains(TOKENS).sum() or 0)
        if found:
            message = f"`{name}` has addresses with a recipient's token in {plural(found, 'record')}"
            yield Finding("personal_data", name, message, f"Declare `personal: [{name}]`, or leave it out.")
