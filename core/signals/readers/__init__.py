"""Readers of files, one module a format; they run in a worker with limits, never in the owner of the store."""

from pathlib import Path

from core.signals.raw import Raw, ReadOptions
from core.signals.readers import csv_file, jsonl_file, parquet_file, xes_file
from core.signals.readers.opening import detect_format, require_file

_READERS = {
    "csv": csv_file.read,
    "jsonl": jsonl_file.read,
    "parquet": parquet_file.read,
    "xes": xes_file.read,
}


def read(path: Path, options: ReadOptions) -> Raw:
    """The records of the file.

    Raises FileMissing, FileEmpty, UnknownFormat, FileUnreadable, WrongEncoding, FileTooLarge or UnsafeXml.
    """
    require_file(path)
    return _READERS[detect_format(path, options.format)](path, options)
