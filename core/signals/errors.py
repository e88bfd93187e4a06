"""Refusals of the signals room."""

from collections.abc import Iterable, Sequence

from core.kernel.errors import LeadbenchError, Where, nearest
from core.signals.raw import ADAPTERS


def _listed(names: Iterable[str], limit: int = 12) -> str:
    shown = list(names)
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(f"`{name}`" for name in shown[:limit]) + more


class FileMissing(LeadbenchError):
    """No file at the path given."""

    code = "file_missing"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"There is no file at `{path}`.",
            value=path,
            remedy="Check the path; in a recipe it is relative to the recipe.",
        )


class FileEmpty(LeadbenchError):
    """A file without any record."""

    code = "file_empty"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"`{path}` holds no records.", value=path, remedy="Export it again with at least a header and one row."
        )


class UnknownFormat(LeadbenchError):
    """A file whose format is not one of those that can be read."""

    code = "unknown_format"

    def __init__(self, path: object, given: str | None = None) -> None:
        super().__init__(
            f"The format of `{path}` is not known" + (f": `{given}`." if given else "."),
            value=given or path,
            remedy="Use csv, jsonl, parquet or xes (each also .gz), by ending or with `format:`, or an adapter's name: "
            f"{_listed(ADAPTERS)}.",
        )


class FileUnreadable(LeadbenchError):
    """A file whose bytes are not what its format asks for."""

    code = "file_unreadable"

    def __init__(self, path: object, reason: str, remedy: str, line: int | None = None) -> None:
        super().__init__(f"{reason}.", value=path, remedy=remedy, where=Where(str(path), line))


class WrongEncoding(LeadbenchError):
    """Text that is not UTF-8."""

    code = "wrong_encoding"

    def __init__(self, path: object, found: str, line: int | None = None) -> None:
        super().__init__(
            f"`{path}` is not UTF-8 text but {found}.",
            value=found,
            remedy="Convert it, for example with `iconv -f ENCODING -t UTF-8`, or export it as UTF-8.",
            where=Where(str(path), line),
        )


class FileTooLarge(LeadbenchError):
    """A file that unpacks to more than can be what it claims."""

    code = "file_too_large"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"`{path}` {reason}.", value=path, remedy="Split it, or check that it is what it claims to be."
        )


class UnsafeXml(LeadbenchError):
    """XML that declares entities or refers to the outside."""

    code = "unsafe_xml"

    def __init__(self, path: object, what: str) -> None:
        super().__init__(
            f"`{path}` declares {what}, which an event log never needs.",
            value=what,
            remedy="Export the log without a document type; entity declarations are never read.",
        )


class UnmappedField(LeadbenchError):
    """A required field that no column delivers."""

    code = "unmapped_field"

    def __init__(self, field: str, kind: str, columns: Sequence[str], path: object, near: Sequence[str] = ()) -> None:
        hint = f" Nearest: {_listed(near)}." if near else ""
        alone = " The file has a single column: is its delimiter one of , ; tab |?" if len(columns) == 1 else ""
        super().__init__(
            f"No column of `{path}` gives `{field}`, which {kind} need; its columns are "
            f"{_listed(columns)}.{hint}{alone}",
            value=field,
            remedy=f"Name it in the mapping, such as `{field}: {near[0] if near else 'COLUMN'}`, "
            f"or give a constant, such as `{field}: {{literal: VALUE}}`.",
        )


class UnknownColumn(LeadbenchError):
    """A mapping that names a column that the file does not have."""

    code = "unknown_column"

    def __init__(self, column: str, where: str, columns: Sequence[str], path: object) -> None:
        near = nearest(column, columns)
        guess = f" Did you mean `{near}`?" if near else ""
        super().__init__(
            f"`{where}` names the column `{column}`, which `{path}` does not have.{guess}",
            value=column,
            remedy=f"Its columns are {_listed(columns)}.",
        )


class UnknownMappingField(LeadbenchError):
    """A mapping for a field that this kind of record does not have."""

    code = "unknown_key"

    def __init__(self, field: str, known: Sequence[str]) -> None:
        near = nearest(field, known)
        guess = f" Did you mean `{near}`?" if near else ""
        super().__init__(
            f"A mapping knows no field `{field}`.{guess}", value=field, remedy=f"Known: {_listed(known, 24)}."
        )


