"""Refusals: each error composes its own message, with the value that was wrong and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Where:
    """A place in a document or data file; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class LeadbenchError(Exception):
    """A refusal that names the thing, the value and the remedy; codes: data/error_codes.yaml."""

    code: ClassVar[str] = "refused"

    def __init__(self, message: str, *, value: object = None, remedy: str = "", where: Where | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f" {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.args, self.__dict__)

    def to_json(self) -> dict[str, object]:
        """The refusal as the `error` object that every command prints with --json."""
        return {
            "code": self.code,
            "message": self.message,
            "value": None if self.value is None else str(self.value),
            "remedy": self.remedy,
            "where": asdict(self.where) if self.where else None,
        }


def _revive(kind: type[LeadbenchError], args: tuple[Any, ...], state: dict[str, Any]) -> LeadbenchError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def code_of(fault: BaseException) -> str:
    """What a log says of a fault: a refusal's code, else its type."""
    return fault.code if isinstance(fault, LeadbenchError) else type(fault).__name__


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name` in spelling, or None where nothing is close."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for an unknown name: the known one closest to it, else what to do instead."""
    close = nearest(name, known)
    return f"Did you mean `{close}`?" if close else otherwise


class StoreInUse(LeadbenchError):
    """Another process holds the store; a server where `url` is set."""

    code = "store_in_use"

    def __init__(self, directory: Path, pid: int, host: str, url: str | None, started_at: str) -> None:
        serving = f", serving {url}" if url else ""
        super().__init__(
            f"The store `{directory}` is in use by process {pid} on `{host}` since {started_at}{serving}.",
            value=pid,
            remedy="Stop that process, or use its pages; a store has one owner at a time.",
        )
        self.directory = directory
        self.url = url


class StoreTooNew(LeadbenchError):
    """The store was written by a newer leadbench."""

    code = "store_too_new"

    def __init__(self, directory: object, found: int, known: int) -> None:
        super().__init__(
            f"The store `{directory}` has schema version {found}; this leadbench knows versions up to {known}.",
            value=found,
            remedy="Open it with the leadbench that wrote it, or a newer one.",
        )


class StoreBehind(LeadbenchError):
    """The database has lost entries that were acknowledged."""

    code = "store_behind"

    def __init__(self, directory: object, seq: int, found: int) -> None:
        super().__init__(
            f"The store `{directory}` ends at ledger entry {found}, but entry {seq} was acknowledged.",
            value=found,
            remedy="Restore store.duckdb together with its .wal file from a backup; do not write to this copy.",
        )


class StoreUnreadable(LeadbenchError):
    """The database file cannot be opened."""

    code = "store_unreadable"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"`{path}` cannot be opened as a leadbench store: {reason}",
            value=path,
            remedy="Check the path, or restore the store from a backup.",
        )


class StoreMissing(LeadbenchError):
    """No store where one was expected."""

    code = "no_store"

    def __init__(self, directory: object) -> None:
        super().__init__(
            f"There is no store at `{directory}`.",
            value=directory,
            remedy="Create one with `leadbench demo`, `import` or `run`, or name another with --store.",
        )


class NoSpace(LeadbenchError):
    """The disk is full, so nothing was written."""

    code = "no_space"

    def __init__(self, directory: object, reason: str) -> None:
        super().__init__(
            f"The disk under `{directory}` took no more data: {reason}",
            value=directory,
            remedy="Free some space and try again; the store is as it was before this step.",
        )


class KeyMissing(LeadbenchError):
    """The key file that seals personal fields is not there."""

    code = "key_missing"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"The key file `{path}` is missing, so personal fields of this store cannot be read.",
            value=path,
            remedy="Put the key file back from its backup; it is kept outside the database on purpose.",
        )


class PlanOutdated(LeadbenchError):
    """Something that a plan read has changed since."""

    code = "plan_outdated"

    def __init__(self, streams: Iterable[str]) -> None:
        names = ", ".join(streams)
        super().__init__(
            f"The store moved since this plan was made (streams: {names}).",
            value=names,
            remedy="Look at the plan again and apply the new one.",
        )


class UnreadableSql(LeadbenchError):
    """A query that the database refused."""

    code = "query_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The query was refused: {reason}", remedy="Correct the statement; the store is unchanged.")


class QueryCancelled(LeadbenchError):
    """A query that was stopped while it ran."""

    code = "query_cancelled"

    def __init__(self) -> None:
        super().__init__("The query was cancelled.", remedy="Nothing was changed; run it again at will.")


class ReasonMissing(LeadbenchError):
    """A step that needs a reason, without one."""

    code = "reason_missing"

    def __init__(self, step: str) -> None:
        super().__init__(
            f"To {step}, say why.",
            value=step,
            remedy="Write a few words as reason or comment (`--reason`, `--comment`); they are recorded.",
        )
