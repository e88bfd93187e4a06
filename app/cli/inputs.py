"""Files that a command was told to read."""

from pathlib import Path
from typing import Any

from core.kernel.errors import LeadbenchError
from core.kernel.strict_yaml import load, read_text


class FileMissing(LeadbenchError):
    """A file that a command needs is not there."""

    code = "file_missing"

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(f"There is no {what} at `{path}`.", value=path, remedy="Check the path.")


def require_file(path: Path, what: str) -> None:
    """Refuse a path at which no file is; raises FileMissing."""
    if not path.is_file():
        raise FileMissing(what, path)


def text_in(path: Path, what: str) -> str:
    """The text of the file; raises FileMissing."""
    require_file(path, what)
    return read_text(path)


def object_in(path: Path, what: str) -> dict[str, Any]:
    """The object of a YAML or JSON file, empty where it holds something else; raises FileMissing."""
    document, _ = load(text_in(path, what), file=str(path))
    return document if isinstance(document, dict) else {}
