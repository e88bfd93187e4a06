"""What commands on features take from files: a feature set, a spine."""

from pathlib import Path

import polars as pl

from core.features import parser
from core.features.document import FeatureSet
from core.features.schema import event_schema
from core.kernel.errors import LeadbenchError
from core.kernel.strict_yaml import read_text
from core.workbench import Workbench


class FileMissing(LeadbenchError):
    """A file that a command needs is not there."""

    code = "file_missing"

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(f"There is no {what} at `{path}`.", value=path, remedy="Check the path.")


class SpineUnreadable(LeadbenchError):
    """A spine file that is no Parquet file."""

    code = "invalid_spine"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"`{path}` cannot be read as Parquet: {reason}",
            value=path,
            remedy="Give a Parquet file with lead_id (text), as_of (time) and, if wanted, known_at (time).",
        )


def feature_set_in(path: Path, bench: Workbench) -> FeatureSet:
    """The set of a YAML file, its fields checked against the store's events; raises FileMissing, FeatureSetInvalid."""
    if not path.is_file():
        raise FileMissing("feature set", path)
    return parser.read(read_text(path), str(path), event_schema(bench.db))


def named_set(text: str, bench: Workbench) -> FeatureSet:
    """The set of a file, or the registered one of a hash (first 12 digits at least); raises FeatureSetUnknown."""
    path = Path(text)
    is_path = path.suffix in (".yaml", ".yml") or path.is_file()
    return feature_set_in(path, bench) if is_path else bench.rooms.features.get(text)


def spine_in(path: Path) -> pl.DataFrame:
    """The rows of a Parquet file; raises FileMissing and SpineUnreadable."""
    if not path.is_file():
        raise FileMissing("spine", path)
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SpineUnreadable(path, str(error).splitlines()[0]) from error
