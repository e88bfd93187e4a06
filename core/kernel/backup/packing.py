"""A backup as one file: a tar archive in zstd or gzip, its manifest first."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.kernel.backup.errors import BackupDamaged
from core.kernel.backup.manifest import NAME, Manifest, read

COMPRESSIONS = {".zst": "zstd", ".gz": "gzip"}
MANIFEST_BYTES = 16 * 2**20


def pack(folder: Path, manifest: Manifest, packed: Path) -> None:
    """Write the folder's manifest and files into a new archive that only its owner can read."""
    import pyarrow as pa

    os.close(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        pa.CompressedOutputStream(str(packed), COMPRESSIONS[packed.suffix]) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        for path in (NAME, *(one.path for one in manifest.files)):
            archive.add(folder / path, arcname=path)


def unpack(packed: Path, folder: Path) -> Manifest:
    """Extract the files that the archive's manifest lists, no more; raises BackupDamaged."""
    with _opened(packed) as archive:
        members = ((member.name, member.size, archive.extractfile(member)) for member in archive)
        name, size, stream = next(members, ("", 0, None))
        if name != NAME or stream is None or size > MANIFEST_BYTES:
            raise BackupDamaged(packed, [f"it does not begin with {NAME}"])
        manifest = read(stream.read().decode("utf-8", errors="replace"), packed)
        sizes = {one.path: one.bytes for one in manifest.files}
        for name, size, stream in members:
            if stream is None or sizes.pop(name, None) != size:
                raise BackupDamaged(packed, [f"`{name}` is not as the manifest lists it"])
            _write(stream, folder / name)
    return manifest


def _write(stream: IO[bytes], path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        shutil.copyfileobj(stream, target)


@contextmanager
def _opened(packed: Path) -> Iterator[tarfile.TarFile]:
    """The archive for reading once from front to end; what its bytes do not allow is BackupDamaged."""
    import pyarrow as pa

    if packed.suffix not in COMPRESSIONS:
        raise BackupDamaged(packed, ["it is neither a folder nor a .tar.zst or .tar.gz file"])
    try:
        with (
            pa.CompressedInputStream(str(packed), COMPRESSIONS[packed.suffix]) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            yield archive
    except (tarfile.TarError, pa.ArrowException, EOFError) as error:
        raise BackupDamaged(packed, [f"it cannot be unpacked ({str(error).splitlines()[0]})"]) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise BackupDamaged(packed, [f"it cannot be unpacked ({str(error).splitlines()[0]})"]) from error
