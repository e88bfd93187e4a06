"""What commands on features take from files: a feature set, a spine."""

from pathlib import Path

import polars as pl

from app.cli.inputs import require_file, text_in
from core.features import parser
from core.features.document import FeatureSet
from core.features.schema import event_schema
from core.kernel.errors import LeadbenchError
from core.workbench import Workbench


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
    return parser.read(text_in(path, "feature set"), str(path), event_schema(bench.db))


def named_set(text: str, bench: Workbench) -> FeatureSet:
    """The set of a file, or the registered one of a hash (first 12 digits at least); raises FeatureSetUnknown."""
    path = Path(text)
    is_path = path.suffix in (".yaml", ".yml") or path.is_file()
    return feature_set_in(path, bench) if is_path else bench.rooms.features.get(text)


def spine_in(path: Path) -> pl.DataFrame:
    """The rows of a Parquet file; raises FileMissing and SpineUnreadable."""
    require_file(path, "spine")
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SpineUnreadable(path, str(error).splitlines()[0]) from error
