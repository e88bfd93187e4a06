"""Files that a command was told to write: refused before the work where they cannot be, written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from core.kernel.errors import LeadbenchError


class OutputUnwritable(LeadbenchError):
    """A file that cannot be written where the command was told to."""

    code = "output_unwritable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"`{path}` cannot be written: {why}.", value=path, remedy="Name a file in a folder that is there."
        )


class PathUnusable(LeadbenchError):
    """A path that was typed and that the system refuses to open, read or make."""

    code = "path_unusable"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"`{path}` cannot be used: {why}.", value=path, remedy="Check the path and its permissions.")


def require_places(*paths: Path | None) -> None:
    """Refuse, before the work, files that could not be written after it; raises OutputUnwritable."""
    for path in paths:
        if path is not None and path.is_dir():
            raise OutputUnwritable(path, "it is a folder")
        if path is not None and not path.parent.is_dir():
            raise OutputUnwritable(path, "its folder is not there")
        if path is not None and not _is_device(path):
            with _part(path):
                pass


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose bytes become the file at the end, or nothing does; raises OutputUnwritable."""
    if _is_device(path):
        with path.open("wb") as stream:
            yield stream
        return
    with _part(path) as part:
        with part.open("wb") as stream:
            yield stream
        part.replace(path.resolve())


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """An empty file beside the file that is asked for, gone at the end; raises OutputUnwritable."""
    target = path.resolve()
    part = target.with_name(f".{target.name}.part")
    try:
        part.touch()
        yield part
    except OSError as error:
        raise OutputUnwritable(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _is_device(path: Path) -> bool:
    """Whether it is there and no regular file, as /dev/stdout."""
    return path.exists() and not path.is_file()


def written(path: Path | None, data: bytes) -> None:
    """Write a file that was asked for; raises OutputUnwritable."""
    if path is not None:
        with writing(path) as stream:
            stream.write(data)


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """What is done inside writes a folder; raises OutputUnwritable where the system does not let it."""
    try:
        yield
    except OSError as error:
        raise OutputUnwritable(folder, error.strerror or str(error)) from error


def refusal_of(error: OSError, arguments: list[str], folder: Path) -> PathUnusable | None:
    """The refusal where the error is about a path that was typed, or about what lies in it; None where it is not."""
    if not isinstance(error.filename, str):
        return None
    place = folder / error.filename
    typed = {folder / one.rpartition("=")[2] for one in arguments} - {folder}
    if typed.isdisjoint((place, *place.parents)):
        return None
    return PathUnusable(error.filename, error.strerror or str(error))