class MappingInvalid(LeadbenchError):
    """A mapping whose value has the wrong shape."""

    code = "invalid_mapping"

    def __init__(self, field: str, value: object, wanted: str) -> None:
        super().__init__(f"The mapping's `{field}` is `{value}`.", value=value, remedy=f"It must be {wanted}.")


class NothingAccepted(LeadbenchError):
    """A file of which no record could be accepted."""

    code = "nothing_accepted"

    def __init__(self, path: object, read: int, reasons: str, row_no: int, detail: str) -> None:
        super().__init__(
            f"None of the {read:,} records of `{path}` can be accepted ({reasons}); record {row_no}: {detail}.",
            value=reasons,
            remedy="Check the mapping with `leadbench inspect`; the store is unchanged.",
        )


class TooManyTypes(LeadbenchError):
    """A type column that holds free text."""

    code = "too_many_types"

    def __init__(self, found: int, most: int, example: str) -> None:
        super().__init__(
            f"The events have {found:,} different types, such as `{example}`; a log has at most {most:,}.",
            value=found,
            remedy="Map `type` to the column that names the kind of event, not to one with free text.",
        )


class UnknownQuarantine(LeadbenchError):
    """A quarantine id that is not waiting."""

    code = "unknown_quarantine"

    def __init__(self, quarantine_id: str) -> None:
        super().__init__(
            f"No waiting quarantine row has the id `{quarantine_id}`.",
            value=quarantine_id,
            remedy="List them with `leadbench quarantine list`.",
        )


class UnknownLead(LeadbenchError):
    """An id that no event, file or statement has brought."""

    code = "unknown_lead"

    def __init__(self, lead_id: str) -> None:
        super().__init__(
            f"There is no lead `{lead_id}`.",
            value=lead_id,
            remedy="Check the id; `leadbench identity list` shows some.",
        )


class NotMerged(LeadbenchError):
    """An unmerge of an id that stands for itself."""

    code = "not_merged"

    def __init__(self, lead_id: str) -> None:
        super().__init__(
            f"`{lead_id}` belongs to no other lead.",
            value=lead_id,
            remedy="Name the id that was merged, as `leadbench identity show` lists it, not the lead that remains.",
        )


class AmbiguousFormat(LeadbenchError):
    """A file that could come from several sources."""

    code = "ambiguous_format"

    def __init__(self, path: object, names: Sequence[str]) -> None:
        super().__init__(
            f"`{path}` could come from any of {_listed(names)}.",
            value=", ".join(names),
            remedy=f"Say which, such as `--format {names[0]}`, or `--format generic` for plain columns.",
        )


class WrongKind(LeadbenchError):
    """A file whose source gives another kind of records than the one asked for."""

    code = "wrong_kind"

    def __init__(self, adapter: str, kind: str, path: object) -> None:
        super().__init__(
            f"`{path}` holds {adapter} events, not {kind}.",
            value=kind,
            remedy="Use `import events`: attributes that the events carry come in with them.",
        )


class AdapterMaps(LeadbenchError):
    """A mapping of columns for a format whose adapter maps its records itself."""

    code = "adapter_maps"

    def __init__(self, adapter: str, path: object) -> None:
        super().__init__(
            f"The mapping for `{path}` names columns, but `{adapter}` maps its records itself.",
            value=adapter,
            remedy="Leave the columns out (literals may stay), or use `--format generic` with the mapping.",
        )


class ContractInvalid(LeadbenchError):
    """A data contract whose bound is none."""

    code = "invalid_contract"

    def __init__(self, name: str, value: object, wanted: str) -> None:
        super().__init__(
            f"`{name}: {value}` is no bound of a data contract.", value=value, remedy=f"Give {name} as {wanted}."
        )


class UnknownSource(LeadbenchError):
    """A source of which no event has come."""

    code = "unknown_source"

    def __init__(self, source: str, known: Iterable[str]) -> None:
        super().__init__(
            f"No event of a source `{source}` has come.",
            value=source,
            remedy=f"Sources are {_listed(known) or 'none'}.",
        )


class BreakerClosed(LeadbenchError):
    """Closing the breaker of a source whose breaker is not open."""

    code = "breaker_closed"

    def __init__(self, source: str) -> None:
        super().__init__(
            f"The breaker of `{source}` is not open.",
            value=source,
            remedy="Nothing waits; see `leadbench sources list`.",
        )
