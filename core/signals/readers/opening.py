"""Opening a file: its format, its compression, its encoding, and a bound on what it unpacks to."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.signals.errors import FileEmpty, FileMissing, FileTooLarge, FileUnreadable, UnknownFormat, WrongEncoding
from core.signals.raw import ADAPTERS, FORMATS

GZIP_MAGIC = b"\x1f\x8b"
SAMPLE = 262_144
RATIO_LIMIT = 200
RATIO_FROM = 64 * 2**20
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xes": "xes",
    ".xml": "xes",
}
REMEDY = "Check the path and its permissions."
UTF16 = {b"\xff\xfe": "UTF-16 (little endian)", b"\xfe\xff": "UTF-16 (big endian)"}


def require_file(path: Path) -> None:
    """Refuse a path that names no file, one that cannot be read, or an empty one."""
    try:
        if not path.is_file():
            raise FileMissing(path)
        if not path.open("rb").read(1):
            raise FileEmpty(path)
    except OSError as error:
        raise FileUnreadable(path, f"`{path}` cannot be read: {error.strerror or error}", REMEDY) from error


def detect_format(path: Path, given: str | None) -> str:
    """`csv`, `jsonl`, `parquet` or `xes`: as given, else by the ending; raises UnknownFormat.

    An adapter's name, such as `segment`, says nothing about the file, so its ending counts.
    """
    if given is not None and given not in ADAPTERS:
        if given not in FORMATS:
            raise UnknownFormat(path, given)
        return given
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in ENDINGS:
        raise UnknownFormat(path)
    return ENDINGS[suffixes[-1]]


class Bounded(io.RawIOBase):
    """A readable stream that refuses to give more than `limit` bytes or to unpack beyond a believable ratio.

    `given` counts its bytes so far, `quotes` the double quotes among them.
    """

    def __init__(self, inner: Any, path: Path, limit: int, packed: bool) -> None:
        super().__init__()
        self.inner, self.path, self.limit, self.packed = inner, path, limit, packed
        self.size, self.given, self.quotes = path.stat().st_size, 0, 0

    def readable(self) -> bool:
        """Always: it is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises FileTooLarge, or FileUnreadable for broken gzip."""
        try:
            count = self.inner.readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileUnreadable(
                self.path, f"`{self.path}` is broken gzip: {error}", "Copy or download it again; it is cut or damaged."
            ) from error
        self.given += count
        self.quotes += bytes(buffer[:count]).count(b'"')
        self._check()
        return count

    def _check(self) -> None:
        if self.given > self.limit:
            raise FileTooLarge(self.path, f"unpacks to more than {self.limit:,} bytes")
        if self.packed and self.given > max(RATIO_FROM, RATIO_LIMIT * self.size):
            raise FileTooLarge(self.path, f"unpacks to more than {RATIO_LIMIT} times its size")


@contextmanager
def open_bounded(path: Path, limit: int) -> "Iterator[io.BufferedReader[Any]]":
    """The file's bytes, unpacked where it is gzip, whatever its ending."""
    with path.open("rb") as probe:
        packed = probe.read(2) == GZIP_MAGIC
    if not packed and path.suffix.lower() == ".gz":
        raise FileUnreadable(path, f"`{path}` ends in .gz but is not gzip", "Rename it, or compress it with gzip.")
    with (
        (gzip.open if packed else open)(path, "rb") as inner,
        io.BufferedReader(Bounded(inner, path, limit, packed), SAMPLE) as stream,
    ):
        yield stream


def sample_text(stream: io.BufferedReader, path: Path) -> str:
    """The first characters of a text file, its byte order mark left out; raises FileEmpty or WrongEncoding."""
    head = stream.peek(SAMPLE)[:SAMPLE]
    if head[:2] in UTF16:
        raise WrongEncoding(path, UTF16[head[:2]])
    if b"\x00" in head[:4096]:
        raise WrongEncoding(path, "UTF-16 or binary data (it has zero bytes)")
    text = _decoded(head, path)
    if not text.strip():
        raise FileEmpty(path)
    return text


def _decoded(head: bytes, path: Path) -> str:
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) >= SAMPLE and error.start >= len(head) - 4:
            return head[: error.start].decode("utf-8-sig")
        line = head[: error.start].count(b"\n") + 1
        raise WrongEncoding(path, f"something else (byte 0x{head[error.start]:02x})", line) from error
